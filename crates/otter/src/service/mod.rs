//! What can be done with groups, policies and webhooks: each command is one transaction around a
//! pure decision. HTTP, capabilities and schedules all come through here.

pub mod execute;
pub mod groups;
pub mod launch;
pub mod policies;
pub mod scheduler;
pub mod servers;
pub mod tenants;
mod turns;
pub mod webhooks;

use jiff::Timestamp;

use crate::error::Error;
use crate::model::{Cause, Change, Group, GroupKey, history::Caller};
use crate::store::Rows;
pub(crate) use turns::Turns;

/// A group that its tenant can see.
///
/// # Errors
/// When there is none.
pub async fn visible(rows: &mut dyn Rows, key: &GroupKey) -> Result<Group, Error> {
    let group = rows.group(key).await?.filter(|group| !group.deleting);
    group.ok_or_else(|| Error::NoSuchGroup(key.group.clone()))
}

/// Marks a group as due for convergence, now and from the start.
pub fn trigger(group: &mut Group, now: Timestamp) {
    group.progress.wanted += 1;
    group.progress.due = Some(now);
    group.progress.retries = 0;
    group.progress.failures = 0;
}

/// A line of history for something that leaves desired capacity as it is, unless changed after.
fn line(group: &Group, cause: Cause, by: Option<Caller>, now: Timestamp) -> Change {
    Change { at: now, cause, from: group.desired, to: group.desired, by, refused: None, message: None }
}
