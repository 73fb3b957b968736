//! How soon the program is there, and how large it is.

use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::measure::{run, side_by_side};

const PROGRAM: &str = env!("CARGO_BIN_EXE_loadscale");
const ROUNDS: usize = 100;
const GOAL_MS: f64 = 5.0;
const GOAL_MB: f64 = 12.0;

pub(crate) fn figure() -> Result<()> {
    let version = || Ok(run(Command::new(PROGRAM).arg("--version"))?.0);
    let nothing = || Ok(run(&mut Command::new("true"))?.0);
    let (version, nothing) = side_by_side(ROUNDS, version, nothing)?;
    let [version, nothing] = [version, nothing].map(|cost| cost.wall.as_secs_f64() * 1e3);
    println!("  --version {version:.2} ms (at most {GOAL_MS}); a process that does nothing {nothing:.2} ms");
    println!("  {:.2} MB (under {GOAL_MB})", fs::metadata(PROGRAM)?.len() as f64 / 1e6);
    Ok(())
}
