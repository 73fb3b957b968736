//! Answers: JSON bodies, errors in their envelope, and the headers that every answer carries.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::app::App;
use crate::error::Error;

/// Clients of the original compare this word for word, on empty answers too.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");
const SERVER: HeaderValue = HeaderValue::from_static(concat!("otter/", env!("CARGO_PKG_VERSION")));
const RESPONSE_ID: HeaderName = HeaderName::from_static("x-response-id");

/// The longest part of a path that is logged: a UUID, and less than a capability.
const LONGEST_NAME: usize = 36;

/// What a handler returns.
pub(super) type Answer = Result<Response, Error>;

/// An answer with a JSON body.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Answer {
    let bytes = serde_json::to_vec(body).map_err(|error| Error::Internal(error.into()))?;
    Ok((status, Body::from(bytes)).into_response())
}

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Answer {
    Ok(status.into_response())
}

/// Adds where the new thing is.
pub(super) fn located(answer: Answer, url: &str) -> Answer {
    let mut answer = answer?;
    if let Ok(url) = HeaderValue::from_str(url) {
        answer.headers_mut().insert(header::LOCATION, url);
    }
    Ok(answer)
}

/// Gives every answer the headers that all of them carry.
pub(super) async fn dress(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = Uuid::new_v4();
    let (method, path) = (request.method().clone(), loggable(request.uri().path()));
    let mut answer = next.run(request).await;
    tracing::debug!(%method, path, status = answer.status().as_u16(), %id, "answered");
    app.metrics().answered(answer.status().as_u16());
    let headers = answer.headers_mut();
    headers.entry(header::CONTENT_TYPE).or_insert(JSON);
    headers.insert(header::SERVER, SERVER);
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.entry(RESPONSE_ID).or_insert(id);
    }
    answer
}

/// A path as it may stand in a log: a capability is a secret, also where the rest of its URL is misspelt.
fn loggable(path: &str) -> String {
    let shown = path.split('/').map(|part| if part.len() > LONGEST_NAME { "..." } else { part });
    shown.collect::<Vec<_>>().join("/")
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, kind) = self.sort();
        log(&self, status);
        let message = match &self {
            // What the cloud or a fault of ours says is not for strangers.
            Self::Cloud(_) => "An internal error occurred.".to_owned(),
            other => other.to_string(),
        };
        let body = json!({"error": {
            "type": kind, "code": status.as_u16(), "message": message, "details": "",
        }});
        let mut answer = (status, Body::from(body.to_string())).into_response();
        if let Some(seconds) = self.retry_after() {
            answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        answer
    }
}

fn log(error: &Error, status: StatusCode) {
    match error {
        Error::Store(cause) => tracing::error!(error = %cause, "the store failed"),
        Error::Internal(cause) => tracing::error!(error = format!("{cause:#}"), "an internal fault"),
        Error::Cloud(cause) => tracing::error!(error = %cause, "the cloud did not do as asked"),
        _ => tracing::debug!(status = status.as_u16(), %error, "refused"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capability_is_not_logged() {
        let capability = crate::secret::new_capability();
        for path in [format!("/v1.0/execute/1/{capability}/"), format!("//v1/Execute/{capability}")] {
            assert!(!loggable(&path).contains(&capability[..8]), "{path}");
        }
        let group = "/v1.0/t/groups/9ad6b1c7-6d9b-4c31-9c3a-0e9c7b4f2a11";
        assert_eq!(loggable(group), group);
    }
}
