//! The worker: does what is due, and sleeps until something is. One loop hands out the work: schedules
//! first, then groups to be converged, then self-heal; rounds run beside it.
//!
//! Read [`run`] first, then `desk` (what is in hand), `schedules`, `gather` (reading the cloud), `round` (one
//! group), `effects` and `stacks` (changing the cloud), `heal`, `unclaimed` and `forget`.

mod desk;
mod effects;
mod forget;
mod gather;
mod heal;
mod round;
mod schedules;
mod stacks;
mod unclaimed;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Mutex, Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use desk::Desk;

/// The pause after the store failed.
const AFTER_FAULT: Duration = Duration::from_secs(1);

/// A handle to the worker.
pub(crate) struct Worker {
    bell: Arc<Notify>,
    stop: CancellationToken,
    asked: watch::Sender<u64>,
    settled: watch::Receiver<u64>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// The worker's own ends of the handle.
pub(crate) struct Bench {
    bell: Arc<Notify>,
    stop: CancellationToken,
    asked: watch::Receiver<u64>,
    settled: watch::Sender<u64>,
}

/// A handle, and what [`run`] needs to listen to it.
pub(crate) fn prepare() -> (Worker, Bench) {
    let (bell, stop) = (Arc::new(Notify::new()), CancellationToken::new());
    let (asked, asked_end) = watch::channel(0);
    let (settled_end, settled) = watch::channel(0);
    let bench = Bench { bell: Arc::clone(&bell), stop: stop.clone(), asked: asked_end, settled: settled_end };
    (Worker { bell, stop, asked, settled, task: Mutex::new(None) }, bench)
}

impl Worker {
    /// Starts the task. Called once.
    pub(crate) fn start(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Ok(mut task) = self.task.try_lock() {
            *task = Some(tokio::spawn(work));
        }
    }

    /// Has it look whether something is due.
    pub(crate) fn ring(&self) {
        self.bell.notify_one();
    }

    /// Returns when it has found nothing to do at an instant after this call.
    pub(crate) async fn settled(&self) {
        let mut number = 0;
        self.asked.send_modify(|asked| {
            *asked += 1;
            number = *asked;
        });
        self.ring();
        // An error means that the worker has ended: nothing will be done any more.
        let _ = self.settled.clone().wait_for(|settled| *settled >= number).await;
    }

    /// Whether its task is alive.
    pub(crate) fn works(&self) -> bool {
        // Locked only while it is being stopped.
        self.task.try_lock().is_ok_and(|task| task.as_ref().is_some_and(|task| !task.is_finished()))
    }

    /// Has it end without waiting for it.
    pub(crate) fn halt(&self) {
        self.stop.cancel();
    }

    /// Waits until the rounds in hand are finished and ends the task.
    pub(crate) async fn stop(&self) {
        self.halt();
        if let Some(task) = self.task.lock().await.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the worker ended badly");
        }
    }
}

/// Works until told to stop; then finishes the rounds in hand.
pub(crate) async fn run(app: App, mut bench: Bench) {
    let mut changes = app.launcher().changes();
    let mut desk = Desk::new(app.clone());
    let mut woken = true;
    while !bench.stop.is_cancelled() {
        let asked = *bench.asked.borrow_and_update();
        // What changed before somebody asked for all to be done is part of that.
        if has_changed(&mut changes) {
            desk.hasten().await;
            woken = true;
        }
        if std::mem::take(&mut woken) || desk.is_clear() {
            desk.look().await;
        }
        if desk.is_clear() {
            bench.settled.send_replace(asked);
        }
        let next = desk.next();
        tokio::select! {
            () = bench.stop.cancelled() => {}
            () = bench.bell.notified() => woken = true,
            () = until(&app, next) => woken = true,
            () = changed(&mut changes) => {
                desk.hasten().await;
                woken = true;
            }
            () = desk.one_ends() => {}
        }
    }
    desk.clear().await;
}

async fn until(app: &App, when: Option<Timestamp>) {
    match when {
        Some(when) => app.clock().until(when).await,
        None => std::future::pending().await,
    }
}

fn has_changed(changes: &mut Option<watch::Receiver<u64>>) -> bool {
    changes.as_mut().is_some_and(|changes| {
        let changed = changes.has_changed().unwrap_or(false);
        changes.mark_unchanged();
        changed
    })
}

async fn changed(changes: &mut Option<watch::Receiver<u64>>) {
    let over = match changes {
        Some(changes) => changes.changed().await.is_err(),
        None => true,
    };
    if over {
        *changes = None;
        std::future::pending::<()>().await;
    }
}
