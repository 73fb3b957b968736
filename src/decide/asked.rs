//! What a decision asked on its way: a question for every objection, and the answer that let it pass.

use std::fmt;

use super::aim::Aim;
use super::verdict::{Found, Hold, Pause, Verdict};
use crate::model::{Direction, Limits, TargetTracking};

/// What `decide` asks, in its order. Each can be objected to, or lead on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Could the group be read?
    Fleet,
    /// May it be changed at all?
    Paused,
    /// Is desired capacity within the limits in force?
    Limits,
    /// Is there a reading to go by?
    Reading,
    /// Which sizes does the strategy hold for right?
    Aim,
    /// Does the load, or the strategy, call for another size?
    Size,
    /// For long enough?
    Confirmed,
    /// Is what is coming not enough?
    Covered,
    /// Is nothing on its way?
    InFlight,
    /// Would the load still fit after a move down?
    Flap,
    /// Would as many servers be left as are needed?
    Need,
    /// Is there room to the limit?
    Room,
    /// Have the group's pause and ours run out?
    Rest,
    /// Does a rested policy make the move?
    Policy,
}

/// The answer that let a question pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Passed {
    /// The group was read.
    Readable,
    /// It takes changes.
    Running,
    /// Desired capacity is within the limits.
    WithinLimits {
        /// Desired capacity.
        desired: u32,
        /// The limits in force.
        limits: Limits,
    },
    /// Desired capacity is outside the limits: that is mended without asking for a reading.
    OutsideLimits {
        /// Desired capacity.
        desired: u32,
        /// The nearest limit.
        bound: u32,
    },
    /// The reading can be gone by.
    Usable,
    /// The load is out of the band.
    OutOfBand {
        /// Which way the group must go.
        direction: Direction,
        /// What was measured.
        found: Found,
    },
    /// The strategy has named the sizes that are right.
    Aimed {
        /// Those sizes.
        aim: Aim,
        /// The rules of target tracking.
        tracking: TargetTracking,
    },
    /// The strategy holds another size for right.
    WrongSize {
        /// Servers that serve, and those that count as coming.
        there: u32,
        /// The sizes that are right.
        aim: Aim,
    },
    /// It was seen often enough.
    Confirmed {
        /// Readings in a row.
        seen: u32,
        /// Readings in a row asked for.
        of: u32,
    },
    /// What is coming does not suffice.
    NotCovered {
        /// Servers still coming.
        pending: u32,
    },
    /// No server is coming or going.
    NothingInFlight,
    /// The smallest move down keeps the load inside the band.
    WouldNotFlap {
        /// Utilization after it; none if nothing would serve.
        utilization: Option<f64>,
    },
    /// The smallest move down leaves what is needed.
    LeavesEnough {
        /// Servers left after it.
        left: u32,
        /// Servers needed.
        needed: u32,
    },
    /// There is room to the limit.
    HasRoom {
        /// Desired capacity.
        desired: u32,
        /// The limit in that direction.
        limit: u32,
    },
    /// No pause holds the group.
    Rested,
}

impl Passed {
    /// What was asked.
    pub fn question(&self) -> Question {
        match self {
            Passed::Readable => Question::Fleet,
            Passed::Running => Question::Paused,
            Passed::WithinLimits { .. } | Passed::OutsideLimits { .. } => Question::Limits,
            Passed::Usable => Question::Reading,
            Passed::Aimed { .. } => Question::Aim,
            Passed::OutOfBand { .. } | Passed::WrongSize { .. } => Question::Size,
            Passed::Confirmed { .. } => Question::Confirmed,
            Passed::NotCovered { .. } => Question::Covered,
            Passed::NothingInFlight => Question::InFlight,
            Passed::WouldNotFlap { .. } => Question::Flap,
            Passed::LeavesEnough { .. } => Question::Need,
            Passed::HasRoom { .. } => Question::Room,
            Passed::Rested => Question::Rest,
        }
    }
}

impl Verdict {
    /// The question that the decision ended with: the one that was objected to, or the last of all.
    pub fn question(&self) -> Question {
        match self {
            Verdict::Scale(..) => Question::Policy,
            Verdict::Hold(hold) => hold.question(),
        }
    }
}

impl Hold {
    fn question(&self) -> Question {
        match self {
            Hold::FleetUnreadable(_) => Question::Fleet,
            Hold::Paused => Question::Paused,
            Hold::Unusable(_) => Question::Reading,
            Hold::InsideBand(_) | Hold::RightSize { .. } => Question::Size,
            Hold::NotConfirmed { .. } => Question::Confirmed,
            Hold::PendingCovers { .. } => Question::Covered,
            Hold::InFlight { .. } => Question::InFlight,
            Hold::WouldFlap { .. } => Question::Flap,
            Hold::WouldFallShort { .. } => Question::Need,
            Hold::AtLimit { .. } => Question::Room,
            Hold::CoolingDown { whose: Pause::Group | Pause::Ours, .. } => Question::Rest,
            Hold::CoolingDown { whose: Pause::Policy(_), .. } | Hold::NoPolicy(_) => Question::Policy,
        }
    }
}

impl Question {
    /// The stable snake_case word for machines.
    pub fn word(self) -> &'static str {
        match self {
            Question::Fleet => "fleet",
            Question::Paused => "paused",
            Question::Limits => "limits",
            Question::Reading => "reading",
            Question::Aim => "aim",
            Question::Size => "size",
            Question::Confirmed => "confirmed",
            Question::Covered => "covered",
            Question::InFlight => "in_flight",
            Question::Flap => "flap",
            Question::Need => "need",
            Question::Room => "room",
            Question::Rest => "rest",
            Question::Policy => "policy",
        }
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Question::Fleet => "Could the group be read?",
            Question::Paused => "May it be changed?",
            Question::Limits => "Is desired capacity within the limits?",
            Question::Reading => "Is there a reading to go by?",
            Question::Aim => "Which size does the strategy aim at?",
            Question::Size => "Does the load call for another size?",
            Question::Confirmed => "Was that seen often enough?",
            Question::Covered => "Is what is coming too little?",
            Question::InFlight => "Has every server come or gone?",
            Question::Flap => "Would the load fit fewer servers?",
            Question::Need => "Would what is needed be left?",
            Question::Room => "Is there room to the limit?",
            Question::Rest => "Have the cooldowns run out?",
            Question::Policy => "Does a rested policy make the move?",
        })
    }
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Passed::Readable => f.write_str("The scaling group answered."),
            Passed::Running => f.write_str("The group is not paused."),
            Passed::WithinLimits { desired, limits: Limits { min, max } } => {
                write!(f, "Desired capacity {desired} lies in {min} to {max}.")
            }
            Passed::OutsideLimits { desired, bound } => {
                write!(f, "Desired capacity {desired} lies outside; the nearest limit is {bound}.")
            }
            Passed::Usable => f.write_str("There is one, not too old, and its servers' capacity is known."),
            Passed::OutOfBand { direction: Direction::Up, found } => write!(f, "{found}, above the band."),
            Passed::OutOfBand { direction: Direction::Down, found } => write!(f, "{found}, below the band."),
            Passed::Aimed { aim: aim @ Aim { edges: Some(edges), .. }, tracking } => {
                edges.tell(f, aim, tracking)
            }
            Passed::Aimed { aim, .. } => write!(f, "{aim}."),
            Passed::WrongSize { there, aim } => write!(f, "{aim}, and there are {there}."),
            Passed::Confirmed { seen, of } => write!(f, "Readings in a row: {seen}; asked for: {of}."),
            Passed::NotCovered { pending: 0 } => f.write_str("No server is still coming."),
            Passed::NotCovered { pending } => {
                write!(f, "Servers still coming: {pending}; they do not suffice.")
            }
            Passed::NothingInFlight => f.write_str("No server that is waited for is coming or going."),
            Passed::WouldNotFlap { utilization: Some(utilization) } => {
                write!(f, "The smallest move down brings utilization to {utilization:.2}.")
            }
            Passed::WouldNotFlap { utilization: None } => f.write_str("There is no load to carry."),
            Passed::LeavesEnough { left, needed } => {
                write!(f, "The smallest move down leaves {left} servers where {needed} are needed.")
            }
            Passed::HasRoom { desired, limit } => {
                write!(f, "Desired capacity is {desired}, the limit {limit}.")
            }
            Passed::Rested => f.write_str("No cooldown of the group or the settings is running."),
        }
    }
}
