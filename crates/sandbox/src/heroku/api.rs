//! The Platform API, version 3, on the wire: as strict about headers and bodies as the real one.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, Response, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Json};
use axum::routing::get;
use otter::clock::Clock as _;
use serde_json::{Value, json};

use super::{Heroku, Unscalable};
use crate::http::{Envelope, Refusal};

/// What a client must accept to be understood ("Clients").
const VERSION: &str = "application/vnd.heroku+json; version=3";
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");

type Answer = Result<Response<Body>, Refusal>;

impl Heroku {
    /// The routes of the API.
    pub(crate) fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/apps/{app}/formation", get(formations))
            .route("/apps/{app}/formation/{process}", get(formation).patch(update))
            .route("/apps/{app}/dynos", get(dynos))
            .fallback(async || refuse(StatusCode::NOT_FOUND, "The requested API endpoint was not found."))
            .layer(from_fn_with_state(Arc::clone(self), admit))
            .with_state(Arc::clone(self))
    }

    fn objection(&self, headers: &HeaderMap) -> Option<Refusal> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if text(ACCEPT) != VERSION {
            return Some(refuse(StatusCode::BAD_REQUEST, "Ask for version 3 in the Accept header."));
        }
        (text(AUTHORIZATION) != format!("Bearer {}", self.plan.key))
            .then(|| refuse(StatusCode::UNAUTHORIZED, "Invalid credentials provided."))
    }

    fn known(&self, app: &str) -> Result<(), Refusal> {
        (app == self.plan.app)
            .then_some(())
            .ok_or_else(|| refuse(StatusCode::NOT_FOUND, "Couldn't find that app."))
    }

    fn formation(&self, name: &str) -> Result<Value, Refusal> {
        let inner = self.inner();
        let missing = || refuse(StatusCode::NOT_FOUND, format!("Couldn't find that process type ({name})."));
        let process = inner.processes.get(name).ok_or_else(missing)?;
        Ok(json!({
            "app": { "id": "01234567-89ab-cdef-0123-456789abcdef", "name": self.plan.app },
            "command": "serve the sandbox's page",
            "created_at": "2026-01-01T12:00:00Z",
            "id": "76543210-89ab-cdef-0123-456789abcdef",
            "quantity": process.dynos.len(),
            "size": process.size,
            "type": name,
            "updated_at": "2026-01-01T12:00:00Z",
        }))
    }

    fn dynos(&self) -> Value {
        let (now, inner) = (self.clock.now(), self.inner());
        let of = |name: &String, process: &super::Process| {
            let dyno = |(number, dyno): (usize, &super::Dyno)| {
                json!({
                    "name": format!("{name}.{}", number + 1),
                    "type": name,
                    "size": process.size,
                    "state": dyno.state(now),
                })
            };
            process.dynos.iter().enumerate().map(dyno).collect::<Vec<_>>()
        };
        inner.processes.iter().flat_map(|(name, process)| of(name, process)).collect()
    }
}

/// Who may ask at all, and how often.
async fn admit(State(heroku): State<Arc<Heroku>>, request: Request, next: Next) -> Response<Body> {
    if let Some(refusal) = heroku.objection(request.headers()) {
        return refusal.into_response();
    }
    let (mut response, left) = match heroku.take_request() {
        Ok(left) => (next.run(request).await, left),
        Err(seconds) => {
            let refusal = refuse(StatusCode::TOO_MANY_REQUESTS, "Your account reached the API rate limit.");
            let mut response = refusal.into_response();
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            (response, 0)
        }
    };
    response.headers_mut().insert(REMAINING, HeaderValue::from(left));
    response
}

async fn formations(State(heroku): State<Arc<Heroku>>, Path(app): Path<String>) -> Answer {
    heroku.known(&app)?;
    let names: Vec<String> = heroku.inner().processes.keys().cloned().collect();
    let all: Result<Vec<Value>, Refusal> = names.iter().map(|name| heroku.formation(name)).collect();
    Ok(Json(all?).into_response())
}

async fn formation(
    State(heroku): State<Arc<Heroku>>,
    Path((app, process)): Path<(String, String)>,
) -> Answer {
    heroku.known(&app)?;
    Ok(Json(heroku.formation(&process)?).into_response())
}

async fn dynos(State(heroku): State<Arc<Heroku>>, Path(app): Path<String>) -> Answer {
    heroku.known(&app)?;
    Ok(Json(heroku.dynos()).into_response())
}

async fn update(
    State(heroku): State<Arc<Heroku>>,
    Path((app, process)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    heroku.known(&app)?;
    let quantity = quantity(&headers, &body)?;
    heroku.scale(&process, quantity).map_err(|why| match why {
        Unscalable::NoSuchProcess => {
            refuse(StatusCode::NOT_FOUND, format!("Couldn't find that process type ({process})."))
        }
        Unscalable::Single(size) => refuse(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("Cannot update to more than 1 {size} size dynos per process type."),
        ),
    })?;
    Ok(Json(heroku.formation(&process)?).into_response())
}

/// The quantity in an update's body, which holds nothing else.
fn quantity(headers: &HeaderMap, body: &[u8]) -> Result<u32, Refusal> {
    let is_json =
        headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let asked: Option<Value> = serde_json::from_slice(body).ok().filter(|_| is_json);
    let asked = asked.ok_or_else(|| refuse(StatusCode::BAD_REQUEST, "Unable to parse the JSON."))?;
    let members = asked.as_object().map_or(0, serde_json::Map::len);
    let quantity = asked["quantity"].as_u64().and_then(|quantity| u32::try_from(quantity).ok());
    quantity
        .filter(|_| members == 1)
        .ok_or_else(|| refuse(StatusCode::UNPROCESSABLE_ENTITY, "Invalid quantity, or an unknown parameter."))
}

fn refuse(status: StatusCode, message: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
    Envelope::Heroku.refuse(status, message)
}
