//! The app's page: it beats, the more slowly the more there is to carry for the dynos that are up.

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::Heroku;

/// Serves the app's page on a free loopback port, and tells its URL.
///
/// # Errors
/// When there is no free port.
pub(crate) async fn serve(heroku: &Arc<Heroku>) -> anyhow::Result<(String, AbortOnDropHandle<()>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port for the app")?;
    let url = format!("http://{}/heartbeat", listener.local_addr().context("no port for the app")?);
    let routes = Router::new().route("/heartbeat", get(beat)).with_state(Arc::clone(heroku));
    let serving = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::warn!(%error, "the app's page is served no more");
        }
    });
    Ok((url, AbortOnDropHandle::new(serving)))
}

/// Without a dyno the router answers itself, as it does with its code H14.
async fn beat(State(heroku): State<Arc<Heroku>>) -> (StatusCode, &'static str) {
    match heroku.response_time() {
        Some(time) => {
            tokio::time::sleep(time).await;
            (StatusCode::OK, "Beat")
        }
        None => (StatusCode::SERVICE_UNAVAILABLE, "no web processes running"),
    }
}
