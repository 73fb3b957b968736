//! The samples: what users and the load test itself met in each interval, a line of CSV each.
//!
//! `loadscale calibrate` reads them. `time` is the end of the interval; `p10` and on are the quantiles of
//! the time from asking to the last byte, in milliseconds, empty where nothing was answered.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;
use tokio::time::{MissedTickBehavior, interval_at};

use crate::generator::{Cpu, Lateness};
use crate::tally::{Reported, Tally};

/// The quantiles that are written, in percent.
const QUANTILES: [u32; 7] = [10, 25, 50, 75, 90, 95, 99];

/// A file of samples in the making.
pub(crate) struct Samples {
    path: PathBuf,
    csv: csv::Writer<File>,
    every: Duration,
}

impl Samples {
    /// Begins a file with a sample `every` so often.
    ///
    /// # Errors
    /// When the file is there already, which may be an earlier run, or cannot be made.
    pub(crate) fn create(path: &Path, every: Duration) -> anyhow::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| {
            let hint = match error.kind() {
                ErrorKind::AlreadyExists => "; remove it, or name another file with --samples",
                _ => "",
            };
            anyhow!("{}: {error}{hint}", path.display())
        })?;
        let mut samples = Self { path: path.to_owned(), csv: csv::Writer::from_writer(file), every };
        let fixed = ["time", "users", "connections", "requests", "errors", "throughput"].map(str::to_owned);
        let quantiles = QUANTILES.map(|percent| format!("p{percent}"));
        let own = ["cpu", "lag_ms"].map(str::to_owned);
        samples.write(fixed.iter().chain(&quantiles).chain(&own))?;
        Ok(samples)
    }

    /// Writes a sample every interval, for ever.
    ///
    /// # Errors
    /// When a sample cannot be taken or written.
    pub(crate) async fn record(mut self, tally: Arc<Tally>) -> anyhow::Result<()> {
        let lateness = Lateness::default();
        tokio::select! {
            () = lateness.watch() => Ok(()),
            ended = self.tick(&tally, &lateness) => ended,
        }
    }

    async fn tick(&mut self, tally: &Tally, lateness: &Lateness) -> anyhow::Result<()> {
        let mut cpu = Cpu::start()?;
        let start = Instant::now();
        tally.take(start);
        let mut ticks = interval_at((start + self.every).into(), self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let reported = tally.take(Instant::now());
            let own = [format!("{:.3}", cpu.share()?), number(lateness.take())];
            self.write(row(Timestamp::now(), &reported).iter().chain(&own))?;
        }
    }

    fn write<'a>(&mut self, row: impl Iterator<Item = &'a String>) -> anyhow::Result<()> {
        let written = self.csv.write_record(row.map(String::as_bytes)).map_err(anyhow::Error::from);
        let whole = written.and_then(|()| Ok(self.csv.flush()?));
        whole.with_context(|| format!("{} cannot be written", self.path.display()))
    }
}

fn row(at: Timestamp, reported: &Reported) -> Vec<String> {
    let Reported { length, users, connections, latencies, errors } = reported;
    let requests = latencies.len();
    let mut row = vec![
        format!("{at:.3}"),
        users.to_string(),
        format!("{connections:.2}"),
        requests.to_string(),
        errors.to_string(),
        format!("{:.2}", requests as f64 / length.as_secs_f64()),
    ];
    row.extend(QUANTILES.map(|percent| number(quantile(latencies, f64::from(percent) / 100.0))));
    row
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("{value:.3}"))
}

/// The quantile in milliseconds of what is sorted, without bias in the median: definition 8 of Hyndman and
/// Fan, "Sample quantiles in statistical packages", The American Statistician 50 (1996).
fn quantile(sorted: &[Duration], p: f64) -> Option<f64> {
    let millis = |place: usize| sorted.get(place).map(|it| it.as_secs_f64() * 1000.0);
    let last = sorted.len().checked_sub(1)?;
    let third = 1.0 / 3.0;
    let place = ((sorted.len() as f64 + third) * p + third - 1.0).clamp(0.0, last as f64);
    let below = place.floor() as usize;
    let (low, high) = (millis(below)?, millis((below + 1).min(last))?);
    Some(low + (high - low) * place.fract())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn millis(values: &[u64]) -> Vec<Duration> {
        values.iter().copied().map(Duration::from_millis).collect()
    }

    #[test]
    fn quantiles_lie_between_what_was_measured() {
        let sorted = millis(&[10, 20, 30, 40]);
        assert_eq!(quantile(&sorted, 0.5), Some(25.0));
        assert_eq!(quantile(&sorted, 0.1), Some(10.0));
        assert_eq!(quantile(&sorted, 0.99), Some(40.0));
        assert_eq!(quantile(&millis(&[7]), 0.95), Some(7.0));
        assert_eq!(quantile(&[], 0.95), None);
    }

    #[test]
    fn a_sample_without_an_answer_has_no_quantile() {
        let reported = Reported {
            length: Duration::from_secs(2),
            users: 3,
            connections: 3.0,
            latencies: Vec::new(),
            errors: 5,
        };
        let at = "2026-01-01T00:00:02Z".parse().unwrap();
        let mut wanted = vec!["2026-01-01T00:00:02.000Z", "3", "3.00", "0", "5", "0.00"];
        wanted.extend([""; QUANTILES.len()]);
        assert_eq!(row(at, &reported), wanted);
    }

    #[test]
    fn an_earlier_run_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("samples.csv");
        std::fs::write(&path, "earlier").unwrap();
        let told = format!("{:#}", Samples::create(&path, Duration::from_secs(1)).err().unwrap());
        assert!(told.contains("samples.csv") && told.contains("--samples"), "{told}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "earlier");
    }
}
