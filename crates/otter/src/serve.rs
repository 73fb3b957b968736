//! The front door: the API on a listener, until told to stop.

use anyhow::ensure;
use tokio::net::TcpListener;

use crate::api::router;
use crate::app::App;
use crate::settings::Auth;

/// Serves the API on `listener` until `shutdown` is ready; requests in hand are answered first. The
/// app is left running: see [`App::stop`].
///
/// # Errors
/// When the listener fails, or is open to others while `auth` is `none`.
pub async fn serve(
    listener: TcpListener,
    app: App,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    ensure!(
        app.settings().auth != Auth::None || address.ip().is_loopback(),
        "auth = \"none\" is for loopback only, and {address} is open to others: listen on 127.0.0.1 or set auth"
    );
    axum::serve(listener, router(app)).with_graceful_shutdown(shutdown).await?;
    Ok(())
}
