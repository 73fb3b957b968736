//! Executing a policy: the one command that all callers of the service are here for.

use jiff::Timestamp;

use super::{line, trigger, visible};
use crate::app::App;
use crate::engine::{self, Refusal};
use crate::error::Error;
use crate::model::history::Caller;
use crate::model::{Cause, PolicyKey};
use crate::store::Rows;

/// Executes a policy for a user or a capability. Desired capacity, the touched times, history and the
/// mark that convergence is due are one transaction.
///
/// # Errors
/// When it was refused, or the group or policy is not there.
pub async fn execute(app: &App, key: PolicyKey, cause: Cause, by: Option<Caller>) -> Result<(), Error> {
    let clock = app.clock();
    // The time is read inside the transaction: executions of one group are in order of it.
    let done = app
        .command(move |rows| {
            Box::pin(async move {
                let now = clock.now();
                run(rows, &key, cause, by, now).await
            })
        })
        .await;
    app.metrics().executed(&done);
    done
}

/// The same within a transaction that is under way.
///
/// # Errors
/// Those of [`execute`].
pub async fn run(
    rows: &mut dyn Rows,
    key: &PolicyKey,
    cause: Cause,
    by: Option<Caller>,
    now: Timestamp,
) -> Result<(), Error> {
    let mut group = visible(rows, &key.group).await?;
    let policy = rows.policy(key).await?;
    let mut change = line(&group, cause, by, now);
    let result = engine::execute(&group, &key.policy, policy.as_ref(), now);
    match &result {
        Ok(desired) => {
            change.to = *desired;
            group.desired = *desired;
            group.touched = Some(now);
            rows.touch_policy(key, now).await?;
        }
        // What does not exist has no history.
        Err(Refusal::NoSuchPolicy(_)) => return Err(Error::NoSuchPolicy(key.policy.clone())),
        Err(refusal) => change.refuse(refusal.error_type(), refusal),
    }
    if result.as_ref().err().is_none_or(Refusal::still_converges) {
        trigger(&mut group, now);
        rows.save_state(&group).await?;
    }
    rows.note(&key.group, &change).await?;
    result.map(|_| ()).map_err(Error::Refused)
}
