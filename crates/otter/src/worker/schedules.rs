//! Schedules: runs the policies whose time has come. A run and the writing of the next time are one
//! transaction, so none is lost and none is run twice. One that cannot be read is set aside and holds up no
//! other.

use jiff::Timestamp;

use crate::app::App;
use crate::error::Error;
use crate::model::{Cause, GroupKey, PolicyKey};
use crate::service::execute;
use crate::store::Rows;

/// Schedules that are run in one transaction.
const AT_ONCE: u32 = 100;

/// Runs all that are due at `now`, unless the operator has stopped them.
pub(super) async fn run_due(app: &App, now: Timestamp) -> Result<(), Error> {
    // Looked at without a transaction first: most turns of the worker are not about schedules.
    while app.scheduler().runs() && !app.read().await?.due_policies(now, 1).await?.is_empty() {
        for result in app.change(move |rows| Box::pin(run_some(rows, now))).await? {
            app.metrics().executed(&result);
        }
    }
    Ok(())
}

async fn run_some(rows: &mut dyn Rows, now: Timestamp) -> Result<Vec<Result<(), Error>>, Error> {
    let mut results = Vec::new();
    for (key, due) in rows.due_policies(now, AT_ONCE).await? {
        results.push(run_one(rows, &key, due, now).await?);
    }
    Ok(results)
}

async fn run_one(
    rows: &mut dyn Rows,
    key: &PolicyKey,
    due: Timestamp,
    now: Timestamp,
) -> Result<Result<(), Error>, Error> {
    match try_one(rows, key, due, now).await {
        Err(error @ Error::Store(_)) => Err(error),
        Err(Error::Internal(why)) => {
            let GroupKey { tenant, group } = &key.group;
            let error = format!("{why:#}");
            tracing::error!(tenant, group, policy = key.policy, error, "a schedule is set aside");
            rows.set_policy_aside(key, due).await?;
            Ok(Err(Error::Internal(why)))
        }
        result => Ok(result),
    }
}

/// Occurrences that were missed while the service was stopped are one run, late; history shows the
/// time it was for. A refusal is in the group's history, and the schedule goes on.
async fn try_one(rows: &mut dyn Rows, key: &PolicyKey, due: Timestamp, now: Timestamp) -> Result<(), Error> {
    let next = match rows.policy(key).await? {
        // An `at` that has passed has no next time, which is no fault here.
        Some(policy) => policy.policy.first_run(now).unwrap_or(None),
        None => None,
    };
    rows.save_policy_due(key, next).await?;
    let cause = Cause::Schedule { policy_id: key.policy.clone(), due };
    execute::run(rows, key, cause, None, now).await
}
