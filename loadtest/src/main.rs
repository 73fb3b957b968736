//! The program `loadtest`: users that visit a host through its load balancer.
//!
//! In reading order: `cli` (what was typed), `file` (what a file says), `plan` (both made one), and
//! `scenario` (what a user does). Goose does the rest.

mod cli;
mod file;
mod plan;
mod scenario;

use std::io::{Write as _, stderr};
use std::process::ExitCode;

use anyhow::Context as _;
use goose::GooseError;

/// A threshold was not kept.
const FAILED: u8 = 1;
/// The command line or the file is wrong, or the run could not begin.
const UNUSABLE: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where nobody reads the standard error, there is nobody to tell.
            let _ = writeln!(stderr(), "loadtest: {error:#}");
            let failed = matches!(error.downcast_ref(), Some(GooseError::ThresholdsFailed { .. }));
            ExitCode::from(if failed { FAILED } else { UNUSABLE })
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let typed = cli::parse();
    let file = match &typed.cli.file {
        Some(path) => file::read(path)?,
        None => file::File::default(),
    };
    let plan = plan::Plan::new(typed, file)?;
    let attack = scenario::attack(plan).context("the load test cannot be set up")?;
    attack.execute().await?;
    Ok(())
}
