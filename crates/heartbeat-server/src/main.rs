//! `heartbeat-server`: a page to beat against. It exercises what an application leans on and fails first under
//! load: a database, a cache, a disk.
//!
//! Reading order: `args` is what is typed; `probe` the parts and how each is tried, in `database`, `cache` and
//! `disk`; `page` is the answer.

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{CommandFactory, FromArgMatches};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

mod args;
mod cache;
mod database;
mod disk;
mod page;
mod probe;
#[cfg(test)]
mod tests;

use args::Args;
use probe::Probes;

fn main() -> ExitCode {
    let matches = Args::command().get_matches();
    let args = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let colour = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(colour).with_target(false).init();
    // The process-wide TLS provider must be named before the first connection.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let served = args.refuse_typed_secrets(&matches).and_then(|()| serve(&args));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn serve(args: &Args) -> Result<()> {
    let (mut stop, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let probes = Probes::open(args)?;
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("{} cannot be listened on; choose another --listen", args.listen))?;
    tracing::info!("listening on http://{}", listener.local_addr()?);
    let stopped = async move {
        tokio::select! {
            _ = stop.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    axum::serve(listener, page::page(probes)).with_graceful_shutdown(stopped).await?;
    Ok(())
}
