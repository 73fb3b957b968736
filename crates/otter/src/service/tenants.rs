//! What the operator does with all groups of a tenant: suspends them, as when an account is not paid for,
//! and takes that back.

use jiff::Timestamp;

use super::{line, trigger};
use crate::app::App;
use crate::error::Error;
use crate::model::{Cause, Group};
use crate::store::{Page, Rows};

/// Suspends a tenant's groups, or takes that back; returns how many groups the tenant has. Suspended groups
/// keep their servers and refuse whatever would change their number. Groups that are created later are not
/// suspended: whether an account may still sign in is for the identity service to say.
///
/// # Errors
/// When the store is not available.
pub async fn suspend(app: &App, tenant: String, suspended: bool) -> Result<usize, Error> {
    let clock = app.clock();
    app.command(move |rows| {
        Box::pin(async move {
            let groups = rows.groups_shown(&tenant, &Page::ALL).await?;
            let count = groups.len();
            for (group, _) in groups.into_iter().filter(|(group, _)| group.suspended != suspended) {
                set(rows, group, suspended, clock.now()).await?;
            }
            Ok(count)
        })
    })
    .await
}

/// Self-heal has not looked at a suspended group, so it is converged as soon as it is none.
async fn set(rows: &mut dyn Rows, mut group: Group, suspended: bool, now: Timestamp) -> Result<(), Error> {
    group.suspended = suspended;
    if !suspended && !group.paused {
        trigger(&mut group, now);
    }
    let cause = if suspended { Cause::Suspended } else { Cause::Reinstated };
    rows.note(&group.key, &line(&group, cause, None, now)).await?;
    Ok(rows.save_state(&group).await?)
}
