//! Schedules: runs the policies whose time has come. A run and the writing of the next time are one
//! transaction, so none is lost and none is run twice.

use jiff::Timestamp;

use crate::app::App;
use crate::error::Error;
use crate::model::{Cause, PolicyKey};
use crate::service::execute;
use crate::store::Rows;

/// Schedules that are run in one transaction.
const AT_ONCE: u32 = 100;

/// Runs all that are due at `now`.
pub(super) async fn run_due(app: &App, now: Timestamp) -> Result<(), Error> {
    // Looked at without a transaction first: most turns of the worker are not about schedules.
    while !app.read().await?.due_policies(now, 1).await?.is_empty() {
        app.change(move |rows| Box::pin(run_some(rows, now))).await?;
    }
    Ok(())
}

async fn run_some(rows: &mut dyn Rows, now: Timestamp) -> Result<(), Error> {
    for (key, due) in rows.due_policies(now, AT_ONCE).await? {
        run_one(rows, &key, due, now).await?;
    }
    Ok(())
}

/// Occurrences that were missed while the service was stopped are one run, late; history shows the
/// time it was for.
async fn run_one(rows: &mut dyn Rows, key: &PolicyKey, due: Timestamp, now: Timestamp) -> Result<(), Error> {
    let next = match rows.policy(key).await? {
        // An `at` that has passed has no next time, which is no fault here.
        Some(policy) => policy.policy.first_run(now).unwrap_or(None),
        None => None,
    };
    rows.save_policy_due(key, next).await?;
    let cause = Cause::Schedule { policy_id: key.policy.clone(), due };
    match execute::run(rows, key, cause, None, now).await {
        Err(error @ Error::Store(_)) => Err(error),
        // A refusal is in the group's history; the schedule goes on.
        Err(refusal) => {
            tracing::info!(group = key.group.group, policy = key.policy, %refusal, "a scheduled run was refused");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}
