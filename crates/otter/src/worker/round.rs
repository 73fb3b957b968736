//! One round of one group: plan from what was gathered, carry out, write down how it went.

use std::time::Duration;

use jiff::Timestamp;

use super::effects;
use super::gather::{self, Gathered};
use crate::app::App;
use crate::converge::{self, Known, Past, Plan, Seen, Verdict, Wanted};
use crate::error::Error;
use crate::fault::Fault;
use crate::model::state::{Group, Status};
use crate::model::{Cause, Change, GroupKey, Launch};
use crate::store::Rows;

/// Runs it; returns when the group is due next, if it is. A fault of the store leaves it due.
pub(super) async fn run(app: &App, gathered: &Gathered, key: &GroupKey) -> Option<Timestamp> {
    match try_run(app, gathered, key).await {
        Ok(due) => due,
        Err(error) => {
            tracing::error!(group = key.group, error = %anyhow::Error::from(error), "a round was not finished");
            tokio::time::sleep(super::AFTER_FAULT).await;
            Some(app.now())
        }
    }
}

async fn try_run(app: &App, gathered: &Gathered, key: &GroupKey) -> Result<Option<Timestamp>, Error> {
    let Some((group, launch, last)) = load(app, key).await? else { return Ok(None) };
    let wish = gathered.wish(&key.group);
    // Held against an older cloud, a new wish would have other servers go than those that were asked to.
    if wish.is_some_and(|wish| wish.desired != group.desired) {
        return Ok(group.progress.due);
    }
    let wanted = wanted(&group, &launch);
    let (plan, faults) = match (gathered.of(&key.group, last.known), gathered.unread_stacks()) {
        (Err(fault), _) => (None, vec![fault]),
        (Ok(_), Some(fault)) if wanted.of_stacks => (None, vec![fault.clone()]),
        (Ok(seen), unread) => {
            let seen = Seen { past: last.past, ..seen };
            let plan = converge::plan(&wanted, &seen, gathered.at, &app.settings().converge);
            let mut faults = effects::carry_out(app, key, &launch, &plan).await;
            // A group of servers goes on without its stacks; it is not done, since it may have some from before.
            faults.extend(unread.cloned());
            (Some(plan), faults)
        }
    };
    let verdict = converge::judge(plan.as_ref().unwrap_or(&Plan::default()), &faults);
    tell(app, key, &verdict);
    let seen = wish.map_or(group.progress.wanted, |wish| wish.wanted);
    let finished = Finished { plan, faults, verdict, seen, changes: gathered.changes };
    let (key, writer) = (key.clone(), app.clone());
    app.change(move |rows| Box::pin(async move { write_down(rows, &key, finished, &writer).await })).await
}

fn tell(app: &App, key: &GroupKey, verdict: &Verdict) {
    app.metrics().converged(verdict);
    match verdict {
        Verdict::Replaced(reasons) | Verdict::Retry(reasons) | Verdict::Failed(reasons) => {
            tracing::warn!(group = key.group, reasons = reasons.join("; "), "a group is hindered");
        }
        Verdict::Done | Verdict::Again | Verdict::Limited(_) => {}
    }
}

/// What the last round left.
struct Last {
    /// What is remembered of the servers.
    known: Vec<Known>,
    /// What the group was.
    past: Past,
}

async fn load(app: &App, key: &GroupKey) -> Result<Option<(Group, Launch, Last)>, Error> {
    let mut rows = app.read().await?;
    let Some(group) = rows.group(key).await?.filter(|group| group.progress.due.is_some()) else {
        return Ok(None);
    };
    let Some(launch) = rows.launch(key).await? else { return Ok(None) };
    let known = rows.known_servers(key).await?;
    let in_service = rows.active_servers(key).await?.into_iter().map(|server| server.id);
    // One that failed is in service no more, and may wait for its turn at a balancer before it goes.
    let once = known.iter().filter(|known| known.served).map(|known| known.id.clone());
    let past = Past { served: in_service.chain(once).collect(), failing: group.progress.failures > 0 };
    Ok(Some((group, launch, Last { known, past })))
}

fn wanted(group: &Group, launch: &Launch) -> Wanted {
    let draining = launch.draining_timeout().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let desired = usize::try_from(group.desired).unwrap_or_default();
    Wanted { desired, of_stacks: launch.stack().is_some(), deleting: group.deleting, draining }
}

/// When there may be something new to see: at once, if the launcher tells of changes and there were
/// some or steps were taken; else after the interval, or when a drain ends before that. Where something is in the
/// way it is the interval always, or rounds would follow each other as fast as they fail.
///
/// Asked while this group is written: a change after that finds the group waiting and hastens it, one
/// before that is seen here. None falls between the two.
fn soonest(app: &App, finished: &Finished, now: Timestamp) -> Timestamp {
    let after = now.saturating_add(app.settings().converge.interval).unwrap_or(Timestamp::MAX);
    if matches!(finished.verdict, Verdict::Replaced(_) | Verdict::Retry(_)) {
        return after;
    }
    let plan = finished.plan.as_ref();
    let stepped = plan.is_some_and(|plan| !plan.steps.is_empty());
    if finished.changes.is_some() && (stepped || gather::changes(app) != finished.changes) {
        return now;
    }
    plan.and_then(|plan| plan.look_again).map_or(after, |drained| drained.clamp(now, after))
}

/// What a round has come to.
struct Finished {
    /// `None` if the cloud could not be read.
    plan: Option<Plan>,
    faults: Vec<Fault>,
    verdict: Verdict,
    /// The wish that it set out to fulfil: the one from before the cloud was read, since what came after
    /// that may have changed the cloud as well.
    seen: i64,
    /// The launcher's count of changes when the cloud was read.
    changes: Option<u64>,
}

async fn write_down(
    rows: &mut dyn Rows,
    key: &GroupKey,
    finished: Finished,
    app: &App,
) -> Result<Option<Timestamp>, Error> {
    let now = app.now();
    let Some(mut group) = rows.group(key).await? else { return Ok(None) };
    // A deletion that came meanwhile is not served by this round, which may have left servers.
    if group.deleting && group.progress.wanted == finished.seen && finished.verdict == Verdict::Done {
        rows.remove_group(key).await?;
        return Ok(None);
    }
    if let Some(plan) = &finished.plan {
        let known = converge::remembered(plan, &finished.faults);
        rows.save_servers(key, &plan.active, &known).await?;
    }
    let before = group.clone();
    let next = (soonest(app, &finished, now), &app.settings().converge);
    converge::apply(&mut group, finished.verdict, finished.seen, now, next);
    if (group.status, &group.errors) != (before.status, &before.errors) {
        rows.note(key, &status_change(&group, now)).await?;
    }
    rows.save_state(&group).await?;
    Ok(group.progress.due)
}

fn status_change(group: &Group, now: Timestamp) -> Change {
    let reasons = group.errors.join("; ");
    let message = match group.status {
        Status::Active if reasons.is_empty() => "convergence works again".to_owned(),
        Status::Active => format!("in the way for now: {reasons}"),
        Status::Error => reasons,
    };
    let (from, to) = (group.desired, group.desired);
    Change { at: now, cause: Cause::Convergence, from, to, by: None, refused: None, message: Some(message) }
}
