//! What users report of their requests and connections, added up until somebody takes it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What all users together report.
pub(crate) struct Tally(Mutex<Sum>);

/// What was reported in one interval.
#[derive(Debug, PartialEq)]
pub(crate) struct Reported {
    /// How long the interval was.
    pub(crate) length: Duration,
    /// Users that are there at its end.
    pub(crate) users: usize,
    /// Connections that users held, in the mean over time.
    pub(crate) connections: f64,
    /// How long each request took that was answered whole, in rising order.
    pub(crate) latencies: Vec<Duration>,
    /// Requests that failed.
    pub(crate) errors: usize,
}

struct Sum {
    users: usize,
    open: usize,
    /// Connections times seconds, up to `counted`.
    held: f64,
    counted: Instant,
    since: Instant,
    latencies: Vec<Duration>,
    errors: usize,
}

impl Tally {
    pub(crate) fn new(now: Instant) -> Self {
        Self(Mutex::new(Sum {
            users: 0,
            open: 0,
            held: 0.0,
            counted: now,
            since: now,
            latencies: Vec::new(),
            errors: 0,
        }))
    }

    /// A user comes.
    pub(crate) fn arrive(&self) {
        self.sum().users += 1;
    }

    /// A user goes.
    pub(crate) fn leave(&self) {
        self.sum().users -= 1;
    }

    /// A connection is opened.
    pub(crate) fn open(&self, now: Instant) {
        self.sum().connections(now, |open| open + 1);
    }

    /// A connection is given up.
    pub(crate) fn close(&self, now: Instant) {
        self.sum().connections(now, |open| open - 1);
    }

    /// A request was answered whole.
    pub(crate) fn answered(&self, took: Duration) {
        self.sum().latencies.push(took);
    }

    /// A request failed.
    pub(crate) fn failed(&self) {
        self.sum().errors += 1;
    }

    /// Everything since it was last taken.
    pub(crate) fn take(&self, now: Instant) -> Reported {
        let mut sum = self.sum();
        sum.connections(now, |open| open);
        let length = now - sum.since;
        let mut latencies = std::mem::take(&mut sum.latencies);
        latencies.sort_unstable();
        let connections = std::mem::take(&mut sum.held) / length.as_secs_f64().max(f64::EPSILON);
        sum.since = now;
        Reported { length, users: sum.users, connections, latencies, errors: std::mem::take(&mut sum.errors) }
    }

    fn sum(&self) -> MutexGuard<'_, Sum> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sum {
    /// Counts the connections held up to `now`, and changes their number.
    fn connections(&mut self, now: Instant, change: impl FnOnce(usize) -> usize) {
        // Two users may have looked at the clock in another order than they come here.
        self.held += self.open as f64 * now.saturating_duration_since(self.counted).as_secs_f64();
        self.counted = self.counted.max(now);
        self.open = change(self.open);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_the_mean_over_time() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let tally = Tally::new(start);
        tally.arrive();
        tally.arrive();
        tally.open(at(0));
        tally.open(at(500));
        tally.answered(Duration::from_millis(20));
        tally.answered(Duration::from_millis(10));
        tally.failed();
        let first = tally.take(at(1000));
        assert_eq!((first.users, first.connections, first.errors), (2, 1.5, 1));
        assert_eq!(first.latencies, [10, 20].map(Duration::from_millis));

        tally.close(at(1500));
        tally.leave();
        let second = tally.take(at(2000));
        assert_eq!((second.users, second.connections, second.errors), (1, 1.5, 0));
        assert!(second.latencies.is_empty());
    }
}
