//! The control path: what tests in the same process do by calls, for others by JSON over loopback HTTP.
//!
//! Whoever can reach the port can use it: there is nothing to protect in a make-believe cloud.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use jiff::fmt::serde::unsigned_duration::friendly::compact::{optional, required};
use otter::clock::Clock as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::balancer::Status;
use crate::cloud::Cloud;
use crate::compute::Failure;
use crate::http::{Api, Fault, Planned};

type Shared = State<Arc<Cloud>>;
type Body<T> = Result<Json<T>, JsonRejection>;

pub(crate) fn routes(cloud: Arc<Cloud>) -> Router {
    let control = Router::new()
        .route("/clock", get(clock).post(set_clock))
        .route("/faults", get(faults).post(plan_fault).delete(clear_faults))
        .route("/latency", post(set_latency))
        .route("/services", post(set_service))
        .route("/traffic", post(set_traffic))
        .route("/load_balancers/{name}", get(load_balancer).post(set_load_balancer))
        .route("/servers", post(set_servers))
        .route("/tokens", axum::routing::delete(revoke_tokens))
        .route("/requests", get(requests))
        .route("/executions", get(executions));
    Router::new()
        .nest("/control", control)
        .fallback(async || refuse(StatusCode::NOT_FOUND, "there is no such control"))
        .with_state(cloud)
}

/// What went wrong with an order, as the answer to it.
struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<JsonRejection> for Refused {
    fn from(rejection: JsonRejection) -> Self {
        Self(rejection.status(), rejection.body_text())
    }
}

fn refuse(status: StatusCode, why: impl ToString) -> Refused {
    Refused(status, why.to_string())
}

type Answer = Result<Json<Value>, Refused>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    /// How far the clock goes forward.
    #[serde(default, with = "optional")]
    advance: Option<Duration>,
    /// Whether it stands or runs from now on.
    frozen: Option<bool>,
}

async fn clock(State(cloud): Shared) -> Json<Value> {
    Json(json!({ "now": cloud.clock().now() }))
}

/// Answers once all that has become due is done.
async fn set_clock(State(cloud): Shared, turn: Body<Turn>) -> Answer {
    let Json(turn) = turn?;
    match turn.frozen {
        Some(true) => cloud.clock().freeze(),
        Some(false) => cloud.clock().thaw(),
        None => {}
    }
    cloud.advance(turn.advance.unwrap_or_default()).await;
    Ok(clock(State(cloud)).await)
}

async fn faults(State(cloud): Shared) -> Json<Value> {
    Json(json!({ "faults": cloud.faults().planned() }))
}

async fn plan_fault(State(cloud): Shared, planned: Body<Planned>) -> Answer {
    let Json(planned) = planned?;
    if let Fault::Status { status, .. } = planned.fault
        && !(200..600).contains(&status)
    {
        let why = format!("fault.status: {status} is no HTTP status of an answer; give one from 200 to 599");
        return Err(refuse(StatusCode::UNPROCESSABLE_ENTITY, why));
    }
    cloud.faults().plan(planned);
    Ok(faults(State(cloud)).await)
}

async fn clear_faults(State(cloud): Shared) -> StatusCode {
    cloud.faults().clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delay {
    #[serde(with = "required")]
    delay: Duration,
}

async fn set_latency(State(cloud): Shared, delay: Body<Delay>) -> Result<StatusCode, Refused> {
    cloud.latency().set(delay?.delay);
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    service: Api,
    up: bool,
}

async fn set_service(State(cloud): Shared, switch: Body<Switch>) -> Result<StatusCode, Refused> {
    let Json(Switch { service, up }) = switch?;
    let service = cloud.service(service);
    let switched = if up { service.up().await } else { service.down().await };
    switched.map_err(|error| refuse(StatusCode::INTERNAL_SERVER_ERROR, error))?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    load_balancer: String,
    connections: usize,
}

/// Answers once every connection is open, refused or closed.
async fn set_traffic(State(cloud): Shared, target: Body<Target>) -> Answer {
    let Json(target) = target?;
    let traffic = cloud.traffic(&target.load_balancer).ok_or_else(|| unknown(&target.load_balancer))?;
    Ok(Json(json!(traffic.set(target.connections).await)))
}

fn unknown(load_balancer: &str) -> Refused {
    let why = format!("there is no load balancer {load_balancer:?} with real connections");
    refuse(StatusCode::NOT_FOUND, why)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    status: Option<Status>,
    /// Open connections as they are to be told, plain and TLS-terminated.
    connections: Option<(u64, u64)>,
}

async fn load_balancer(State(cloud): Shared, Path(name): Path<String>) -> Answer {
    let balancer = cloud.load_balancer(&name).ok_or_else(|| unknown(&name))?;
    Ok(Json(json!({
        "id": balancer.id(),
        "uuid": balancer.uuid(),
        "address": balancer.address(),
        "status": balancer.status(),
        "connections": balancer.connections(),
        "refused": balancer.refused(),
    })))
}

async fn set_load_balancer(State(cloud): Shared, Path(name): Path<String>, change: Body<Change>) -> Answer {
    let Json(change) = change?;
    let balancer = cloud.load_balancer(&name).ok_or_else(|| unknown(&name))?;
    if let Some(status) = change.status {
        balancer.set_status(status);
    }
    if change.connections.is_some() {
        balancer.set_connections(change.connections);
    }
    load_balancer(State(Arc::clone(&cloud)), Path(name)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Servers {
    #[serde(default, with = "optional")]
    boot_delay: Option<Duration>,
    /// How the next orders fail, one for each.
    #[serde(default)]
    fail_next: Vec<Failure>,
}

async fn set_servers(State(cloud): Shared, servers: Body<Servers>) -> Result<StatusCode, Refused> {
    let Json(servers) = servers?;
    if let Some(delay) = servers.boot_delay {
        cloud.compute().set_boot_delay(delay);
    }
    cloud.compute().fail_next(servers.fail_next);
    Ok(StatusCode::NO_CONTENT)
}

async fn revoke_tokens(State(cloud): Shared) -> StatusCode {
    cloud.revoke_tokens();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Since {
    /// The number of the first request wanted.
    #[serde(default)]
    since: u64,
}

async fn requests(State(cloud): Shared, Query(Since { since }): Query<Since>) -> Json<Value> {
    let log = cloud.requests();
    Json(json!({ "total": log.total(), "requests": log.since(since) }))
}

#[derive(Serialize)]
struct Executed {
    group: String,
    policy: String,
    count: u64,
}

async fn executions(State(cloud): Shared) -> Json<Value> {
    let all = cloud.executions().all();
    let told: Vec<Executed> =
        all.into_iter().map(|((group, policy), count)| Executed { group, policy, count }).collect();
    Json(json!({ "executions": told }))
}
