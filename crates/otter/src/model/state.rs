//! What the service keeps of a group and of its policies.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{GroupConfig, Policy};
use crate::launcher::Link;

/// Names a group.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupKey {
    /// Whose it is.
    pub tenant: String,
    /// Its id.
    pub group: String,
}

/// Names a policy.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PolicyKey {
    /// The group it belongs to.
    pub group: GroupKey,
    /// Its id.
    pub policy: String,
}

/// A group as it is stored, without the two parts that may be large: its launch configuration and
/// the list of its servers.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its name in the service.
    pub key: GroupKey,
    /// What the user said of it.
    pub config: GroupConfig,
    /// How many servers it is to have.
    pub desired: i64,
    /// When a policy was last executed.
    pub touched: Option<Timestamp>,
    /// Whether the user has paused it.
    pub paused: bool,
    /// Whether the account is suspended.
    pub suspended: bool,
    /// Whether it is on its way out; nobody but the operator sees it then.
    pub deleting: bool,
    /// Whether convergence works.
    pub status: Status,
    /// Why not, in sentences for a person; for one that works, what is in its way for now.
    pub errors: Vec<String>,
    /// How many of its servers are in service, as last seen.
    pub active: i64,
    /// Where convergence is.
    pub progress: Progress,
}

impl Group {
    /// A new group: as many servers as its minimum, and nothing for convergence to do yet.
    pub fn new(key: GroupKey, config: GroupConfig) -> Self {
        Self {
            desired: config.min_entities.into(),
            key,
            config,
            touched: None,
            paused: false,
            suspended: false,
            deleting: false,
            status: Status::Active,
            errors: Vec::new(),
            active: 0,
            progress: Progress::default(),
        }
    }
}

/// Whether convergence of a group works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// It does.
    Active,
    /// It met a terminal failure.
    Error,
}

impl Status {
    /// The word for it in the API and in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Error => "ERROR",
        }
    }
}

/// A server in service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveServer {
    /// The launcher's id of it.
    pub id: String,
    /// Links to it.
    pub links: Vec<Link>,
}

/// Where the convergence of a group is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Rises with every trigger, so that one which comes while a round is under way is not taken for
    /// served by that round.
    pub wanted: i64,
    /// When the group is to be looked at; `None` when there is nothing to do.
    pub due: Option<Timestamp>,
    /// Rounds in a row that ended in a limited retry.
    pub retries: u32,
    /// Failures in a row: terminal ones, and servers that had to be replaced.
    pub failures: u32,
}

/// A policy as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredPolicy {
    /// Its id.
    pub id: String,
    /// What the user said of it.
    pub policy: Policy,
    /// When it was last executed.
    pub touched: Option<Timestamp>,
    /// When its schedule is due next.
    pub due: Option<Timestamp>,
}
