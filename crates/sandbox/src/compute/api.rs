//! Compute v2 on the wire: servers and flavors, paged by an exclusive marker.

use std::borrow::Cow;
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

use super::flavors::{FLAVORS, Flavor};
use super::{Compute, Server};
use crate::http::{Envelope, Refusal};

/// The longest page; Nova's default.
const PAGE: usize = 1000;

type Answer = Result<Response<Body>, Refusal>;

#[derive(Clone)]
struct Shared {
    compute: Arc<Compute>,
    base: Arc<str>,
}

impl Compute {
    /// The routes of the service, whose links start with `origin`.
    pub(crate) fn router(self: &Arc<Self>, origin: &str, tenant: &str) -> Router {
        let path = format!("/v2/{tenant}");
        let shared = Shared { compute: Arc::clone(self), base: format!("{origin}{path}").into() };
        let routes = Router::new()
            .route("/servers", get(servers))
            .route("/servers/detail", get(servers))
            .route("/servers/{id}", get(server))
            .route("/flavors", get(flavors))
            .route("/flavors/detail", get(flavors))
            .route("/flavors/{id}", get(flavor));
        Router::new()
            .nest(&path, routes)
            .fallback(async || error(StatusCode::NOT_FOUND, "The resource could not be found."))
            .with_state(shared)
    }
}

#[derive(Deserialize)]
struct Asked {
    limit: Option<usize>,
    marker: Option<String>,
}

/// What has a page of its own kind.
trait Listed {
    fn id(&self) -> &str;
    fn describe(&self, base: &str) -> Value;
}

/// A page of `items`, which are in the order of their ids, under `key`.
fn page<T: Listed>(asked: &Asked, base: &str, key: &str, items: &[T]) -> Answer {
    let start = match &asked.marker {
        None => 0,
        Some(marker) => {
            1 + items
                .iter()
                .position(|item| item.id() == marker)
                .ok_or_else(|| error(StatusCode::BAD_REQUEST, format!("marker [{marker}] not found")))?
        }
    };
    let limit = asked.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let rest = &items[start..];
    let page = &rest[..limit.min(rest.len())];
    let mut body = json!({ key: page.iter().map(|item| item.describe(base)).collect::<Vec<_>>() });
    if let Some(last) = page.last().filter(|_| page.len() < rest.len()) {
        let href = format!("{base}/{key}/detail?limit={limit}&marker={}", last.id());
        body[format!("{key}_links")] = json!([{ "rel": "next", "href": href }]);
    }
    Ok(Json(body).into_response())
}

async fn servers(State(shared): State<Shared>, asked: Result<Query<Asked>, QueryRejection>) -> Answer {
    let Query(asked) = asked.map_err(|_| error(StatusCode::BAD_REQUEST, "Invalid query."))?;
    let mut all = shared.compute.servers();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    page(&asked, &shared.base, "servers", &all)
}

async fn server(State(shared): State<Shared>, Path(id): Path<String>) -> Answer {
    let server =
        shared.compute.server(&id).ok_or_else(|| error(StatusCode::NOT_FOUND, "Instance not found"))?;
    Ok(Json(json!({ "server": server.describe(&shared.base) })).into_response())
}

async fn flavors(State(shared): State<Shared>, asked: Result<Query<Asked>, QueryRejection>) -> Answer {
    let Query(asked) = asked.map_err(|_| error(StatusCode::BAD_REQUEST, "Invalid query."))?;
    page(&asked, &shared.base, "flavors", &FLAVORS)
}

async fn flavor(State(shared): State<Shared>, Path(id): Path<String>) -> Answer {
    let found = FLAVORS.iter().find(|flavor| flavor.id == id);
    let flavor = found.ok_or_else(|| error(StatusCode::NOT_FOUND, "The resource could not be found."))?;
    Ok(Json(json!({ "flavor": flavor.describe(&shared.base) })).into_response())
}

impl Listed for Server {
    fn id(&self) -> &str {
        &self.id
    }

    fn describe(&self, base: &str) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "status": self.status.word(),
            "flavor": { "id": self.flavor, "links": links(base, "flavors", &self.flavor) },
            "addresses": { "private": [{ "addr": self.address, "version": 4 }] },
            "metadata": self.metadata,
            "created": format!("{:.0}", self.created),
            "OS-EXT-STS:task_state": null,
            "links": links(base, "servers", &self.id),
        })
    }
}

impl Listed for Flavor {
    fn id(&self) -> &str {
        self.id
    }

    fn describe(&self, base: &str) -> Value {
        json!({
            "id": self.id,
            "name": self.id,
            "ram": self.ram,
            "vcpus": self.vcpus,
            "disk": self.disk,
            "OS-FLV-EXT-DATA:ephemeral": self.ephemeral,
            "swap": "",
            "rxtx_factor": self.rxtx_factor,
            "links": links(base, "flavors", self.id),
        })
    }
}

fn links(base: &str, kind: &str, id: &str) -> Value {
    json!([{ "rel": "self", "href": format!("{base}/{kind}/{id}") }])
}

fn error(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Refusal {
    Envelope::Compute.refuse(status, message)
}
