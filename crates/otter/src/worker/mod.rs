//! The worker: does what is due, and sleeps until something is. One loop hands out the work: schedules
//! first, then groups to be converged, then self-heal; rounds run beside it.
//!
//! Read [`run`] first, then `schedules`, `gather` (reading the cloud), `round` (one group), `effects`
//! (changing the cloud) and `heal`.

mod effects;
mod gather;
mod heal;
mod round;
mod schedules;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Mutex, Notify, Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::error::Error;
use crate::model::GroupKey;
use gather::Gathered;

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

/// What a task of the worker has finished.
enum Done {
    /// The gathering for these groups; their rounds can begin.
    Gather(Arc<Gathered>, Vec<GroupKey>),
    /// A group's round.
    Round(GroupKey),
    /// Self-heal.
    Heal,
}

/// The worker's memory between turns.
struct Desk {
    app: App,
    tasks: JoinSet<Done>,
    running: HashSet<GroupKey>,
    hands: Arc<Semaphore>,
    heal_at: Option<Timestamp>,
    /// Before this self-heal is not hastened.
    heal_not_before: Timestamp,
}

/// Works until told to stop; then finishes the rounds in hand.
pub(crate) async fn run(app: App, mut bench: Bench) {
    let mut changes = app.launcher().changes();
    let mut desk = Desk::new(app);
    while !bench.stop.is_cancelled() {
        let asked = *bench.asked.borrow_and_update();
        // What changed before somebody asked for all to be done is part of that.
        if has_changed(&mut changes) {
            desk.hasten().await;
        }
        let next = match desk.turn().await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(error = %anyhow::Error::from(error), "the worker cannot read what is due");
                desk.app.now().checked_add(AFTER_FAULT).ok()
            }
        };
        if desk.tasks.is_empty() {
            bench.settled.send_replace(asked);
        }
        tokio::select! {
            () = bench.stop.cancelled() => {}
            () = bench.bell.notified() => {}
            () = until(&desk.app, next) => {}
            () = changed(&mut changes) => desk.hasten().await,
            Some(done) = desk.tasks.join_next() => desk.finish(done),
        }
    }
    while let Some(done) = desk.tasks.join_next().await {
        if let Ok(Done::Gather(..)) | Err(_) = done {
            tracing::debug!("groups are left to the next start");
        }
    }
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

impl Desk {
    fn new(app: App) -> Self {
        let hands = Arc::new(Semaphore::new(app.settings().converge.at_once));
        let heal_at = heal::next(&app);
        let heal_not_before = app.now();
        Self { app, tasks: JoinSet::new(), running: HashSet::new(), hands, heal_at, heal_not_before }
    }

    /// Starts all that is due; returns when something is next.
    async fn turn(&mut self) -> Result<Option<Timestamp>, Error> {
        while let Some(done) = self.tasks.try_join_next() {
            self.finish(done);
        }
        let now = self.app.now();
        schedules::run_due(&self.app, now).await?;
        let mut by_tenant: BTreeMap<String, Vec<GroupKey>> = BTreeMap::new();
        let mut rows = self.app.read().await?;
        for key in rows.due_groups(now).await? {
            if self.running.insert(key.clone()) {
                by_tenant.entry(key.tenant.clone()).or_default().push(key);
            }
        }
        for (tenant, keys) in by_tenant {
            let app = self.app.clone();
            self.tasks.spawn(async move {
                let gathered = gather::for_groups(&app, &tenant, &keys).await;
                Done::Gather(Arc::new(gathered), keys)
            });
        }
        self.heal(now);
        let next = rows.next_due(now).await?;
        Ok(next.into_iter().chain(self.heal_at).min())
    }

    fn heal(&mut self, now: Timestamp) {
        if self.heal_at.is_some_and(|at| at <= now) {
            self.heal_at = heal::next(&self.app);
            self.heal_not_before = now.saturating_add(self.app.settings().converge.interval).unwrap_or(now);
            let app = self.app.clone();
            self.tasks.spawn(async move {
                heal::all(&app).await;
                Done::Heal
            });
        }
    }

    fn finish(&mut self, done: Result<Done, tokio::task::JoinError>) {
        match done {
            Ok(Done::Gather(gathered, keys)) => {
                for key in keys {
                    let (app, gathered) = (self.app.clone(), Arc::clone(&gathered));
                    let hands = Arc::clone(&self.hands);
                    self.tasks.spawn(async move {
                        // The semaphore is never closed; without a permit the round would do no harm.
                        let _hand = hands.acquire_owned().await;
                        round::run(&app, &gathered, &key).await;
                        Done::Round(key)
                    });
                }
            }
            Ok(Done::Round(key)) => {
                self.running.remove(&key);
            }
            Ok(Done::Heal) => {}
            Err(error) => {
                // Whose round it was is not known; none is taken for running that may not be.
                tracing::error!(%error, "a round of convergence ended badly");
                self.running.clear();
            }
        }
    }

    /// Has waiting groups looked at now, since something changed at the launcher, and the others soon: it
    /// may be one of their servers that died.
    async fn hasten(&mut self) {
        self.heal_at = self.heal_at.map(|at| at.min(self.heal_not_before));
        let clock = self.app.clock();
        let done = self
            .app
            .change(move |rows| Box::pin(async move { Ok(rows.hasten_groups(clock.now()).await?) }))
            .await;
        if let Err(error) = done {
            tracing::error!(%error, "waiting groups cannot be marked as due");
        }
    }
}
