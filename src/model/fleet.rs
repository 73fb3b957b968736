//! The fleet: a scaling group as its service describes it, and the ways it can be moved.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The scaling group as its service describes it now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fleet {
    /// Servers in service.
    pub active: u32,
    /// Servers asked for.
    pub desired: u32,
    /// The group's own limits.
    pub limits: Limits,
    /// Whether the group refuses every change for now.
    pub paused: bool,
    /// The group's own words when it is in ERROR.
    pub trouble: Option<String>,
    /// The group's pause between any two executions.
    pub cooldown: Duration,
    /// The ways this group can be moved.
    pub moves: Moves,
    /// The flavor of the servers it launches, if it tells.
    pub flavor: Option<String>,
    /// When limits, cooldowns, moves and flavor were read; the other members are as of the pass.
    pub details_at: Timestamp,
}

/// A closed range of servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// At least so many.
    pub min: u32,
    /// At most so many.
    pub max: u32,
}

/// The ways a group can be moved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moves {
    /// To any number within the limits.
    Exact,
    /// Only by the listed policies.
    Steps(Vec<Step>),
}

impl Moves {
    /// The listed policies; none where the group goes to any number.
    pub fn steps(&self) -> &[Step] {
        match self {
            Moves::Exact => &[],
            Moves::Steps(steps) => steps,
        }
    }
}

/// One scaling policy of the cloud that the settings allow for a direction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The policy's id.
    pub id: String,
    /// The policy's name.
    pub name: String,
    /// The direction it was listed for.
    pub direction: Direction,
    /// What it does to desired capacity.
    pub effect: Effect,
    /// The policy's own pause between two executions.
    pub cooldown: Duration,
}

/// Which way a group moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More servers.
    Up,
    /// Fewer servers.
    Down,
}

/// What a policy does to desired capacity (Autoscale v1.0: change, changePercent, desiredCapacity).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Add so many servers, or remove them if negative.
    Change(i64),
    /// Add so many percent, rounded away from zero.
    Percent(f64),
    /// Go to exactly this number.
    Desired(u64),
}
