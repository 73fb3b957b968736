//! The program `loadtest`: users that visit a host through its load balancer.
//!
//! In reading order: `cli` (what was typed), `file` (what a file says), `plan` (both made one, with
//! `staircase`), and `scenario` (what a user does). Goose does the rest, but for the samples: users report
//! to `tally`, `generator` looks at the program itself, and `samples` writes down both.

mod cli;
mod file;
mod generator;
mod plan;
mod samples;
mod scenario;
mod staircase;
mod tally;

use std::io::{Write as _, stderr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use goose::GooseError;

use crate::plan::Recording;
use crate::samples::Samples;
use crate::tally::Tally;

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
    let tally = Arc::new(Tally::new(Instant::now()));
    let recording = plan.recording.clone();
    let attack = scenario::attack(plan, &tally).context("the load test cannot be set up")?;
    let Some(Recording { path, every }) = recording else {
        attack.execute().await?;
        return Ok(());
    };
    let samples = Samples::create(&path, every)?;
    tokio::select! {
        ended = attack.execute() => Ok(ended.map(drop)?),
        failed = samples.record(tally) => failed,
    }
}
