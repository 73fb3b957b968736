//! Heartbeats as a source of readings: how long pages take to their first byte, judged by a band.
//!
//! Reading order: [`Heartbeat`] here (pages, samples, the worst of them), `page` (one request and what is
//! wrong with its answer), `phases` (what of it was name and connection).

use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use tokio::time::Instant;

mod page;
mod phases;
#[cfg(test)]
mod tests;

pub use page::{Ask, Connecting, Page, UnusableClient};

use super::Monitor;
use crate::model::{Beat, Level, NoReading, Reading, Signal, Window};
use crate::tick::Tick;
use page::Pulse;

/// Of the time that a pass has left, beats may take this share: what they find must still be acted on.
const SHARE: f64 = 0.5;

/// A monitor of pages.
pub struct Heartbeat {
    /// The pages, asked side by side; the worst of them counts.
    pub pages: Vec<Page>,
    /// How each of them is asked.
    pub ask: Ask,
    /// What is high, and what is low.
    pub band: Band,
    /// How often a page is asked in one pass, one request after the other.
    pub samples: u32,
    /// The percentile of those that counts, by the nearest rank: 50 is the median.
    pub percentile: f64,
}

/// The response times that are right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    /// A longer one is high.
    pub high: Duration,
    /// A shorter one is low.
    pub low: Duration,
}

impl Band {
    /// On which side a beat lies. One that failed is high, however quickly it did.
    fn level(&self, pulse: &Pulse) -> Level {
        if pulse.error.is_some() || pulse.took > self.high {
            Level::High
        } else if pulse.took < self.low {
            Level::Low
        } else {
            Level::Right
        }
    }
}

impl Heartbeat {
    /// The beat that counts. One that the pass had no time for is no sign of a slow page: it counts only where
    /// another page is high whatever it would have been.
    fn worst<'a>(&self, beats: Vec<(&'a Page, Pulse)>) -> Result<(&'a Page, Pulse), NoReading> {
        let is_late = |(_, pulse): &(&Page, Pulse)| pulse.cut_short && pulse.took <= self.band.high;
        let (late, known): (Vec<_>, Vec<_>) = beats.into_iter().partition(is_late);
        let worst = known.into_iter().max_by_key(|(_, pulse)| pulse.rank());
        match (worst, late.first()) {
            (Some(worst), Some(_)) if self.band.level(&worst.1) == Level::High => Ok(worst),
            (Some(worst), None) => Ok(worst),
            (_, Some((page, pulse))) => Err(NoReading::Missing(format!(
                "the pass had no time for a whole answer of {}, which was waited for {} ms; a longer --deadline gives \
                 it more",
                page.url,
                pulse.took.as_millis()
            ))),
            (None, None) => Err(NoReading::Missing("there is no page to ask".to_owned())),
        }
    }

    /// What counts of one page's beats. Those that the time does not suffice for are not begun, all but one.
    async fn sampled<'a>(&self, page: &'a Page, until: Instant) -> Result<(&'a Page, Pulse), UnusableClient> {
        let mut pulses = Vec::new();
        for _ in 0..self.samples {
            if pulses.is_empty() || Instant::now() < until {
                pulses.push(page.beat(&self.ask, until).await?);
            }
        }
        Ok((page, nearest_rank(pulses, self.percentile)))
    }
}

/// The pulse at `percentile` of all, of which there is at least one: failures are slower than all else.
fn nearest_rank(mut pulses: Vec<Pulse>, percentile: f64) -> Pulse {
    pulses.sort_by_key(Pulse::rank);
    let rank = (percentile / 100.0 * pulses.len() as f64).ceil() as usize;
    pulses.swap_remove(rank.clamp(1, pulses.len()) - 1)
}

#[async_trait]
impl Monitor for Heartbeat {
    async fn read(&self, tick: &Tick) -> Result<Reading, NoReading> {
        let now = Instant::now();
        let until = now + tick.deadline.saturating_duration_since(now).mul_f64(SHARE);
        let beats = join_all(self.pages.iter().map(|page| self.sampled(page, until))).await;
        // What keeps us from asking at all says nothing of the page.
        let beats: Result<Vec<_>, UnusableClient> = beats.into_iter().collect();
        let beats = beats.map_err(|why| NoReading::Missing(why.to_string()))?;
        let (page, pulse) = self.worst(beats)?;
        let signal = Signal::Level { level: self.band.level(&pulse), value: milliseconds(pulse.took) };
        let beat = Beat {
            url: page.url.to_string(),
            error: pulse.error,
            dns: pulse.dns.map(milliseconds),
            connect: pulse.connect.map(milliseconds),
        };
        // Every beat was begun after the instant of the pass.
        let taken = Window { earliest: tick.at, latest: tick.at };
        Ok(Reading { signal, taken, balancers: Vec::new(), nodes: None, beat: Some(beat) })
    }
}

/// In milliseconds, to the microsecond.
fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}
