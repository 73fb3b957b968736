//! The operator's listener: health, metrics, the groups that no tenant sees any more, the schedules that cannot
//! be read, and the levers that have a deletion tried again, suspend a tenant and stop schedules. It asks for no
//! token, so it belongs on a loopback or management address.

use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get, post, put};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::{self, Answer};
use super::ask::{Body, Query, accepts};
use super::{not_allowed, not_found};
use crate::app::App;
use crate::error::Error;
use crate::model::GroupKey;
use crate::service::{groups, scheduler, tenants};

/// How late the oldest schedule may be before the service counts as unhealthy.
const LATEST: Duration = Duration::from_secs(60);
/// How long a check may take.
const PATIENCE: Duration = Duration::from_secs(15);
const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// The routes of the operator's listener.
pub fn admin_router(app: App) -> Router {
    Router::new()
        .route("/", get(async || StatusCode::OK))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .route("/deleting", get(deleting))
        .route("/deleting/{tenant}/{group}/converge", lever(post(hurry_deletion)))
        .route("/set-aside", get(set_aside))
        .route("/tenants/{tenant}", put(set_tenant))
        .route("/scheduler/stop", lever(post(stop_scheduler)))
        .route("/scheduler/reset", lever(post(reset_scheduler)))
        .fallback(not_found)
        .method_not_allowed_fallback(not_allowed)
        .layer(from_fn_with_state(app.clone(), answer::dress))
        .with_state(app)
}

/// A browser on this machine does send a POST for a page from elsewhere, and then says from where: that is refused.
fn lever(methods: MethodRouter<App>) -> MethodRouter<App> {
    methods.route_layer(from_fn(async |request: Request, next: Next| {
        let from_page = request.headers().contains_key(header::ORIGIN);
        if from_page { Err(Error::Forbidden) } else { Ok(next.run(request).await) }
    }))
}

/// Always 200; the body says whether all is well, as the original's did.
pub(super) async fn health(State(app): State<App>) -> Answer {
    let checks = [
        ("store", check(store(&app)).await),
        ("scheduler", check(schedules(&app)).await),
        ("worker", worker(&app)),
    ];
    let mut body = json!({"healthy": checks.iter().all(|(_, (healthy, _))| *healthy)});
    for (name, (healthy, details)) in checks {
        body[name] = json!({"healthy": healthy, "details": details});
    }
    let mut answer = answer::json(StatusCode::OK, &body)?;
    let id = HeaderValue::from_static("health_check");
    answer.headers_mut().insert(HeaderName::from_static("x-response-id"), id);
    Ok(answer)
}

type Checked = (bool, Value);

async fn check(work: impl Future<Output = Result<Checked, Error>>) -> Checked {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(Ok(checked)) => checked,
        Ok(Err(error)) => (false, json!({"reason": error.to_string()})),
        Err(_) => (false, json!({"reason": "timed out"})),
    }
}

async fn store(app: &App) -> Result<Checked, Error> {
    app.read().await?.next_due(Timestamp::MAX).await?;
    app.change(|rows| Box::pin(async move { Ok(rows.try_writing().await?) })).await?;
    Ok((true, json!({})))
}

/// Schedules that were set aside are told and make nothing unhealthy: all others are run.
async fn schedules(app: &App) -> Result<Checked, Error> {
    let (now, runs) = (app.now(), app.scheduler().runs());
    let mut rows = app.read().await?;
    let oldest = rows.due_policies(now, 1).await?;
    let late = oldest.first().map_or(0.0, |(_, due)| now.duration_since(*due).as_secs_f64());
    let set_aside = rows.policies_set_aside().await?.len();
    let details = json!({"seconds_late": late, "stopped": !runs, "set_aside": set_aside});
    Ok((runs && late <= LATEST.as_secs_f64(), details))
}

fn worker(app: &App) -> Checked {
    (app.works(), json!({}))
}

/// For Prometheus, or, for those who ask for JSON, in the original's form.
async fn metrics(State(app): State<App>, headers: HeaderMap) -> Answer {
    let totals = app.read().await?.totals().await?;
    if accepts(&headers, "json") {
        let time = app.now().as_second();
        let metric = |name: &str, value: i64| json!({"id": format!("otter.metrics.{name}"), "value": value, "time": time});
        let listed = [
            metric("groups", totals.groups),
            metric("policies", totals.policies),
            metric("webhooks", totals.webhooks),
        ];
        return answer::json(StatusCode::OK, &json!({"metrics": listed}));
    }
    let text = app.metrics().text(totals).map_err(|error| Error::Internal(error.into()))?;
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}

/// Groups that are deleted and whose servers are not all gone yet, with the reason.
async fn deleting(State(app): State<App>) -> Answer {
    let groups = app.read().await?.deleting_groups().await?;
    let listed: Vec<Value> = groups
        .iter()
        .map(|group| {
            json!({
                "tenant": group.key.tenant, "id": group.key.group, "name": group.config.name,
                "status": group.status, "errors": group.errors, "failures": group.progress.failures,
                "nextTry": group.progress.due,
            })
        })
        .collect();
    answer::json(StatusCode::OK, &json!({"groups": listed}))
}

/// Has a deletion tried again that waits for its next try.
async fn hurry_deletion(State(app): State<App>, Path((tenant, group)): Path<(String, String)>) -> Answer {
    groups::hurry_deletion(&app, GroupKey { tenant, group }).await?;
    answer::empty(StatusCode::NO_CONTENT)
}

/// Schedules that could not be read when they were due. A policy that is deleted is none of them any more.
async fn set_aside(State(app): State<App>) -> Answer {
    let policies = app.read().await?.policies_set_aside().await?;
    let listed: Vec<Value> = policies
        .iter()
        .map(|(key, due)| {
            json!({"tenant": key.group.tenant, "group": key.group.group, "id": key.policy, "due": due})
        })
        .collect();
    answer::json(StatusCode::OK, &json!({"policies": listed}))
}

async fn stop_scheduler(State(app): State<App>) -> Answer {
    scheduler::stop(&app);
    answer::empty(StatusCode::OK)
}

async fn reset_scheduler(State(app): State<App>, query: Query) -> Answer {
    let path = query.get("path").unwrap_or_default();
    if scheduler::reset(&app, path).await? {
        return answer::empty(StatusCode::OK);
    }
    Ok((StatusCode::BAD_REQUEST, "path is not another than the last one; nothing was reset\n")
        .into_response())
}

/// Suspends a tenant's groups or takes that back: `{"suspended": true}`. A browser on this machine does not
/// send a PUT for a page from elsewhere without asking, and is not answered.
async fn set_tenant(State(app): State<App>, Path(tenant): Path<String>, Body(body): Body) -> Answer {
    let Some(suspended) = body.get("suspended").and_then(Value::as_bool) else {
        return Err(Error::Validation("suspended: is required: true or false".to_owned()));
    };
    let groups = tenants::suspend(&app, tenant.clone(), suspended).await?;
    answer::json(StatusCode::OK, &json!({"tenant": tenant, "suspended": suspended, "groups": groups}))
}
