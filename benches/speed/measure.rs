//! What a process cost, and medians of such costs.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// What a process took from its start to its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    /// User and system time together.
    pub(crate) cpu: Duration,
}

/// Runs a process to its end; one that fails is no measurement.
pub(crate) fn run(command: &mut Command) -> Result<(Cost, Output)> {
    command.stdin(Stdio::null());
    let (before, start) = (spent()?, Instant::now());
    let output = command.output().with_context(|| format!("{command:?} cannot be started"))?;
    let cost = Cost { wall: start.elapsed(), cpu: spent()?.saturating_sub(before) };
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} ended with {}: {said}", output.status);
    Ok((cost, output))
}

/// Does `work` in this process.
pub(crate) fn here<T>(work: impl FnOnce() -> T) -> Result<(Cost, T)> {
    let own = || getrusage(UsageWho::RUSAGE_SELF).context("the system does not tell what this process used");
    let (before, start) = (own()?, Instant::now());
    let done = work();
    let (wall, after) = (start.elapsed(), own()?);
    Ok((Cost { wall, cpu: total(&after).saturating_sub(total(&before)) }, done))
}

/// The largest resident size of any child that has ended, in bytes.
pub(crate) fn largest_child() -> Result<u64> {
    Ok(u64::try_from(children()?.max_rss())? * 1024)
}

fn children() -> Result<Usage> {
    getrusage(UsageWho::RUSAGE_CHILDREN).context("the system does not tell what children used")
}

fn spent() -> Result<Duration> {
    Ok(total(&children()?))
}

fn total(usage: &Usage) -> Duration {
    duration(usage.user_time()) + duration(usage.system_time())
}

fn duration(time: TimeVal) -> Duration {
    // The system's count of a process's time is never negative.
    Duration::from_secs(time.tv_sec().unsigned_abs()) + Duration::from_micros(time.tv_usec().unsigned_abs())
}

/// Lets two take turns, `rounds` times after one that does not count, and returns the median cost of each.
pub(crate) fn side_by_side(
    rounds: usize,
    mut one: impl FnMut() -> Result<Cost>,
    mut other: impl FnMut() -> Result<Cost>,
) -> Result<(Cost, Cost)> {
    let mut costs = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let (ours, theirs) = (one()?, other()?);
        if round > 0 {
            costs.0.push(ours);
            costs.1.push(theirs);
        }
    }
    Ok((median(&costs.0), median(&costs.1)))
}

pub(crate) fn median(costs: &[Cost]) -> Cost {
    let middle = |pick: fn(&Cost) -> Duration| {
        let mut all: Vec<Duration> = costs.iter().map(pick).collect();
        all.sort();
        all[all.len() / 2]
    };
    Cost { wall: middle(|cost| cost.wall), cpu: middle(|cost| cost.cpu) }
}

/// One line of a comparison: both times in milliseconds and their ratio beside its goal.
pub(crate) fn compare(what: &str, (ours, theirs): (Duration, Duration), goal: f64) {
    let [ours, theirs] = [ours, theirs].map(|time| time.as_secs_f64() * 1e3);
    println!("  {what:<32} {ours:>9.2} ms to {theirs:>9.2} ms  ratio {:.2} (at most {goal})", ours / theirs);
}
