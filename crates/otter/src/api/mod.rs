//! The API over HTTP: the one list of routes, and what all of them share.
//!
//! A handler reads the request, calls a command of [`crate::service`] or reads rows, and shows the
//! result with [`view`]. Errors are answers: see [`crate::error`].

mod admin;
mod admit;
mod answer;
mod ask;
mod groups;
mod history;
mod limits;
mod links;
mod page;
mod policies;
mod servers;
mod view;
mod webhooks;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};

use crate::app::App;
use crate::error::Error;

pub use admin::admin_router;
pub use links::escape;

/// The description of the API; the tests hold every request and answer against it.
const OPENAPI: &str = include_str!("../../openapi.json");

/// The whole API, to be mounted under any listener.
pub fn router(app: App) -> Router {
    let gate = from_fn_with_state(app.clone(), admit::admit);
    let intake = from_fn_with_state(app.clone(), admit::take);
    let execute = vec![("/{version}/{capability}", post(webhooks::execute))];
    Router::new()
        .merge(both("/v1.0/{tenant}", tenant_routes()).route_layer(gate))
        .merge(both("/v1.0/execute", execute))
        .route_layer(intake)
        .route("/", get(async || StatusCode::OK))
        .route("/health", get(admin::health))
        .route("/openapi.json", get(async || ([(header::CONTENT_TYPE, answer::JSON)], OPENAPI)))
        .fallback(not_found)
        .method_not_allowed_fallback(not_allowed)
        .layer(from_fn_with_state(app.clone(), answer::dress))
        .with_state(app)
}

/// The routes of a tenant, without a slash at the end.
fn tenant_routes() -> Vec<(&'static str, MethodRouter<App>)> {
    vec![
        ("/limits", get(limits::show)),
        ("/groups", get(groups::list).post(groups::create)),
        ("/groups/{group}", get(groups::show).delete(groups::delete)),
        ("/groups/{group}/state", get(groups::state)),
        ("/groups/{group}/config", get(groups::config).put(groups::replace_config)),
        ("/groups/{group}/launch", get(groups::launch).put(groups::replace_launch)),
        ("/groups/{group}/pause", post(groups::pause)),
        ("/groups/{group}/resume", post(groups::resume)),
        ("/groups/{group}/converge", post(groups::converge)),
        ("/groups/{group}/policies", get(policies::list).post(policies::create)),
        (
            "/groups/{group}/policies/{policy}",
            get(policies::show).put(policies::replace).delete(policies::delete),
        ),
        ("/groups/{group}/policies/{policy}/execute", post(policies::execute)),
        ("/groups/{group}/policies/{policy}/webhooks", get(webhooks::list).post(webhooks::create)),
        (
            "/groups/{group}/policies/{policy}/webhooks/{webhook}",
            get(webhooks::show).put(webhooks::replace).delete(webhooks::delete),
        ),
        ("/groups/{group}/servers", get(servers::not_offered)),
        ("/groups/{group}/servers/{server}", get(servers::not_offered).delete(servers::delete)),
        ("/groups/{group}/history", get(history::list)),
    ]
}

/// A router with every route in both forms, with a slash at the end and without.
fn both(base: &str, routes: Vec<(&'static str, MethodRouter<App>)>) -> Router<App> {
    routes.into_iter().fold(Router::new(), |router, (path, methods)| {
        let path = format!("{base}{path}");
        router.route(&format!("{path}/"), methods.clone()).route(&path, methods)
    })
}

async fn not_found() -> Error {
    Error::NotFound
}

async fn not_allowed() -> Error {
    Error::MethodNotAllowed
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The tests that try every route take them from the description.
    #[test]
    fn every_route_of_a_tenant_is_described() {
        let document: serde_json::Value = serde_json::from_str(OPENAPI).unwrap();
        let paths = document["paths"].as_object().unwrap().keys().cloned();
        let described: BTreeSet<String> = paths.filter(|path| path.contains("{tenant}")).collect();
        let there = tenant_routes().into_iter().map(|(path, _)| format!("/v1.0/{{tenant}}{path}"));
        assert_eq!(there.collect::<BTreeSet<_>>(), described);
    }
}
