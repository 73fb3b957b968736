//! One pass over one group, under its lock.

use std::borrow::Cow;

use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use super::{Controller, Group};
use crate::decide::decide;
use crate::decide::verdict::Verdict;
use crate::journal::{Entry, Fault, Guard, State, digest};
use crate::model::{Change, Fleet, NoReading, Observation, Outcome, Reading, Rules, Unreadable};
use crate::record::{Pass, Progress, Record, Settled};
use crate::scaler::{Detail, Scaled, Seen};
use crate::tick::Tick;

const TOO_LATE: &str = "the pass reached its deadline";

/// A group held for this pass: what is written to its journal is folded into its state at once.
struct Ledger<'a> {
    guard: Box<dyn Guard>,
    state: State,
    /// The group's rules as they are at this pass.
    rules: Cow<'a, Rules>,
}

impl Ledger<'_> {
    async fn write(&mut self, entries: Vec<Entry>) -> Result<(), Fault> {
        self.guard.append(&entries).await?;
        entries.iter().for_each(|entry| self.state.fold(entry));
        Ok(())
    }
}

impl Controller {
    /// One pass, whatever happens: a group that cannot be worked has a record that says so.
    pub(super) async fn pass(&self, group: &Group, tick: Tick) -> Record {
        let not_passed = |reason, explanation: &str, error| {
            Record::not_passed(&group.name, tick.at, reason, explanation.to_owned(), error)
        };
        match self.locked_pass(group, &tick).await {
            Ok(record) => record,
            Err(Fault::Locked) => not_passed("locked", "Another pass is working this group.", None),
            Err(Fault::Broken(why)) => {
                let explanation = "The group's journal cannot be used; the pass ended there.";
                let record = not_passed("journal_unusable", explanation, Some(why));
                self.notices.take(&group.key, None, &record).await;
                record
            }
        }
    }

    async fn locked_pass(&self, group: &Group, tick: &Tick) -> Result<Record, Fault> {
        let mut guard = self.journal.lock(&group.key).await?;
        let state = guard.recall().await?;
        let mut ledger = Ledger { guard, state, rules: group.rules.at(tick.at) };
        let seen = observe(group, tick, ledger.state.last.as_deref()).await;
        settle_open(&mut ledger, &seen).await?;
        let pass = judge(group, tick, &ledger, seen).await;
        let before = last_move(group, &ledger.state);
        let progress = self.write_and_act(group, tick, &mut ledger, &pass).await?;
        // Without a checkpoint the next pass reads more; it forgets nothing.
        if let Err(fault) = ledger.guard.checkpoint(&ledger.state).await {
            tracing::warn!(group = group.name, "the journal has no new checkpoint: {fault}");
        }
        let record = Record::new(&group.name, &ledger.rules, &pass, &progress);
        // While the group is held, so that no other pass tells the same.
        self.notices.take(&group.key, before.as_ref(), &record).await;
        Ok(record)
    }

    /// Journals the pass; if it decided a move, journals its beginning, makes it, and journals its outcome.
    async fn write_and_act(
        &self,
        group: &Group,
        tick: &Tick,
        ledger: &mut Ledger<'_>,
        pass: &Pass,
    ) -> Result<Progress, Fault> {
        let mut entries = Vec::new();
        if !ledger.state.ruled || ledger.state.rules != *ledger.rules {
            entries.push(Entry::Rules { at: tick.at, rules: Box::new(ledger.rules.clone().into_owned()) });
        }
        entries.push(Entry::Pass { pass: Box::new(pass.clone()), memory: digest(&ledger.state.memory) });
        let Verdict::Scale(change, _) = &pass.decision.verdict else {
            ledger.write(entries).await?;
            return Ok(Progress::default());
        };
        self.make(group, tick, ledger, change, entries).await
    }

    /// Makes a move, execution by execution: each is written down before and after, the first together with
    /// `entries`. One that was not simply taken is the last. Once something was made, that is told whatever
    /// becomes of the journal.
    async fn make(
        &self,
        group: &Group,
        tick: &Tick,
        ledger: &mut Ledger<'_>,
        change: &Change,
        mut entries: Vec<Entry>,
    ) -> Result<Progress, Fault> {
        let mut progress = Progress::default();
        for execution in change.each() {
            entries.push(Entry::Started { at: tick.at, change: execution.clone() });
            if let Err(fault) = ledger.write(std::mem::take(&mut entries)).await {
                return told_of(progress, fault);
            }
            progress.begin(&execution);
            let (settled, written) = self.execute(group, tick, ledger, &execution).await;
            let goes_on = written && settled.outcome.is_as_wished() && Instant::now() < tick.deadline;
            progress.settle(settled);
            if !goes_on {
                break;
            }
        }
        Ok(progress)
    }

    /// One execution and its outcome, and whether that is in the journal. What was done is told even if it
    /// cannot be written; `Started` stands, so it counts as made.
    async fn execute(
        &self,
        group: &Group,
        tick: &Tick,
        ledger: &mut Ledger<'_>,
        change: &Change,
    ) -> (Settled, bool) {
        let Scaled { outcome, error } = self.act(group, tick, change).await;
        let mut settled = Settled { at: Timestamp::now(), outcome, error };
        let Err(fault) = ledger.write(vec![Entry::Settled(settled.clone())]).await else {
            return (settled, true);
        };
        let error = settled.error.take().map_or(String::new(), |error| format!("{error}; "));
        settled.error = Some(format!("{error}the outcome is not in the journal: {fault}"));
        (settled, false)
    }

    async fn act(&self, group: &Group, tick: &Tick, change: &Change) -> Scaled {
        if self.dry_run {
            return Scaled { outcome: Outcome::DryRun, error: None };
        }
        let late = Scaled { outcome: Outcome::Unknown, error: Some(TOO_LATE.to_owned()) };
        timeout_at(tick.deadline, group.scaler.scale(tick, change)).await.unwrap_or(late)
    }
}

/// The record of the pass before, if it made a move: should it have been killed, nobody was told yet.
fn last_move(group: &Group, state: &State) -> Option<Record> {
    let last = state.last.as_ref().filter(|last| matches!(last.decision.verdict, Verdict::Scale(..)))?;
    Some(Record::new(&group.name, &state.rules, last, &state.progress))
}

/// A move that ends since no further execution can be written down: what was made of it, if anything was.
fn told_of(mut progress: Progress, fault: Fault) -> Result<Progress, Fault> {
    match &mut progress.settled {
        Some(settled) => {
            settled.error = Some(format!("the next one cannot be written into the journal: {fault}"));
            Ok(progress)
        }
        None => Err(fault),
    }
}

/// If the answer to an earlier move was lost, settles it by what desired capacity is now.
async fn settle_open(ledger: &mut Ledger<'_>, seen: &Observation) -> Result<(), Fault> {
    match (&ledger.state.memory.open, &seen.fleet) {
        (Some(_), Ok(fleet)) => {
            let found = Entry::Found { at: seen.at, desired: fleet.desired };
            ledger.write(vec![found]).await
        }
        _ => Ok(()),
    }
}

/// Decides; and if a move would rest on remembered details, reads those anew and decides again.
async fn judge(group: &Group, tick: &Tick, ledger: &Ledger<'_>, seen: Observation) -> Pass {
    let (rules, memory) = (&ledger.rules, &ledger.state.memory);
    let decision = decide(rules, memory, &seen);
    let remembered = seen.fleet.as_ref().is_ok_and(|fleet| fleet.details_at != seen.at);
    if !remembered || matches!(decision.verdict, Verdict::Hold(_)) {
        return Pass { seen, decision };
    }
    let fleet = fleet(group, tick, Detail::Anew).await;
    let seen = assemble(group, tick, seen.reading, fleet);
    Pass { decision: decide(rules, memory, &seen), seen }
}

/// Reads the group and its load, both at the same time.
pub(super) async fn observe(group: &Group, tick: &Tick, last: Option<&Pass>) -> Observation {
    let remembered = last.and_then(|last| last.seen.fleet.as_ref().ok());
    let (reading, fleet) =
        futures::join!(reading(group, tick), fleet(group, tick, Detail::Remembered(remembered)));
    assemble(group, tick, reading, fleet)
}

async fn reading(group: &Group, tick: &Tick) -> Result<Reading, NoReading> {
    let late = Err(NoReading::Missing(TOO_LATE.to_owned()));
    timeout_at(tick.deadline, group.monitor.read(tick)).await.unwrap_or(late)
}

async fn fleet(group: &Group, tick: &Tick, detail: Detail<'_>) -> Result<Seen, Unreadable> {
    let late = Err(Unreadable::Failed(TOO_LATE.to_owned()));
    timeout_at(tick.deadline, group.scaler.fleet(tick, detail)).await.unwrap_or(late)
}

fn assemble(
    group: &Group,
    tick: &Tick,
    reading: Result<Reading, NoReading>,
    seen: Result<Seen, Unreadable>,
) -> Observation {
    let nodes = reading.as_ref().ok().and_then(|reading| reading.nodes);
    let capacity = match &seen {
        Ok(seen) => group.capacity.capacity(seen, nodes, &group.fixed),
        Err(why) => Err(NoReading::NoCapacity(why.to_string())),
    };
    let fleet: Result<Fleet, Unreadable> = seen.map(|seen| seen.fleet);
    Observation { at: tick.at, fleet, reading, capacity }
}
