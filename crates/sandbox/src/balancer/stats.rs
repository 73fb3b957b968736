//! A load balancer's statistics as Cloud Load Balancers words them: fourteen numbers, no wrapper.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use otter::clock::Clock as _;
use serde::Serialize;

use crate::clock::{MovableClock, later};

/// The statistics of a load balancer. `current_conn*` is now, `max_conn*` the most there ever were, the
/// rest counts from the start. What ends in `ssl` is of TLS-terminated traffic, which the sandbox has
/// only where it is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names are those of the wire, told above")]
pub struct Stats {
    pub connect_time_out: u64,
    pub connect_error: u64,
    pub connect_failure: u64,
    pub data_timed_out: u64,
    pub keep_alive_timed_out: u64,
    pub max_conn: u64,
    pub current_conn: u64,
    pub connect_time_out_ssl: u64,
    pub connect_error_ssl: u64,
    pub connect_failure_ssl: u64,
    pub data_timed_out_ssl: u64,
    pub keep_alive_timed_out_ssl: u64,
    pub max_conn_ssl: u64,
    pub current_conn_ssl: u64,
}

/// Statistics that are kept for a while, as the real service keeps them for everyone who asks.
#[derive(Debug)]
pub(super) struct Cache {
    life: Duration,
    /// What is kept, and when it is stale.
    kept: Mutex<Option<(Timestamp, Stats)>>,
}

impl Cache {
    pub(super) fn new(life: Duration) -> Self {
        Self { life, kept: Mutex::default() }
    }

    /// What is kept, or what `fill` makes if that is stale. Its time runs from the request that filled it.
    pub(super) fn get(&self, clock: &MovableClock, fill: impl FnOnce() -> Stats) -> Stats {
        if self.life.is_zero() {
            return fill();
        }
        let now = clock.now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, stats)) = kept.filter(|(stale, _)| now < *stale) {
            return stats;
        }
        let stats = fill();
        *kept = Some((later(now, self.life), stats));
        stats
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_ages_by_the_clock_and_from_the_request_that_filled_it() {
        let clock = MovableClock::default();
        clock.freeze();
        let cache = Cache::new(Duration::from_secs(300));
        let with = |current_conn| Stats { current_conn, ..Stats::default() };
        assert_eq!(cache.get(&clock, || with(0)), with(0));
        clock.advance(Duration::from_secs(299));
        assert_eq!(cache.get(&clock, || with(42)), with(0));
        clock.advance(Duration::from_secs(1));
        assert_eq!(cache.get(&clock, || with(42)), with(42));
    }
}
