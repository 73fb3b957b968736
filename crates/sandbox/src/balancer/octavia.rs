//! Octavia v2 on the wire, for the same balancers: ids are UUIDs, markers exclusive, every balancer
//! has one pool, and a full page has a `next` link even if nothing follows.

use std::borrow::Cow;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{Response, StatusCode};
use axum::response::{IntoResponse, Json};
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Condition, LoadBalancer, LoadBalancers, Node, NodeKind, NodeStatus, Status};
use crate::http::{Envelope, Refusal};

/// The longest page; Octavia's default.
const PAGE: usize = 1000;

type Answer = Result<Response<Body>, Refusal>;

/// What the routes know: the balancers, in the order of their ids here.
#[derive(Clone)]
struct Shared(Arc<Known>);

struct Known {
    sorted: Vec<Arc<LoadBalancer>>,
    origin: String,
    project: String,
}

impl Known {
    fn url(&self, collection: &str) -> String {
        format!("{}/v2/lbaas/{collection}", self.origin)
    }
}

pub(super) fn routes(all: LoadBalancers, origin: &str, project: &str) -> Router {
    let mut sorted: Vec<_> = all.all().cloned().collect();
    sorted.sort_by_key(|balancer| balancer.uuid());
    let known = Known { sorted, origin: origin.to_owned(), project: project.to_owned() };
    let lbaas = Router::new()
        .route("/lbaas/loadbalancers", get(list))
        .route("/lbaas/loadbalancers/{id}", get(details))
        .route("/lbaas/loadbalancers/{id}/stats", get(stats))
        .route("/lbaas/pools", get(pools))
        .route("/lbaas/pools/{id}", get(pool))
        .route("/lbaas/pools/{id}/members", get(members));
    Router::new()
        .nest("/v2", lbaas.clone())
        .nest("/v2.0", lbaas)
        .fallback(async || error(StatusCode::NOT_FOUND, "The resource could not be found."))
        .with_state(Shared(Arc::new(known)))
}

#[derive(Deserialize)]
struct Asked {
    limit: Option<usize>,
    marker: Option<Uuid>,
    name: Option<String>,
    loadbalancer_id: Option<Uuid>,
}

/// A page of `items`, which are in the order of their ids, under `key`; the collection is a URL.
fn page(
    asked: &Asked,
    collection: &str,
    key: &str,
    items: impl Iterator<Item = (Uuid, Value)>,
) -> Response<Body> {
    let limit = asked.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let after = |(id, _): &(Uuid, Value)| asked.marker.is_none_or(|marker| *id > marker);
    let (ids, page): (Vec<Uuid>, Vec<Value>) = items.filter(after).take(limit).unzip();
    let mut body = json!({ key: page });
    if let Some(last) = ids.last().filter(|_| ids.len() == limit) {
        let href = format!("{collection}?limit={limit}&marker={last}");
        body[format!("{key}_links")] = json!([{ "rel": "next", "href": href }]);
    }
    Json(body).into_response()
}

async fn list(State(Shared(known)): State<Shared>, asked: Result<Query<Asked>, QueryRejection>) -> Answer {
    let Query(asked) = asked.map_err(|_| invalid())?;
    let wanted = |balancer: &&Arc<LoadBalancer>| {
        balancer.status() != Status::Deleted
            && asked.name.as_deref().is_none_or(|name| name == balancer.name())
    };
    let items = known.sorted.iter().filter(wanted).map(|it| (it.uuid(), described(it, &known.project)));
    Ok(page(&asked, &known.url("loadbalancers"), "loadbalancers", items))
}

async fn details(State(Shared(known)): State<Shared>, Path(id): Path<String>) -> Answer {
    let balancer = find(&known, &id, "load balancer")?;
    Ok(Json(json!({ "loadbalancer": described(balancer, &known.project) })).into_response())
}

async fn stats(State(Shared(known)): State<Shared>, Path(id): Path<String>) -> Answer {
    let stats = find(&known, &id, "load balancer")?.stats();
    Ok(Json(json!({ "stats": {
        "active_connections": stats.current_conn + stats.current_conn_ssl,
        "bytes_in": 0,
        "bytes_out": 0,
        "request_errors": stats.connect_failure,
        "total_connections": stats.max_conn + stats.max_conn_ssl,
    } }))
    .into_response())
}

async fn pools(State(Shared(known)): State<Shared>, asked: Result<Query<Asked>, QueryRejection>) -> Answer {
    let Query(asked) = asked.map_err(|_| invalid())?;
    let wanted = |it: &&Arc<LoadBalancer>| asked.loadbalancer_id.is_none_or(|id| id == it.uuid());
    let items = known.sorted.iter().filter(wanted).map(|it| (it.uuid(), described_pool(it)));
    Ok(page(&asked, &known.url("pools"), "pools", items))
}

async fn pool(State(Shared(known)): State<Shared>, Path(id): Path<String>) -> Answer {
    let balancer = find(&known, &id, "pool")?;
    Ok(Json(json!({ "pool": described_pool(balancer) })).into_response())
}

async fn members(
    State(Shared(known)): State<Shared>,
    Path(id): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Answer {
    let Query(asked) = asked.map_err(|_| invalid())?;
    let mut nodes = find(&known, &id, "pool")?.tell_nodes(|node| (node.member, described_member(node)));
    nodes.sort_by_key(|(member, _)| *member);
    Ok(page(&asked, &known.url(&format!("pools/{id}/members")), "members", nodes.into_iter()))
}

fn described(balancer: &LoadBalancer, project: &str) -> Value {
    let (provisioning, operating) = statuses(balancer.status());
    let created = format!("{:.0}", balancer.created());
    let address = balancer.address().map_or(Ipv4Addr::LOCALHOST.into(), |address| address.ip());
    json!({
        "id": balancer.uuid(),
        "name": balancer.name(),
        "description": "",
        "provisioning_status": provisioning,
        "operating_status": operating,
        "admin_state_up": balancer.status() != Status::Suspended,
        "vip_address": address,
        "provider": "amphora",
        "flavor_id": null,
        "project_id": project,
        "listeners": [],
        "pools": [{ "id": balancer.uuid() }],
        "tags": [],
        // Octavia's timestamps have no zone.
        "created_at": created.trim_end_matches('Z'),
        "updated_at": null,
    })
}

fn statuses(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Active => ("ACTIVE", "ONLINE"),
        Status::Build => ("PENDING_CREATE", "OFFLINE"),
        Status::PendingUpdate => ("PENDING_UPDATE", "ONLINE"),
        Status::PendingDelete => ("PENDING_DELETE", "ONLINE"),
        Status::Suspended => ("ACTIVE", "OFFLINE"),
        Status::Error => ("ERROR", "ERROR"),
        Status::Deleted => ("DELETED", "OFFLINE"),
    }
}

/// A balancer's one pool, which goes by the balancer's id.
fn described_pool(balancer: &LoadBalancer) -> Value {
    let members = balancer.tell_nodes(|node| json!({ "id": node.member }));
    json!({
        "id": balancer.uuid(),
        "name": balancer.name(),
        "protocol": "HTTP",
        "lb_algorithm": "LEAST_CONNECTIONS",
        "provisioning_status": "ACTIVE",
        "operating_status": "ONLINE",
        "admin_state_up": true,
        "loadbalancers": [{ "id": balancer.uuid() }],
        "listeners": [],
        "members": members,
        "healthmonitor_id": null,
    })
}

fn described_member(node: &Node) -> Value {
    json!({
        "id": node.member,
        "name": "",
        "address": node.address,
        "protocol_port": node.port,
        // A weight of zero is how Octavia drains.
        "weight": u8::from(node.condition != Condition::Draining),
        "admin_state_up": node.condition != Condition::Disabled,
        "backup": node.kind == NodeKind::Secondary,
        "operating_status": match node.status {
            NodeStatus::Online => "NO_MONITOR",
            NodeStatus::Offline => "ERROR",
        },
        "provisioning_status": "ACTIVE",
        "subnet_id": null,
    })
}

fn find<'a>(known: &'a Known, id: &str, what: &str) -> Result<&'a Arc<LoadBalancer>, Refusal> {
    let uuid = Uuid::parse_str(id).ok();
    let place = uuid.and_then(|id| known.sorted.binary_search_by_key(&id, |it| it.uuid()).ok());
    place
        .map(|place| &known.sorted[place])
        .ok_or_else(|| error(StatusCode::NOT_FOUND, format!("{what} {id} not found.")))
}

fn invalid() -> Refusal {
    error(StatusCode::BAD_REQUEST, "Invalid value for a query parameter.")
}

fn error(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Refusal {
    Envelope::Octavia.refuse(status, message)
}
