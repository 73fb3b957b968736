//! Commands on policies.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::visible;
use crate::app::App;
use crate::error::Error;
use crate::model::{GroupKey, Policy, PolicyKey, Problems, StoredPolicy};
use crate::store::Rows;

/// Tells which of the policies would never be due.
pub(super) fn check_times(policies: &[Policy], path: &str, now: Timestamp, problems: &mut Problems) {
    for (at, policy) in policies.iter().enumerate() {
        if let Err(what) = policy.first_run(now) {
            problems.tell(&format!("{path}[{at}]"), what);
        }
    }
}

/// A new policy with an id and its first time.
pub(super) fn stored(policy: Policy, now: Timestamp) -> StoredPolicy {
    // A time that has passed since it was checked is due at once: it was in the future when asked for.
    let due = policy.first_run(now).unwrap_or(Some(now));
    StoredPolicy { id: Uuid::new_v4().to_string(), policy, touched: None, due }
}

/// Adds policies to a group, all or none.
///
/// # Errors
/// When the body is wrong, the group is not there, or has too many.
pub async fn create(app: &App, key: GroupKey, body: &Value) -> Result<Vec<StoredPolicy>, Error> {
    let mut problems = Problems::default();
    let read = Policy::read_list("policies", body, 1, &mut problems);
    if let Some(policies) = &read {
        check_times(policies, "policies", app.now(), &mut problems);
    }
    let policies = problems.settle(read).map_err(|problems| Error::Validation(problems.to_string()))?;
    let (now, most) = (app.now(), app.settings().limits.max_policies_per_group);
    app.command(move |rows| {
        Box::pin(async move {
            visible(rows, &key).await?;
            if rows.count_policies(&key).await? + policies.len() as u64 > most {
                return Err(Error::PoliciesOverLimit { most });
            }
            let added: Vec<_> = policies.into_iter().map(|policy| stored(policy, now)).collect();
            for policy in &added {
                rows.insert_policy(&key, policy).await?;
            }
            Ok(added)
        })
    })
    .await
}

/// Replaces a policy; its type stays what it was.
///
/// # Errors
/// When the body is wrong, or the policy is not there or of another type.
pub async fn replace(app: &App, key: PolicyKey, body: &Value) -> Result<(), Error> {
    let mut problems = Problems::default();
    let policy = Policy::read("policy", body, &mut problems);
    if let Some(Err(what)) = policy.as_ref().map(|policy| policy.first_run(app.now())) {
        problems.tell("policy", what);
    }
    let policy = problems.settle(policy).map_err(|problems| Error::Validation(problems.to_string()))?;
    let now = app.now();
    app.command(move |rows| Box::pin(overwrite(rows, key, policy, now))).await
}

async fn overwrite(rows: &mut dyn Rows, key: PolicyKey, policy: Policy, now: Timestamp) -> Result<(), Error> {
    let mut kept = find(rows, &key).await?;
    if kept.policy.kind_word() != policy.kind_word() {
        return Err(Error::Validation(format!("type: is {} and cannot be changed", kept.policy.kind_word())));
    }
    let renewed = stored(policy, now);
    (kept.policy, kept.due) = (renewed.policy, renewed.due);
    Ok(rows.save_policy(&key.group, &kept).await?)
}

/// Removes a policy with its webhooks.
///
/// # Errors
/// When it is not there.
pub async fn delete(app: &App, key: PolicyKey) -> Result<(), Error> {
    app.change(move |rows| {
        Box::pin(async move {
            visible(rows, &key.group).await?;
            if rows.remove_policy(&key).await? { Ok(()) } else { Err(Error::NoSuchPolicy(key.policy)) }
        })
    })
    .await
}

/// A policy of a group that its tenant can see.
///
/// # Errors
/// When either is not there.
pub async fn find(rows: &mut dyn Rows, key: &PolicyKey) -> Result<StoredPolicy, Error> {
    visible(rows, &key.group).await?;
    rows.policy(key).await?.ok_or_else(|| Error::NoSuchPolicy(key.policy.clone()))
}
