//! The intake of requests: open until the service stops; then it turns new ones away and waits for those
//! in hand.

use std::time::Duration;

use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::error::Error;

/// How long requests in hand get when the service stops.
const LAST_REQUESTS: Duration = Duration::from_secs(30);

/// Knows which requests are in hand.
#[derive(Default)]
pub(crate) struct Intake(TaskTracker);

impl Intake {
    /// Takes a request in hand, until what is returned is dropped.
    ///
    /// # Errors
    /// [`Error::Stopping`] once it is closed.
    pub(crate) fn take(&self) -> Result<TaskTrackerToken, Error> {
        // Counted before the look: a request that comes while it is closed is waited for or turned away.
        let token = self.0.token();
        if self.0.is_closed() { Err(Error::Stopping) } else { Ok(token) }
    }

    /// Takes nothing more; returns when nothing is in hand, or has been for too long.
    pub(crate) async fn close(&self) {
        self.0.close();
        if tokio::time::timeout(LAST_REQUESTS, self.0.wait()).await.is_err() {
            tracing::warn!(requests = self.0.len(), "some requests were not finished");
        }
    }
}
