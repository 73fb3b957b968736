//! What `decide` says: a move and why, or a hold and why, with one word for machines. `words` has the sentences.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::aim::Aim;
use super::memory::ByOthers;
use crate::model::{Change, Direction, Unreadable};

/// The answer to one observation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Servers the load needs, before limits; none without a usable load.
    pub needed: Option<u32>,
    /// The move or the hold.
    pub verdict: Verdict,
    /// Why servers that were asked for no longer count as coming, if they do not.
    pub written_off: Option<WrittenOff>,
    /// What others have changed since the last look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_others: Option<ByOthers>,
}

/// A move or a hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Change desired capacity.
    Scale(Change, Cause),
    /// Leave it.
    Hold(Hold),
}

/// Why a group is moved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Desired capacity is outside the limits in force.
    OutsideLimits {
        /// Desired capacity as found.
        desired: u32,
        /// The nearest limit.
        bound: u32,
    },
    /// The strategy holds another size for right.
    Aim {
        /// Which way the group must go.
        direction: Direction,
        /// Servers that serve, and those that count as coming.
        there: u32,
        /// The sizes that are right.
        aim: Aim,
        /// Servers that are still lacking after the move, as far as the limits have room for them.
        #[serde(default)]
        lacking: u32,
    },
    /// The load is above the band, or below it.
    Band {
        /// Which way the group must go.
        direction: Direction,
        /// What was measured.
        found: Found,
    },
}

/// The side of the band a pass found, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// A load against what serves.
    Load {
        /// In active connections.
        load: f64,
        /// What everything that serves carries.
        capacity: f64,
    },
    /// A monitor's own judgement.
    Level {
        /// What it judged by, in milliseconds.
        value: f64,
    },
}

/// Why a group is left as it is. Their order here is the order in which `decide` asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// The scaling group could not be read.
    FleetUnreadable(Unreadable),
    /// The group refuses every change for now.
    Paused,
    /// No reading can be decided on.
    Unusable(Unusable),
    /// The load fits the servers.
    InsideBand(Found),
    /// The strategy holds the size for right.
    RightSize {
        /// Servers that serve, and those that count as coming.
        there: u32,
        /// The sizes that are right.
        aim: Aim,
    },
    /// Out of the band, but not for long enough.
    NotConfirmed {
        /// Which way the group would go.
        direction: Direction,
        /// Readings in a row so far.
        seen: u32,
        /// Readings in a row asked for.
        of: u32,
    },
    /// What was asked for already is enough.
    PendingCovers {
        /// Servers still coming.
        pending: u32,
    },
    /// Servers are coming or going, and the move waits for that.
    InFlight {
        /// Servers still coming.
        pending: u32,
        /// Servers still going.
        removing: u32,
    },
    /// The smallest move down would call for a move up.
    WouldFlap {
        /// Utilization after that move; none if nothing would serve.
        utilization: Option<f64>,
    },
    /// The smallest move down would leave too few.
    WouldFallShort {
        /// Servers left after that move.
        left: u32,
        /// Servers needed.
        needed: u32,
    },
    /// Already as large, or as small, as it may be.
    AtLimit {
        /// Which limit.
        direction: Direction,
        /// Its value.
        limit: u32,
    },
    /// A pause after an earlier move has not run out.
    CoolingDown {
        /// Whose pause.
        whose: Pause,
        /// What is left of it.
        left: Duration,
    },
    /// None of the listed policies can make the move.
    NoPolicy(Direction),
}

/// Why a reading is not used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unusable {
    /// It could not be had.
    Missing(String),
    /// The balancer is being changed.
    Changing(String),
    /// It may be too old.
    Stale {
        /// The oldest it may be.
        age: Duration,
        /// What the rules allow.
        limit: Duration,
    },
    /// It tells of the fleet before our last move.
    BeforeMove,
    /// What the servers carry is not known.
    NoCapacity(String),
    /// No connections because servers are gone, not because nobody comes.
    Outage {
        /// Servers that are offline.
        offline: u32,
    },
}

/// Whose pause a move waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// The scaling group's.
    Group,
    /// That of the policy with this name.
    Policy(String),
    /// The one in the settings.
    Ours,
}

/// Why pending servers are no longer counted on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrittenOff {
    /// They did not come within the time a server may take.
    Overdue {
        /// How many.
        pending: u32,
        /// Since desired capacity last rose.
        waited: Duration,
    },
    /// The group is in ERROR.
    Trouble {
        /// How many.
        pending: u32,
        /// The group's own words.
        message: String,
    },
}

impl Verdict {
    /// The move; none for a hold.
    pub fn change(&self) -> Option<&Change> {
        match self {
            Verdict::Scale(change, _) => Some(change),
            Verdict::Hold(_) => None,
        }
    }

    /// The stable snake_case word for machines.
    pub fn reason(&self) -> &'static str {
        match self {
            Verdict::Scale(_, Cause::OutsideLimits { .. }) => "outside_limits",
            Verdict::Scale(_, Cause::Aim { direction: Direction::Up, .. }) => "too_small",
            Verdict::Scale(_, Cause::Aim { direction: Direction::Down, .. }) => "too_large",
            Verdict::Scale(_, Cause::Band { direction: Direction::Up, .. }) => "above_band",
            Verdict::Scale(_, Cause::Band { direction: Direction::Down, .. }) => "below_band",
            Verdict::Hold(hold) => hold.reason(),
        }
    }
}

impl Hold {
    /// The stable snake_case word for machines.
    pub fn reason(&self) -> &'static str {
        match self {
            Hold::FleetUnreadable(Unreadable::SignInRefused(_)) => "sign_in_refused",
            Hold::FleetUnreadable(Unreadable::Failed(_)) => "fleet_unreadable",
            Hold::Paused => "paused",
            Hold::Unusable(Unusable::Missing(_)) => "no_reading",
            Hold::Unusable(Unusable::Changing(_)) => "balancer_changing",
            Hold::Unusable(Unusable::Stale { .. }) => "stale_reading",
            Hold::Unusable(Unusable::BeforeMove) => "reading_before_move",
            Hold::Unusable(Unusable::NoCapacity(_)) => "unknown_capacity",
            Hold::Unusable(Unusable::Outage { .. }) => "outage",
            Hold::InsideBand(_) => "inside_band",
            Hold::RightSize { .. } => "right_size",
            Hold::NotConfirmed { .. } => "not_confirmed",
            Hold::PendingCovers { .. } => "pending_covers",
            Hold::InFlight { .. } => "in_flight",
            Hold::WouldFlap { .. } => "would_flap",
            Hold::WouldFallShort { .. } => "would_fall_short",
            Hold::AtLimit { direction: Direction::Up, .. } => "at_max",
            Hold::AtLimit { direction: Direction::Down, .. } => "at_min",
            Hold::CoolingDown { .. } => "cooling_down",
            Hold::NoPolicy(_) => "no_policy",
        }
    }
}
