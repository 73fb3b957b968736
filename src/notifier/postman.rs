//! The postman: empties the outbox beside the passes of a run that goes on.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::notices::{BUDGET, Notices};

/// How long an empty outbox is left alone, in case another process fills it and cannot send.
const ROUND: Duration = Duration::from_secs(60);

/// A task that sends. Dropped, it finishes what it has in hand and ends.
pub struct Postman {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Postman {
    /// Starts sending what `notices` leave.
    pub fn employ(notices: Arc<Notices>) -> Postman {
        let (stop, stopped) = watch::channel(false);
        Postman { stop, task: tokio::spawn(rounds(notices, stopped)) }
    }

    /// Ends it, after a last round that takes no longer than a single pass would spend on it.
    pub async fn retire(self) {
        self.stop.send_replace(true);
        let Postman { stop, mut task } = self;
        if timeout(BUDGET, &mut task).await.is_err() {
            tracing::warn!("the outbox is not empty; the next run sends the rest");
            task.abort();
        }
        drop(stop);
    }
}

async fn rounds(notices: Arc<Notices>, mut stopped: watch::Receiver<bool>) {
    loop {
        let rest = notices.send(None).await.unwrap_or(ROUND).min(ROUND);
        tokio::select! {
            biased;
            // An error means that the postman was dropped.
            _ = stopped.wait_for(|stop| *stop) => break,
            () = notices.posted.notified() => {}
            () = sleep(rest) => {}
        }
    }
    notices.send(Some(Instant::now() + BUDGET)).await;
}
