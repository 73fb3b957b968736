//! The plan of a run: what was typed, then what the file says, then the defaults.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use goose::config::GooseConfiguration;
use jiff::SignedDuration;

use crate::cli::Typed;
use crate::file::File;
use crate::staircase::Staircase;

const PATH: &str = "/";
const THINK_TIME: &str = "1s";
/// A run most of whose requests fail is no success, unless its user has other rules.
const THRESHOLD: &str = "error-rate<1%";
const STEP_TIME: &str = "30s";
const SAMPLE_INTERVAL: &str = "3s";
const SAMPLES: &str = "samples.csv";
/// Goose's options that shape the load; with one of them typed, the file's shape does not count.
const SHAPES: [&str; 2] = ["test_plan", "iterations"];
/// Goose's options that take the place of the file's staircase.
const RAMPS: [&str; 4] = ["users", "run_time", "increase_rate", "increase_time"];

/// What is to be done.
pub(crate) struct Plan {
    pub(crate) goose: GooseConfiguration,
    pub(crate) paths: Vec<String>,
    /// The shortest and the longest time that a user thinks.
    pub(crate) think_time: (Duration, Duration),
    /// A staircase, as a test plan of Goose.
    pub(crate) steps: Option<String>,
    pub(crate) recording: Option<Recording>,
}

/// Where samples go, and how often one is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recording {
    pub(crate) path: PathBuf,
    pub(crate) every: Duration,
}

impl Plan {
    /// Puts both together.
    ///
    /// # Errors
    /// When a time or a path cannot be meant.
    pub(crate) fn new(typed: Typed, file: File) -> anyhow::Result<Self> {
        let shaped = typed.any(&SHAPES);
        let paced = typed.any(&["increase_rate", "increase_time"]);
        let keeps_steps = !shaped && !typed.any(&RAMPS);
        let cli = typed.cli;
        let mut goose = cli.goose;
        goose.host = goose.host.or(file.host);
        let staircase = match (cli.staircase, file.staircase.filter(|_| keeps_steps)) {
            (None, Some(text)) => Some(text.parse().map_err(anyhow::Error::msg)?),
            (typed, _) => typed,
        };
        let steps =
            staircase.map(|staircase| steps(&staircase, cli.step_time.or(file.step_time))).transpose()?;
        let shaped = shaped || steps.is_some();
        if !shaped {
            goose.users = goose.users.or(file.users);
            goose.run_time = goose.run_time.or(file.run_time);
        }
        // Goose has no ramp for a single user.
        if !shaped && !paced && goose.users.is_some_and(|users| users > 1) {
            goose.increase_time = file.ramp;
        }
        goose.no_telnet |= !cli.controllers;
        goose.no_websocket |= !cli.controllers;
        // A staircase is to go where requests fail.
        let threshold = if steps.is_some() { &[][..] } else { &[THRESHOLD] };
        goose.threshold = first_given([goose.threshold, file.thresholds], threshold);
        let paths = first_given([cli.paths, file.paths], &[PATH]);
        if let Some(path) = paths.iter().find(|path| !path.starts_with('/')) {
            bail!("path {path:?} does not start with /; users visit no other host than --host");
        }
        let think_time = cli.think_time.or(file.think_time).unwrap_or_else(|| THINK_TIME.to_owned());
        let samples = cli.samples.or(file.samples).or_else(|| steps.is_some().then(|| SAMPLES.into()));
        let recording = recording(samples, cli.sample_interval.or(file.sample_interval))?;
        Ok(Self { goose, paths, think_time: range(&think_time)?, steps, recording })
    }
}

fn steps(staircase: &Staircase, step_time: Option<String>) -> anyhow::Result<String> {
    let text = step_time.unwrap_or_else(|| STEP_TIME.to_owned());
    staircase.plan(time(&text).with_context(|| format!("step time {text:?}"))?)
}

fn recording(samples: Option<PathBuf>, interval: Option<String>) -> anyhow::Result<Option<Recording>> {
    let text = interval.unwrap_or_else(|| SAMPLE_INTERVAL.to_owned());
    let every = time(&text).with_context(|| format!("sample interval {text:?}"))?;
    if every.is_zero() {
        bail!("sample interval {text:?}: it must be longer than nothing");
    }
    Ok(samples.map(|path| Recording { path, every }))
}

fn first_given(given: [Vec<String>; 2], default: &[&str]) -> Vec<String> {
    let given = given.into_iter().find(|list| !list.is_empty());
    given.unwrap_or_else(|| default.iter().map(|&item| item.to_owned()).collect())
}

/// Reads `1s` or `1s..3s`.
fn range(text: &str) -> anyhow::Result<(Duration, Duration)> {
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    let read = |part: &str| time(part).with_context(|| format!("think time {text:?}"));
    let (from, to) = (read(from)?, read(to)?);
    if from > to {
        bail!("think time {text:?}: the first is longer than the second");
    }
    Ok((from, to))
}

fn time(text: &str) -> anyhow::Result<Duration> {
    let time = text.trim().parse::<SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    time.with_context(|| format!("{text:?} is no time; write 500ms, 30s or 1m"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_think_time_is_one_time_or_two() {
        let (half, two) = (Duration::from_millis(500), Duration::from_secs(2));
        assert_eq!(range("500ms").unwrap(), (half, half));
        assert_eq!(range("500ms..2s").unwrap(), (half, two));
        assert_eq!(range("0s").unwrap(), (Duration::ZERO, Duration::ZERO));
        for wrong in ["", "5", "2s..1s", "soon", "-1s"] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_first_that_is_given_counts() {
        let list = |items: &[&str]| items.iter().map(|&item| item.to_owned()).collect::<Vec<_>>();
        assert_eq!(first_given([list(&["/a"]), list(&["/b"])], &["/"]), ["/a"]);
        assert_eq!(first_given([list(&[]), list(&["/b"])], &["/"]), ["/b"]);
        assert_eq!(first_given([list(&[]), list(&[])], &["/"]), ["/"]);
    }
}
