//! The front door: the API on a listener, until told to stop.

use std::io;

use axum::Router;
use tokio::net::TcpListener;

use crate::app::App;

/// The whole API, to be mounted under any listener.
pub fn router(_app: App) -> Router {
    Router::new()
}

/// Serves the API on `listener` until `shutdown` is ready; requests in hand are answered first.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    app: App,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, router(app)).with_graceful_shutdown(shutdown).await
}
