//! Logs: to stderr, at the level asked for, from our own crates only.

use std::io::{self, Write};

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::cli::{CommonArgs, LogFormat};

/// Starts logging. Libraries below HTTP are left out at every level: they would log headers, tokens among them.
pub fn start(args: &CommonArgs) {
    let level = match (args.quiet, args.verbose) {
        (true, _) => Level::ERROR,
        (_, 0) => Level::WARN,
        (_, 1) => Level::INFO,
        (_, 2) => Level::DEBUG,
        _ => Level::TRACE,
    };
    let ours = ["loadscale", "cloud", "otter", "sandbox"];
    let targets = Targets::new().with_targets(ours.map(|target| (target, level)));
    let layer = fmt::layer().with_writer(io::stderr);
    let layer = match args.log_format {
        LogFormat::Text => {
            layer.with_target(false).with_ansi(io::IsTerminal::is_terminal(&io::stderr())).boxed()
        }
        LogFormat::Json => layer.json().boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(targets)).init();
}

/// Tells what kept a command from its work, with all its causes.
pub fn fatal(args: &CommonArgs, error: &anyhow::Error) {
    match args.log_format {
        LogFormat::Json => tracing::error!("{error:#}"),
        // There is nobody left to tell if stderr is closed too.
        LogFormat::Text => drop(writeln!(io::stderr(), "error: {error:#}")),
    }
}
