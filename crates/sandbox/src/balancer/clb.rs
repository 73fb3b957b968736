//! Cloud Load Balancers v1.0 on the wire.
//!
//! A marker is inclusive, a list has no nodes, details have no count of them, statistics stand bare
//! and are refused while the balancer is not ACTIVE; absent means null.

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
use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Algorithm, LoadBalancer, LoadBalancers, Node, Status};
use crate::http::{Envelope, Refusal};

/// The longest page, and the length of one that was not asked for.
const PAGE: usize = 100;
const PORT: u16 = 80;

type Answer = Result<Response<Body>, Refusal>;

pub(super) fn routes(all: LoadBalancers, tenant: &str) -> Router {
    let base = format!("/v1.0/{tenant}/loadbalancers");
    let one = format!("{base}/{{id}}");
    Router::new()
        .route(&base, get(list))
        .route(&one, get(details))
        .route(&format!("{one}/nodes"), get(nodes))
        .route(&format!("{one}/stats"), get(stats))
        .fallback(async || not_found())
        .method_not_allowed_fallback(async || error(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"))
        .with_state(all)
}

#[derive(Deserialize)]
struct Asked {
    limit: Option<i64>,
    marker: Option<u64>,
    offset: Option<usize>,
    status: Option<String>,
    name: Option<String>,
}

impl Asked {
    fn limit(&self) -> usize {
        self.limit.and_then(|limit| usize::try_from(limit).ok()).map_or(PAGE, |limit| limit.min(PAGE))
    }

    /// Which statuses are wanted: all but DELETED unless one is named.
    fn status(&self) -> Result<Option<Status>, Refusal> {
        let Some(word) = &self.status else { return Ok(None) };
        let parsed: Result<Status, serde::de::value::Error> =
            Status::deserialize(word.as_str().into_deserializer());
        parsed.map(Some).map_err(|_| error(StatusCode::BAD_REQUEST, "Unknown status"))
    }
}

async fn list(State(all): State<LoadBalancers>, asked: Result<Query<Asked>, QueryRejection>) -> Answer {
    let Query(asked) = asked.map_err(|_| error(StatusCode::BAD_REQUEST, "Validation Failure"))?;
    let status = asked.status()?;
    let wanted = |balancer: &&Arc<LoadBalancer>| {
        let is = balancer.status();
        status.map_or(is != Status::Deleted, |status| status == is)
            && asked.name.as_deref().is_none_or(|name| name == balancer.name())
    };
    let page: Vec<Listed<'_>> = all
        .from(asked.marker.unwrap_or_default())
        .filter(wanted)
        .skip(asked.offset.unwrap_or_default())
        .take(asked.limit())
        .map(|balancer| Listed { node_count: Some(balancer.node_count()), ..Listed::new(balancer) })
        .collect();
    Ok(Json(Page { load_balancers: page }).into_response())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    load_balancers: Vec<Listed<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Details<'a> {
    load_balancer: Listed<'a>,
}

/// A balancer as it stands in a list, or with its nodes in its details.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'a> {
    id: u64,
    name: &'a str,
    protocol: &'static str,
    port: u16,
    algorithm: Algorithm,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    node_count: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nodes: Vec<WireNode>,
    timeout: u32,
    virtual_ips: [Value; 1],
    created: Value,
    updated: Value,
}

impl<'a> Listed<'a> {
    fn new(balancer: &'a LoadBalancer) -> Self {
        let time = json!({ "time": format!("{:.0}", balancer.created()) });
        let address = balancer.address().map_or(Ipv4Addr::LOCALHOST.into(), |address| address.ip());
        Self {
            id: balancer.id(),
            name: balancer.name(),
            protocol: "HTTP",
            port: balancer.address().map_or(PORT, |address| address.port()),
            algorithm: balancer.algorithm(),
            status: balancer.status(),
            node_count: None,
            nodes: Vec::new(),
            timeout: 30,
            virtual_ips: [json!({
                "id": balancer.id(), "address": address, "type": "PUBLIC", "ipVersion": "IPV4",
            })],
            created: time.clone(),
            updated: time,
        }
    }
}

#[derive(Serialize)]
struct WireNode {
    id: u64,
    address: Ipv4Addr,
    port: u16,
    condition: super::Condition,
    status: super::NodeStatus,
    #[serde(rename = "type")]
    kind: super::NodeKind,
}

impl From<&Node> for WireNode {
    fn from(node: &Node) -> Self {
        let &Node { id, address, port, condition, status, kind, .. } = node;
        Self { id, address, port, condition, status, kind }
    }
}

async fn details(State(all): State<LoadBalancers>, Path(id): Path<String>) -> Answer {
    let balancer = find(&all, &id)?;
    Ok(Json(Details { load_balancer: Listed { nodes: wire_nodes(balancer), ..Listed::new(balancer) } })
        .into_response())
}

async fn nodes(State(all): State<LoadBalancers>, Path(id): Path<String>) -> Answer {
    let balancer = find(&all, &id)?;
    if balancer.status() == Status::Deleted {
        return Err(error(StatusCode::GONE, "The loadbalancer is marked as deleted."));
    }
    Ok(Json(json!({ "nodes": wire_nodes(balancer) })).into_response())
}

fn wire_nodes(balancer: &LoadBalancer) -> Vec<WireNode> {
    balancer.tell_nodes(|node| node.into())
}

async fn stats(State(all): State<LoadBalancers>, Path(id): Path<String>) -> Answer {
    let balancer = find(&all, &id)?;
    let status = balancer.status();
    if status != Status::Active {
        let message = format!(
            "Load Balancer '{id}' has a status of '{}' and is considered immutable.",
            json!(status).as_str().unwrap_or_default()
        );
        return Err(error(StatusCode::UNPROCESSABLE_ENTITY, message));
    }
    Ok(Json(balancer.stats()).into_response())
}

fn find<'a>(all: &'a LoadBalancers, id: &str) -> Result<&'a Arc<LoadBalancer>, Refusal> {
    all.by_id(id).ok_or_else(not_found)
}

fn not_found() -> Refusal {
    error(StatusCode::NOT_FOUND, "Load balancer not found")
}

fn error(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Refusal {
    Envelope::LoadBalancer.refuse(status, message)
}
