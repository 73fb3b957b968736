//! Self-heal: looks at groups with nothing due and has those converged that are not as they should be.
//! A tenant's cloud is read once for all its groups.

use jiff::Timestamp;

use super::gather::{self, Gathered};
use super::unclaimed;
use crate::app::App;
use crate::converge::{self, Seen, Step, Wanted};
use crate::error::Error;
use crate::fault::Fault;
use crate::model::{Group, GroupKey};
use crate::service;
use crate::store::{Idle, Rows};

/// When it is due next; never, if it is turned off.
pub(super) fn next(app: &App) -> Option<Timestamp> {
    let every = app.settings().converge.self_heal;
    (!every.is_zero()).then(|| app.now().saturating_add(every).unwrap_or(Timestamp::MAX))
}

/// Looks at all tenants, one after the other.
pub(super) async fn all(app: &App) {
    if let Err(error) = try_all(app).await {
        tracing::error!(error = %anyhow::Error::from(error), "self-heal cannot read the groups");
    }
}

async fn try_all(app: &App) -> Result<(), Error> {
    let tenants = app.read().await?.tenants().await?;
    for tenant in tenants {
        // What cannot be read of one is no reason to leave the others alone.
        if let Err(error) = one(app, &tenant).await {
            tracing::error!(tenant, error = %anyhow::Error::from(error), "self-heal cannot read all of a tenant");
        }
    }
    Ok(())
}

/// Looks at a tenant's groups, and at last for servers without a group: their owners may be what cannot be read.
async fn one(app: &App, tenant: &str) -> Result<(), Error> {
    let now = app.now();
    let idle = app.read().await?.idle_groups(tenant).await?;
    let gathered = gather::for_idle(app, tenant, &idle).await;
    let (ailing, unseen) = examine(app, &gathered, idle, now);
    if let Some(fault) = unseen {
        tracing::warn!(tenant, %fault, "self-heal cannot see some groups");
    }
    if !ailing.is_empty() {
        app.change(move |rows| Box::pin(call(rows, ailing, now))).await?;
        app.ring();
    }
    unclaimed::tell(app, tenant, &gathered).await
}

/// The groups that are not as they should be, and why others could not be seen, if so: the first reason.
fn examine(
    app: &App,
    gathered: &Gathered,
    idle: Vec<Idle>,
    now: Timestamp,
) -> (Vec<GroupKey>, Option<Fault>) {
    let (mut ailing, mut unseen) = (Vec::new(), None);
    for group in idle {
        match look(gathered, &group) {
            Ok(seen) if ails(app, &seen, &group, now) => ailing.push(group.key),
            Ok(_) => {}
            Err(fault) => unseen = unseen.or(Some(fault)),
        }
    }
    (ailing, unseen)
}

/// What was seen of a group. One with servers is looked at also if no stacks could be read.
fn look<'g>(gathered: &'g Gathered, group: &Idle) -> Result<Seen<'g>, Fault> {
    let seen = gathered.of(&group.key.group, group.known.clone())?;
    match gathered.unread_stacks() {
        Some(fault) if seen.servers.is_empty() => Err(fault.clone()),
        _ => Ok(seen),
    }
}

/// Whether a round would find something to do or to tell. That good stacks could be checked and updated once
/// more is nothing: it would never end.
fn ails(app: &App, seen: &Seen<'_>, idle: &Idle, now: Timestamp) -> bool {
    let desired = usize::try_from(idle.desired).unwrap_or_default();
    // One that should have stacks and has none lacks servers as well, and is called for that.
    let of_stacks = !seen.stacks.is_empty();
    let wanted = Wanted { desired, of_stacks, deleting: false, draining: None };
    let plan = converge::plan(&wanted, seen, now, &app.settings().converge);
    let active = i64::try_from(plan.active.len()).unwrap_or(i64::MAX);
    !plan.steps.iter().all(Step::is_care) || !plan.failures.is_empty() || active != idle.active
}

async fn call(rows: &mut dyn Rows, ailing: Vec<GroupKey>, now: Timestamp) -> Result<(), Error> {
    for key in ailing {
        // It may have been paused, suspended, deleted or triggered since it was looked at.
        let group = rows.group(&key).await?;
        let idle = |group: &Group| {
            group.progress.due.is_none() && !group.paused && !group.suspended && !group.deleting
        };
        if let Some(mut group) = group.filter(idle) {
            service::trigger(&mut group, now);
            rows.save_state(&group).await?;
        }
    }
    Ok(())
}
