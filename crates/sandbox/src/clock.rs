//! The clock room: the sandbox's own time, which a test can move and stop.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;
use otter::clock::Clock;
use tokio::sync::watch;

/// A clock that starts at the machine's time and can be moved forward and stopped.
///
/// Everything in the sandbox that has a time of its own goes by it: tokens, boots, cached statistics,
/// cooldowns and schedules. What crosses a socket does not: latency and service times are real.
#[derive(Debug)]
pub struct MovableClock {
    hands: Mutex<Hands>,
    moved: watch::Sender<()>,
}

#[derive(Debug)]
struct Hands {
    /// The time shown at `since`.
    shown: Timestamp,
    since: Instant,
    frozen: bool,
}

impl Hands {
    fn now(&self) -> Timestamp {
        if self.frozen { self.shown } else { later(self.shown, self.since.elapsed()) }
    }

    fn set(&mut self, shown: Timestamp, frozen: bool) {
        *self = Self { shown, since: Instant::now(), frozen };
    }
}

/// `when` plus `by`, or the end of time.
pub(crate) fn later(when: Timestamp, by: Duration) -> Timestamp {
    when.checked_add(by).unwrap_or(Timestamp::MAX)
}

impl Default for MovableClock {
    fn default() -> Self {
        let hands = Hands { shown: Timestamp::now(), since: Instant::now(), frozen: false };
        Self { hands: Mutex::new(hands), moved: watch::Sender::new(()) }
    }
}

impl MovableClock {
    /// Moves the clock forward. Whoever waits for an instant that has now come is woken.
    pub fn advance(&self, by: Duration) {
        self.turn(|hands| hands.set(later(hands.now(), by), hands.frozen));
    }

    /// Stops the clock: only [`MovableClock::advance`] moves it from now on.
    pub fn freeze(&self) {
        self.turn(|hands| hands.set(hands.now(), true));
    }

    /// Lets the clock run on from where it stands.
    pub fn thaw(&self) {
        self.turn(|hands| hands.set(hands.now(), false));
    }

    /// `after` from now.
    pub fn after(&self, after: Duration) -> Timestamp {
        later(self.now(), after)
    }

    fn turn(&self, change: impl FnOnce(&mut Hands)) {
        change(&mut self.hands());
        self.moved.send_replace(());
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long the machine has to wait for `when`; `None` on a stopped clock, zero if it has come.
    fn wait(&self, when: Timestamp) -> Option<Duration> {
        let hands = self.hands();
        let left = Duration::try_from(when.duration_since(hands.now())).unwrap_or_default();
        if hands.frozen && !left.is_zero() { None } else { Some(left) }
    }
}

#[async_trait]
impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        self.hands().now()
    }

    async fn until(&self, when: Timestamp) {
        let mut moved = self.moved.subscribe();
        loop {
            moved.borrow_and_update();
            let wait = self.wait(when);
            if wait == Some(Duration::ZERO) {
                return;
            }
            tokio::select! {
                _ = moved.changed() => {}
                () = sleep(wait) => {}
            }
        }
    }
}

async fn sleep(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn advancing_a_stopped_clock_wakes_who_waits() {
        let clock = Arc::new(MovableClock::default());
        clock.freeze();
        let start = clock.now();
        let hour = Duration::from_secs(3600);
        let waiting = tokio::spawn({
            let clock = Arc::clone(&clock);
            async move { clock.until(start + hour).await }
        });
        clock.advance(hour / 2);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        clock.advance(hour / 2);
        waiting.await.unwrap();
        assert_eq!(clock.now(), start + hour);
    }

    #[tokio::test]
    async fn a_running_clock_keeps_what_it_was_moved_by() {
        let clock = MovableClock::default();
        let start = clock.now();
        clock.advance(Duration::from_secs(60));
        assert!(clock.now() >= start + Duration::from_secs(60));
        clock.until(clock.after(Duration::from_millis(1))).await;
    }
}
