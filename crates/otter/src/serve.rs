//! The front door: the API on a listener, until told to stop. Slow clients are not waited for.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};

use crate::api::router;
use crate::app::App;
use crate::auth;

/// The largest head of a request, in bytes, and the most headers in it.
const LARGEST_HEAD: usize = 64 << 10;
const MOST_HEADERS: usize = 100;
/// How long the last answers may take to go out.
const LAST_ANSWERS: Duration = Duration::from_secs(5);
/// The pause after a connection could not be taken, as when too many files are open.
const AFTER_FAULT: Duration = Duration::from_millis(100);

/// Serves the API on `listener` until `shutdown` is ready, and then stops the app: see [`App::stop`]. Until
/// that is done, callers still get through the door, to be told that they come too late.
///
/// # Errors
/// When the listener is none, or is open to others while `auth` is `none`.
pub async fn serve(
    listener: TcpListener,
    app: App,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    auth::check_listener(app.settings().auth, address)?;
    let patience = app.settings().limits.head_timeout;
    let (router, connections) = (router(app.clone()), GracefulShutdown::new());
    let mut stopped = pin!(async {
        shutdown.await;
        tracing::info!("finishing what is in hand");
        app.stop().await;
    });
    loop {
        tokio::select! {
            () = &mut stopped => break,
            taken = listener.accept() => match taken {
                Ok((stream, _)) => take(stream, router.clone(), &connections, patience),
                Err(error) => {
                    tracing::error!(%error, "a connection cannot be taken");
                    tokio::time::sleep(AFTER_FAULT).await;
                }
            },
        }
    }
    drop(listener);
    if tokio::time::timeout(LAST_ANSWERS, connections.shutdown()).await.is_err() {
        tracing::warn!("some answers were not taken");
    }
    Ok(())
}

fn take(stream: TcpStream, router: Router, connections: &GracefulShutdown, patience: Duration) {
    // Small answers go out at once; without that they are only slower.
    let _ = stream.set_nodelay(true);
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(LARGEST_HEAD)
        .max_headers(MOST_HEADERS);
    let served = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let served = connections.watch(served.into_owned());
    tokio::spawn(async move {
        if let Err(error) = served.await {
            tracing::debug!(%error, "a connection ended badly");
        }
    });
}
