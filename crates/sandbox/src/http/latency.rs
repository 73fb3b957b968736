//! The delay that every answer gets, in real time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A delay per request, which can be set while the services run.
#[derive(Debug, Default)]
pub struct Latency(AtomicU64);

impl Latency {
    /// Delays every request from now on; zero for none. Whole microseconds count.
    pub fn set(&self, delay: Duration) {
        self.0.store(u64::try_from(delay.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(crate) async fn pass(&self) {
        let micros = self.0.load(Ordering::Relaxed);
        if micros > 0 {
            tokio::time::sleep(Duration::from_micros(micros)).await;
        }
    }
}
