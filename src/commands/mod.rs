//! The commands: each a choice of edges around the controller. Only they print.

use std::future::Future;

use anyhow::{Context, Result};
use tokio::runtime::Builder;

pub mod calibrate;
pub mod check;
#[cfg(feature = "sandbox")]
pub mod demo;
pub mod explain;
pub mod import;
pub mod replay;
pub mod run;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod status;

use crate::cli::{Cli, Command};
use crate::exit::Exit;

/// Runs what was asked for.
///
/// # Errors
/// Whatever kept the command from its work; `exit::of_error` gives it a status.
pub fn run(cli: &Cli) -> Result<Exit> {
    match &cli.command {
        None => block_on(run::run(&cli.common, &cli.run)),
        Some(Command::Check { strict, interval }) => block_on(check::run(&cli.common, *interval, *strict)),
        Some(Command::Status) => block_on(status::run(&cli.common)),
        Some(Command::Explain { at }) => explain::run(&cli.common, *at),
        Some(Command::Calibrate(args)) => calibrate::run(&cli.common, args),
        Some(Command::Replay(args)) => replay::run(&cli.common, args),
        Some(Command::Import { files, output, environment }) => {
            import::run(cli.common.json, files, output.as_deref(), environment.as_deref())
        }
        #[cfg(feature = "sandbox")]
        Some(Command::Demo { heroku: false }) => block_on(demo::run(&cli.common)),
        #[cfg(feature = "sandbox")]
        Some(Command::Demo { heroku: true }) => block_on(demo::heroku::run(&cli.common)),
        #[cfg(feature = "sandbox")]
        Some(Command::Sandbox) => block_on(sandbox::run(&cli.common)),
    }
}

/// Everything waits on the network, so one thread does; it starts faster than a pool.
fn block_on(command: impl Future<Output = Result<Exit>>) -> Result<Exit> {
    let runtime =
        Builder::new_current_thread().enable_all().build().context("no runtime could be started")?;
    let done = runtime.block_on(command);
    // Dropping it would wait for the look-up of a name that nobody needs any more.
    runtime.shutdown_background();
    done
}
