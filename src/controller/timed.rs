//! Timed runs: a tick every interval, start to start, without drift.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};

/// Ticks at whole intervals from now. One that falls into a pass still running is skipped, not queued.
pub fn ticks(interval: Duration) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval_at(Instant::now(), interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks
}
