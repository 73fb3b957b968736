//! The nouns: plain data that every other room speaks of. No I/O, no clock, no async.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

mod change;
mod fleet;
mod notice;
mod reading;
mod strategy;

pub use change::{Change, Outcome, PolicyRef};
pub use fleet::{Direction, Effect, Fleet, Limits, Moves, Step};
pub use notice::{Condition, Interest, Severity};
pub use reading::{BalancerLoad, Beat, Level, Nodes, Reading, Signal, Window};
pub use strategy::{Pace, Strategy, TargetTracking};

/// What the user set for one group; the settings page of the documentation explains each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// Utilization (load / capacity of the serving servers) above which the group is too small.
    pub scale_up_above: f64,
    /// Utilization below which the group is too large.
    pub scale_down_below: f64,
    /// Readings in a row above the band before a move up.
    pub scale_up_after: u32,
    /// Readings in a row below the band before a move down.
    pub scale_down_after: u32,
    /// Our own pause after a move; the cloud's own cooldowns always count besides.
    pub cooldown: Duration,
    /// What stands for `cooldown` before a move up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_up_cooldown: Option<Duration>,
    /// What stands for `cooldown` before a move down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_down_cooldown: Option<Duration>,
    /// Servers that a move adds or removes where the scaler goes to any number; none to go straight to what is
    /// needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub increment: Option<u32>,
    /// A reading that may be older than this is not used.
    pub stats_max_age: Duration,
    /// How long a server asked for counts as coming after desired capacity last rose.
    pub boot_timeout: Duration,
    /// Our own lower limit in servers, beside the group's.
    pub min: Option<u32>,
    /// Our own upper limit in servers, beside the group's.
    pub max: Option<u32>,
    /// What decides how many servers a load calls for.
    #[serde(default)]
    pub strategy: Strategy,
    /// The rules of target tracking; a forecast falls back to them while it knows too little.
    #[serde(default)]
    pub tracking: TargetTracking,
    /// How long a server takes from being asked for to serving; none to go by the boots that were seen.
    #[serde(default)]
    pub boot: Option<Duration>,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            scale_up_above: 1.0,
            scale_down_below: 0.8,
            scale_up_after: 1,
            scale_down_after: 1,
            cooldown: Duration::ZERO,
            scale_up_cooldown: None,
            scale_down_cooldown: None,
            increment: None,
            stats_max_age: Duration::from_secs(10 * 60),
            boot_timeout: Duration::from_secs(15 * 60),
            min: None,
            max: None,
            strategy: Strategy::default(),
            tracking: TargetTracking::default(),
            boot: None,
        }
    }
}

impl Rules {
    /// Our own pause between the last move, whichever way it went, and one in `direction`.
    pub fn cooldown_before(&self, direction: Direction) -> Duration {
        let own = match direction {
            Direction::Up => self.scale_up_cooldown,
            Direction::Down => self.scale_down_cooldown,
        };
        own.unwrap_or(self.cooldown)
    }

    /// The tightest of a group's limits and these rules'; where they contradict, the lower limit wins as it does
    /// in the Autoscale service.
    pub fn limits_within(&self, group: Limits) -> Limits {
        let min = self.min.map_or(group.min, |ours| ours.max(group.min));
        let max = self.max.map_or(group.max, |ours| ours.min(group.max));
        Limits { min, max: max.max(min) }
    }
}

/// Everything that one pass saw of one group, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The instant of the pass. The core reads no other clock.
    pub at: Timestamp,
    /// The scaling group, or why it could not be read.
    pub fleet: Result<Fleet, Unreadable>,
    /// What the monitor measured, or why there is nothing to go by.
    pub reading: Result<Reading, NoReading>,
    /// What the servers carry; an error when a flavor has no known capacity.
    pub capacity: Result<Capacity, NoReading>,
}

/// What the servers carry, in the unit of the load.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Capacity {
    /// Servers of the group that serve, the fixed ones not counted.
    pub servers: u32,
    /// What those carry together.
    pub serving: f64,
    /// What the fixed servers on the same balancers carry.
    pub fixed: f64,
    /// What one more server of the launch configuration's flavor carries.
    pub per_server: f64,
}

impl Capacity {
    /// What everything that serves now carries.
    pub fn total(&self) -> f64 {
        self.serving + self.fixed
    }
}

/// Why the scaling group could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreadable {
    /// The cloud refused the sign-in.
    SignInRefused(String),
    /// Anything else; the text says what was asked and what came back.
    Failed(String),
}

/// Why there is no reading to decide on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoReading {
    /// It could not be had; the text says what was asked and what came back.
    Missing(String),
    /// The balancer is being changed and gives no statistics until that is done.
    Changing(String),
    /// It was had, but what its servers carry is not known.
    NoCapacity(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::SignInRefused(why) | Unreadable::Failed(why) => f.write_str(why),
        }
    }
}

impl fmt::Display for NoReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoReading::Missing(why) | NoReading::Changing(why) | NoReading::NoCapacity(why) => {
                f.write_str(why)
            }
        }
    }
}

/// Time from `earlier` to `later`; zero if the clock went back.
pub fn elapsed(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or(Duration::ZERO)
}
