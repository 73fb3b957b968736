//! How the load test itself is doing: one that is short of CPU or late measures itself and not the host.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// How often it looks whether a timer comes in time.
const LOOK: Duration = Duration::from_millis(10);

/// How late timers come, added up.
#[derive(Default)]
pub(crate) struct Lateness {
    micros: AtomicU64,
    looks: AtomicU64,
}

impl Lateness {
    /// Looks, for ever.
    pub(crate) async fn watch(&self) {
        loop {
            let due = Instant::now() + LOOK;
            tokio::time::sleep_until(due.into()).await;
            let late = due.elapsed().as_micros();
            self.micros.fetch_add(u64::try_from(late).unwrap_or(u64::MAX), Ordering::Relaxed);
            self.looks.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The mean in milliseconds since it was last taken; none if no timer came at all.
    pub(crate) fn take(&self) -> Option<f64> {
        let (micros, looks) = (self.micros.swap(0, Ordering::Relaxed), self.looks.swap(0, Ordering::Relaxed));
        (looks > 0).then(|| micros as f64 / looks as f64 / 1000.0)
    }
}

/// The CPU time that this process used.
pub(crate) struct Cpu {
    used: Duration,
    at: Instant,
    cores: f64,
}

impl Cpu {
    /// Counts from now.
    ///
    /// # Errors
    /// When the system does not tell.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let cores = std::thread::available_parallelism().context("the number of CPUs is not known")?;
        Ok(Self { used: used()?, at: Instant::now(), cores: cores.get() as f64 })
    }

    /// The share of all CPUs that was used since the last call, from 0 to 1.
    ///
    /// # Errors
    /// As [`Cpu::start`].
    pub(crate) fn share(&mut self) -> anyhow::Result<f64> {
        let (used, now) = (used()?, Instant::now());
        let (work, time) = (used.saturating_sub(self.used), now - self.at);
        (self.used, self.at) = (used, now);
        Ok((work.as_secs_f64() / time.as_secs_f64().max(f64::EPSILON) / self.cores).min(1.0))
    }
}

fn used() -> anyhow::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).context("the system does not tell CPU time")?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(u64::try_from(micros).context("the system tells a negative CPU time")?))
}
