//! From records to notices: what a pass leaves to be told is told at once, or put into the outbox to be sent.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::conditions::Memory;
use super::notice::{Address, Notice};
use super::outbox::Outbox;
use super::remembered::Remembered;
use super::{Notifier, Watch};
use crate::model::{Condition, Interest};
use crate::record::Record;

/// How long a single pass spends on its notices, after all else is done.
pub const BUDGET: Duration = Duration::from_secs(10);

/// Everything that is told of passes, and to whom.
pub struct Notices {
    watches: Vec<Watch>,
    remembered: Remembered,
    outbox: Outbox,
    /// Rung when something was put into the outbox.
    pub(super) posted: Notify,
}

impl Notices {
    /// Notices to `watches`, with the outbox and what was told before in `state_dir`. In a dry run only those are
    /// told who want to know what it would do, and what they were told before is kept apart.
    pub fn new(watches: Vec<Watch>, state_dir: &Path, dry_run: bool) -> Notices {
        let watches = if dry_run { watches.into_iter().filter_map(rehearsed).collect() } else { watches };
        let remembered = Remembered::new(state_dir.join(if dry_run { "notices-dry-run" } else { "notices" }));
        let outbox = Outbox::new(state_dir.join("outbox"));
        Notices { watches, remembered, outbox, posted: Notify::new() }
    }

    /// Takes in what a pass over a group found. `before` is the pass before it: if that one was ended before it
    /// could tell of its move, it is told now. Whatever fails here is logged, and fails nothing else.
    ///
    /// Call it while the group is held: what was told is read, changed and written.
    pub async fn take(&self, group_key: &str, before: Option<&Record>, record: &Record) {
        let concerned = |watch: &&Watch| concerns(&watch.interest, &record.group);
        let concerned: Vec<&Watch> = self.watches.iter().filter(concerned).collect();
        if concerned.is_empty() {
            return;
        }
        let mut memories = self.remembered.of(group_key);
        let found = memories.clone();
        for watch in concerned {
            let missed = before.filter(|before| {
                memories.get(&watch.name).is_some_and(|memory| Some(before.time) > memory.moved)
            });
            let memory = memories.entry(watch.name.clone()).or_default();
            for record in missed.into_iter().chain([record]) {
                self.tell(watch, group_key, memory, record).await;
            }
        }
        if memories != found {
            self.remembered.keep(group_key, &memories);
        }
    }

    async fn tell(&self, watch: &Watch, group_key: &str, memory: &mut Memory, record: &Record) {
        let to = Address { notifier: &watch.name, group_key };
        for event in memory.take(&watch.interest, record) {
            let notice = Notice::new(&to, &event, &watch.interest, record);
            if watch.notifier.is_instant() {
                tell_at_once(watch.notifier.as_ref(), &notice).await;
            } else {
                self.post(&watch.name, &notice);
            }
        }
    }

    fn post(&self, notifier: &str, notice: &Notice) {
        match self.outbox.put(notifier, notice) {
            Ok(()) => self.posted.notify_one(),
            Err(error) => {
                tracing::error!("notifier {notifier:?} will not be told {:?}: {error}", notice.title)
            }
        }
    }

    /// Sends what waits and is due, until `until` if that is said. Returns how long the rest may wait; none if
    /// nothing is left. What could not be sent is logged, and kept or given up as the outbox says.
    pub async fn send(&self, until: Option<Instant>) -> Option<Duration> {
        self.outbox.deliver(&self.watches, until).await
    }
}

/// Whether a notifier can want anything of a group.
fn concerns(interest: &Interest, group: &str) -> bool {
    interest.when.iter().any(|condition| interest.wants(*condition, group))
}

/// What is left of a notifier in a dry run.
fn rehearsed(mut watch: Watch) -> Option<Watch> {
    let told = BTreeSet::from([Condition::DryRunWouldScale, Condition::Recovered]);
    watch.interest.when = watch.interest.when.intersection(&told).copied().collect();
    watch.interest.when.contains(&Condition::DryRunWouldScale).then_some(watch)
}

async fn tell_at_once(notifier: &dyn Notifier, notice: &Notice) {
    if let Err(error) = notifier.notify(notice).await {
        tracing::error!("{:?} could not be told: {error}", notice.title);
    }
}
