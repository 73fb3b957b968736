//! The clock room: the one place where the service asks what time it is.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

/// Tells the time and lets a task sleep by it. A test or a sandbox hands in one that it can move.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;

    /// Returns once `now()` is at or after `when`; at once if it already is.
    async fn until(&self, when: Timestamp);
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn until(&self, when: Timestamp) {
        // The wall clock can be set while we sleep, so a sleep is never longer than a minute before
        // it looks again.
        const LOOK_AGAIN: Duration = Duration::from_secs(60);
        while let Ok(left) = Duration::try_from(when.duration_since(Timestamp::now())) {
            if left.is_zero() {
                break;
            }
            tokio::time::sleep(left.min(LOOK_AGAIN)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_moment_that_has_passed_is_not_waited_for() {
        SystemClock.until(Timestamp::UNIX_EPOCH).await;
        SystemClock.until(Timestamp::now()).await;
    }
}
