//! PURE: what an execution does to a group. A state, a policy and the time go in; a new desired
//! capacity or a refusal comes out.
//!
//! The order of the objections is the API's: suspended, paused, no such policy, the policy's
//! cooldown, the group's cooldown, no change.

use jiff::Timestamp;

use crate::model::{Adjustment, Group, GroupConfig, StoredPolicy};
use crate::percent;

/// Why a policy was not executed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The account is suspended.
    #[error("the account of this group is suspended")]
    Suspended,
    /// The group is paused.
    #[error("the group is paused")]
    Paused,
    /// There is no such policy.
    #[error("there is no policy {0}")]
    NoSuchPolicy(String),
    /// The policy was executed too short a while ago.
    #[error("the policy's cooldown is not over for another {left:.3} seconds")]
    PolicyCooldown {
        /// Seconds until it is over.
        left: f64,
    },
    /// Another policy was executed too short a while ago.
    #[error("the group's cooldown is not over for another {left:.3} seconds")]
    GroupCooldown {
        /// Seconds until it is over.
        left: f64,
    },
    /// Desired capacity would stay as it is.
    #[error("desired capacity stays at {desired}: no change within minEntities and maxEntities")]
    NoChange {
        /// As it is.
        desired: i64,
    },
}

impl Refusal {
    /// The error type that the API has for it.
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Suspended => "TenantSuspendedError",
            Self::Paused => "GroupPausedError",
            Self::NoSuchPolicy(_) => "NoSuchPolicyError",
            Self::PolicyCooldown { .. } | Self::GroupCooldown { .. } | Self::NoChange { .. } => {
                "CannotExecutePolicyError"
            }
        }
    }

    /// Whether convergence is set off nevertheless: an execution that is refused by cooldowns or
    /// limits repairs missing servers all the same.
    pub fn still_converges(&self) -> bool {
        self.error_type() == "CannotExecutePolicyError"
    }
}

/// The desired capacity after the policy `id` (which is `policy`, if there is one) is executed at `now`.
///
/// # Errors
/// The first objection.
pub fn execute(
    group: &Group,
    id: &str,
    policy: Option<&StoredPolicy>,
    now: Timestamp,
) -> Result<i64, Refusal> {
    may_act(group)?;
    let policy = policy.ok_or_else(|| Refusal::NoSuchPolicy(id.to_owned()))?;
    if let Some(left) = cooling(policy.touched, policy.policy.cooldown_seconds(), now) {
        return Err(Refusal::PolicyCooldown { left });
    }
    if let Some(left) = cooling(group.touched, f64::from(group.config.cooldown), now) {
        return Err(Refusal::GroupCooldown { left });
    }
    let wanted = clamp(&group.config, adjusted(group.desired, &policy.policy.adjustment));
    if wanted == group.desired {
        return Err(Refusal::NoChange { desired: group.desired });
    }
    Ok(wanted)
}

/// Whether the group may be acted on by execution or forced convergence.
///
/// # Errors
/// When it is suspended or paused.
pub fn may_act(group: &Group) -> Result<(), Refusal> {
    in_good_standing(group)?;
    if group.paused {
        return Err(Refusal::Paused);
    }
    Ok(())
}

/// Whether the number of the group's servers may be changed by hand, as it may while it is paused.
///
/// # Errors
/// When it is suspended.
pub fn in_good_standing(group: &Group) -> Result<(), Refusal> {
    if group.suspended { Err(Refusal::Suspended) } else { Ok(()) }
}

/// A number of servers, brought inside the group's limits; the fewest win over the most.
pub fn clamp(config: &GroupConfig, wanted: i64) -> i64 {
    wanted.min(config.max_entities.into()).max(config.min_entities.into())
}

fn adjusted(desired: i64, adjustment: &Adjustment) -> i64 {
    match adjustment {
        Adjustment::Change(by) => desired.saturating_add(*by),
        Adjustment::ChangePercent(percent) => desired.saturating_add(percent::share(desired, percent)),
        Adjustment::DesiredCapacity(to) => *to,
    }
}

/// Seconds of a cooldown that are left; `None` when it is over, as it is at the very second of its end, and when
/// it began further ahead than it lasts: the clock was set back, and nobody is to wait for all of that again.
fn cooling(touched: Option<Timestamp>, cooldown: f64, now: Timestamp) -> Option<f64> {
    let passed = now.duration_since(touched?).as_secs_f64();
    (-cooldown <= passed && passed < cooldown).then_some(cooldown - passed)
}
