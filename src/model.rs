//! The nouns: plain data that every other room speaks of. No I/O, no clock, no async.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

mod change;
mod notice;
mod strategy;

pub use change::{Change, Outcome, PolicyRef};
pub use notice::{Condition, Interest, Severity};
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

/// One measurement by a monitor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// What was measured.
    pub signal: Signal,
    /// The earliest and latest instant it can stem from.
    pub taken: Window,
    /// The balancers it adds up, if it comes from balancers.
    pub balancers: Vec<BalancerLoad>,
    /// The servers behind the balancers; none if the monitor does not see servers.
    pub nodes: Option<Nodes>,
    /// The heartbeat it was judged by, if it comes from heartbeats: the worst of all pages'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beat: Option<Beat>,
}

/// What a monitor yields: a load that capacity divides, or a judgement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Signal {
    /// Work that must be carried whatever the fleet's size, such as active connections.
    Demand {
        /// In active connections.
        load: f64,
    },
    /// High, right or low by the monitor's own measure, such as a response time.
    Level {
        /// The judgement.
        level: Level,
        /// What it was judged by, in milliseconds.
        value: f64,
    },
}

/// On which side of the band a group is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Too much work for the servers.
    High,
    /// Neither.
    Right,
    /// Too little work for the servers.
    Low,
}

impl Level {
    /// The level in one word.
    pub fn name(self) -> &'static str {
        match self {
            Level::High => "high",
            Level::Right => "right",
            Level::Low => "low",
        }
    }
}

/// The instants between which a reading was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Not before this.
    pub earliest: Timestamp,
    /// Not after this.
    pub latest: Timestamp,
}

/// One balancer's share of a reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BalancerLoad {
    /// The cloud's id.
    pub id: String,
    /// The cloud's name.
    pub name: String,
    /// Active connections, plain and TLS together.
    pub connections: u64,
}

/// One page's answer to a heartbeat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Beat {
    /// The page.
    pub url: String,
    /// What was wrong with the answer, in which case it is high however soon it came.
    pub error: Option<String>,
    /// The milliseconds that the name took; none where none was looked up.
    pub dns: Option<f64>,
    /// The milliseconds that the connection took, TLS included; none where one was open.
    pub connect: Option<f64>,
}

/// The distinct servers behind the listed balancers, fixed ones included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nodes {
    /// Enabled, online and primary on at least one balancer.
    pub serving: u32,
    /// Meant to serve but offline on every balancer they are on.
    pub offline: u32,
    /// All that are on a balancer, whatever their condition.
    pub total: u32,
}

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
