//! One line of a group's history: who or what changed desired capacity, or tried to, and why not.

use std::fmt::Display;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A change of desired capacity, a refusal, or something else that a user would look for when asking
/// why the group is as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// What set it off.
    pub cause: Cause,
    /// Desired capacity before.
    pub from: i64,
    /// Desired capacity after; the same as before when nothing changed.
    pub to: i64,
    /// Who asked, if somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Caller>,
    /// The error type of the refusal, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// More about it, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Change {
    /// Notes that it was refused.
    pub fn refuse(&mut self, kind: &str, why: &impl Display) {
        self.refused = Some(kind.to_owned());
        self.message = Some(why.to_string());
    }
}

/// What set a change off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Cause {
    /// The group was created.
    Created,
    /// A user executed a policy.
    Policy {
        /// Which.
        policy_id: String,
    },
    /// A capability was used.
    Webhook {
        /// The policy it executes.
        policy_id: String,
        /// Which webhook.
        webhook_id: String,
    },
    /// A policy's time came.
    Schedule {
        /// Which.
        policy_id: String,
        /// The time it was for; later runs than this are runs made up for after a stop.
        due: Timestamp,
    },
    /// The group's configuration was replaced.
    Config,
    /// A user had a server deleted.
    ServerDeleted {
        /// Which.
        server_id: String,
    },
    /// The group was paused.
    Paused,
    /// The group was resumed.
    Resumed,
    /// The operator suspended the tenant.
    Suspended,
    /// The operator took the suspension back.
    Reinstated,
    /// The group was deleted; its servers go.
    Deleted,
    /// Convergence failed for good or works again.
    Convergence,
}

/// Who asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The user, as identity names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The program, from its User-Agent: `loadscale/0.1.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}
