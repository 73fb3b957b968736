//! The desk of the worker: what is in hand, and what is started next.
//!
//! A tenant's cloud is read by one gathering at a time. Groups that become due meanwhile share the next
//! one, so that thousands that change at once cost a few readings and not one each.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::task::{Id, JoinError, JoinSet};

use super::gather::{self, Gathered};
use super::{AFTER_FAULT, forget, heal, round, schedules};
use crate::app::App;
use crate::error::Error;
use crate::model::GroupKey;

/// What a task is about.
enum Job {
    /// Reading a tenant's cloud for some of its groups.
    Gather(String, Vec<GroupKey>),
    /// One round of a group.
    Round(GroupKey),
    /// Self-heal.
    Heal,
    /// Removing old history.
    Forget,
}

/// What a task has come to.
enum Done {
    Gathered(Arc<Gathered>),
    /// When the group is due next.
    Round(Option<Timestamp>),
    /// Nothing follows from it.
    Over,
}

/// The worker's memory between looks.
pub(super) struct Desk {
    app: App,
    tasks: JoinSet<Done>,
    jobs: HashMap<Id, Job>,
    /// Groups whose gathering or round is in hand or waited for.
    running: HashSet<GroupKey>,
    /// Those of them that were found due meanwhile: they may have become so after their round was written down.
    missed: HashSet<GroupKey>,
    /// Tenants whose cloud is being read, each with the groups that wait for the next reading.
    gathering: HashMap<String, Vec<GroupKey>>,
    hands: Arc<Semaphore>,
    next: Option<Timestamp>,
    heal_at: Option<Timestamp>,
    /// Before this self-heal is not hastened.
    heal_not_before: Timestamp,
    forget_at: Timestamp,
}

impl Desk {
    pub(super) fn new(app: App) -> Self {
        let hands = Arc::new(Semaphore::new(app.settings().converge.at_once));
        Self {
            tasks: JoinSet::new(),
            jobs: HashMap::new(),
            running: HashSet::new(),
            missed: HashSet::new(),
            gathering: HashMap::new(),
            hands,
            next: None,
            heal_at: heal::next(&app),
            heal_not_before: app.now(),
            forget_at: forget::next(&app),
            app,
        }
    }

    /// Whether nothing is in hand.
    pub(super) fn is_clear(&self) -> bool {
        self.tasks.is_empty()
    }

    /// When something is due next, as far as is known.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.next
    }

    /// Starts all that is due and learns when something is next.
    pub(super) async fn look(&mut self) {
        if let Err(error) = self.try_look().await {
            tracing::error!(error = %anyhow::Error::from(error), "the worker cannot read what is due");
            self.next = self.app.now().checked_add(AFTER_FAULT).ok();
        }
    }

    async fn try_look(&mut self) -> Result<(), Error> {
        let now = self.app.now();
        schedules::run_due(&self.app, now).await?;
        let mut rows = self.app.read().await?;
        self.take_up(rows.due_groups(now).await?);
        self.heal(now);
        self.forget(now);
        let due = rows.next_due(now).await?;
        self.next = due.into_iter().chain(self.heal_at).chain([self.forget_at]).min();
        Ok(())
    }

    /// Has these groups gathered for; those that are in hand already have their turn after that.
    fn take_up(&mut self, due: Vec<GroupKey>) {
        let mut fresh: HashMap<String, Vec<GroupKey>> = HashMap::new();
        for key in due {
            if self.running.insert(key.clone()) {
                fresh.entry(key.tenant.clone()).or_default().push(key);
            } else {
                self.missed.insert(key);
            }
        }
        for (tenant, keys) in fresh {
            match self.gathering.entry(tenant) {
                Entry::Occupied(mut waiting) => waiting.get_mut().extend(keys),
                Entry::Vacant(tenant) => {
                    let name = tenant.key().clone();
                    tenant.insert(Vec::new());
                    self.gather(name, keys);
                }
            }
        }
    }

    fn gather(&mut self, tenant: String, keys: Vec<GroupKey>) {
        let (app, job) = (self.app.clone(), Job::Gather(tenant.clone(), keys.clone()));
        self.start(
            job,
            async move { Done::Gathered(Arc::new(gather::for_groups(&app, &tenant, &keys).await)) },
        );
    }

    fn heal(&mut self, now: Timestamp) {
        let healing = self.jobs.values().any(|job| matches!(job, Job::Heal));
        if self.heal_at.is_some_and(|at| at <= now) && !healing {
            self.heal_at = heal::next(&self.app);
            self.heal_not_before = now.saturating_add(self.app.settings().converge.interval).unwrap_or(now);
            let app = self.app.clone();
            self.start(Job::Heal, async move {
                heal::all(&app).await;
                Done::Over
            });
        }
    }

    fn forget(&mut self, now: Timestamp) {
        if self.forget_at <= now {
            self.forget_at = forget::next(&self.app);
            let app = self.app.clone();
            self.start(Job::Forget, async move {
                forget::old_history(&app).await;
                Done::Over
            });
        }
    }

    fn start(&mut self, job: Job, work: impl Future<Output = Done> + Send + 'static) {
        let task = self.tasks.spawn(work);
        self.jobs.insert(task.id(), job);
    }

    /// Returns when a task has ended and what follows from it is started; never, if nothing is in hand.
    pub(super) async fn one_ends(&mut self) {
        match self.tasks.join_next_with_id().await {
            Some(ended) => self.finish(ended),
            None => std::future::pending().await,
        }
    }

    fn finish(&mut self, ended: Result<(Id, Done), JoinError>) {
        let (id, done) = match ended {
            Ok((id, done)) => (id, Some(done)),
            Err(error) => {
                tracing::error!(%error, "a task of the worker ended badly");
                (error.id(), None)
            }
        };
        match self.jobs.remove(&id) {
            Some(Job::Gather(tenant, keys)) => self.gathered(tenant, keys, done),
            Some(Job::Round(key)) => self.rounded(key, done),
            Some(Job::Heal | Job::Forget) | None => {}
        }
    }

    /// Begins the rounds of the groups that were gathered for, and the gathering that others wait for.
    fn gathered(&mut self, tenant: String, keys: Vec<GroupKey>, done: Option<Done>) {
        if let Some(Done::Gathered(gathered)) = done {
            for key in keys {
                if gathered.is_due(&key.group) {
                    self.round(key, Arc::clone(&gathered));
                } else {
                    self.release(key);
                }
            }
        } else {
            keys.into_iter().for_each(|key| self.put_off(key));
        }
        let waiting = self.gathering.remove(&tenant).unwrap_or_default();
        if !waiting.is_empty() {
            self.gathering.insert(tenant.clone(), Vec::new());
            self.gather(tenant, waiting);
        }
    }

    fn round(&mut self, key: GroupKey, gathered: Arc<Gathered>) {
        let (app, hands) = (self.app.clone(), Arc::clone(&self.hands));
        self.start(Job::Round(key.clone()), async move {
            // Closed when the worker stops: what has not begun is left to the next start.
            let Ok(_hand) = hands.acquire_owned().await else { return Done::Round(None) };
            Done::Round(round::run(&app, &gathered, &key).await)
        });
    }

    /// A group that is due again is taken up at once; to look for what is due would read all the others.
    fn rounded(&mut self, key: GroupKey, done: Option<Done>) {
        match done {
            Some(Done::Round(Some(due))) if due <= self.app.now() => {
                self.missed.insert(key.clone());
            }
            Some(Done::Round(due)) => self.next = self.next.into_iter().chain(due).min(),
            _ => return self.put_off(key),
        }
        self.release(key);
    }

    /// Lets go of a group, unless it is due again, or may be: the gathering tells.
    fn release(&mut self, key: GroupKey) {
        self.running.remove(&key);
        if self.missed.remove(&key) {
            self.take_up(vec![key]);
        }
    }

    /// Keeps a group whose task ended badly for a while: it is due still, and would end so again at once.
    fn put_off(&mut self, key: GroupKey) {
        let app = self.app.clone();
        self.start(Job::Round(key), async move {
            tokio::time::sleep(AFTER_FAULT).await;
            Done::Round(Some(app.now()))
        });
    }

    /// Has waiting groups looked at now, since something changed at the launcher, and the others soon: it
    /// may be one of their servers that died.
    pub(super) async fn hasten(&mut self) {
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

    /// Waits until the rounds in hand are finished; nothing follows from them any more.
    pub(super) async fn clear(&mut self) {
        self.hands.close();
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a task of the worker ended badly");
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
