//! Self-heal: looks at groups with nothing due and has those converged that are not as they should be.
//! A tenant's cloud is read once for all its groups.

use jiff::Timestamp;

use super::gather::{self, Gathered};
use super::round::rules;
use crate::app::App;
use crate::converge::{self, Wanted};
use crate::error::Error;
use crate::model::GroupKey;
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
    let now = app.now();
    let tenants = app.read().await?.tenants().await?;
    for tenant in tenants {
        let idle = app.read().await?.idle_groups(&tenant).await?;
        let gathered = gather::for_idle(app, &tenant, &idle).await;
        let ailing: Vec<GroupKey> =
            idle.into_iter().filter(|idle| ails(app, &gathered, idle, now)).map(|idle| idle.key).collect();
        if !ailing.is_empty() {
            app.change(move |rows| Box::pin(call(rows, ailing, now))).await?;
            app.ring();
        }
    }
    Ok(())
}

/// Whether a round would find something to do or to tell.
fn ails(app: &App, gathered: &Gathered, idle: &Idle, now: Timestamp) -> bool {
    let Ok(seen) = gathered.of(&idle.key.group, idle.known.clone()) else { return false };
    let desired = usize::try_from(idle.desired).unwrap_or_default();
    let plan = converge::plan(&Wanted { desired, deleting: false, draining: None }, &seen, now, &rules(app));
    let active = i64::try_from(plan.active.len()).unwrap_or(i64::MAX);
    !plan.steps.is_empty() || !plan.failures.is_empty() || active != idle.active
}

async fn call(rows: &mut dyn Rows, ailing: Vec<GroupKey>, now: Timestamp) -> Result<(), Error> {
    for key in ailing {
        // It may have been paused, deleted or triggered since it was looked at.
        let group = rows.group(&key).await?;
        let idle = group.filter(|group| group.progress.due.is_none() && !group.paused && !group.deleting);
        if let Some(mut group) = idle {
            service::trigger(&mut group, now);
            rows.save_state(&group).await?;
        }
    }
    Ok(())
}
