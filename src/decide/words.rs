//! The sentences for people: every verdict, and what it rests on, as one of them.

use std::fmt;

use super::aim::{Aim, AimedBy};
use super::memory::ByOthers;
use super::verdict::{Cause, Found, Hold, Pause, Unusable, Verdict, WrittenOff};
use crate::model::{Change, Direction, Strategy, Unreadable};

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Hold(hold) => hold.fmt(f),
            Verdict::Scale(change, Cause::OutsideLimits { desired, bound }) => {
                write!(
                    f,
                    "Desired capacity {desired} is outside the limits, the nearest being {bound}; {change}."
                )
            }
            Verdict::Scale(change, Cause::Aim { there, aim, lacking, .. }) => {
                write!(f, "{aim}, and there are {there}; {change}.")?;
                if *lacking > 0 {
                    let more = change.to.saturating_sub(change.from) + lacking;
                    write!(f, " A policy that adds {more} would reach it at once.")?;
                }
                Ok(())
            }
            Verdict::Scale(change, Cause::Band { direction, found }) => {
                let side = if *direction == Direction::Up { "above" } else { "below" };
                write!(f, "{found}, {side} the band; {change}.")
            }
        }
    }
}

impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.at_least, self.at_most) {
            (least, most) if least == most => write!(f, "{} {least} servers", self.by),
            (least, most) => write!(f, "{} {least} to {most} servers", self.by),
        }
    }
}

impl fmt::Display for AimedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let longest = Strategy::LONGEST_BETWEEN_PASSES.as_secs() / 60;
        match self {
            AimedBy::Target => f.write_str("The target utilization calls for"),
            AimedBy::Forecast => f.write_str("The forecast calls for"),
            AimedBy::LastForecast => f.write_str(
                "The load has all but vanished, as in an outage; the last forecast before that calls for",
            ),
            AimedBy::TargetForNow => {
                f.write_str("Too little is known for a forecast yet; the target utilization calls for")
            }
            AimedBy::TargetBetweenRarePasses => write!(
                f,
                "There is no forecast, since the pass before was more than {longest} minutes ago; the target \
                 utilization calls for"
            ),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.by {
            Some(policy) => write!(f, "policy {:?} takes", policy.name)?,
            None => write!(f, "a move takes")?,
        }
        write!(f, " desired capacity from {} to {}", self.from, self.to)?;
        match self.times {
            1 => Ok(()),
            times => write!(f, " in {times} executions"),
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Found::Load { load, capacity } if *capacity > 0.0 => {
                write!(
                    f,
                    "{load} connections on a capacity of {capacity} are a utilization of {:.2}",
                    load / capacity
                )
            }
            Found::Load { load, .. } => write!(f, "{load} connections meet no serving capacity"),
            Found::Level { value } => write!(f, "The response took {value:.0} ms"),
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hold::FleetUnreadable(Unreadable::SignInRefused(why)) => {
                write!(f, "The sign-in was refused: {why}.")
            }
            Hold::FleetUnreadable(Unreadable::Failed(why)) => {
                write!(f, "The scaling group could not be read: {why}.")
            }
            Hold::Paused => write!(f, "The scaling group is paused."),
            Hold::Unusable(why) => why.fmt(f),
            Hold::RightSize { there, aim } => write!(f, "{aim}, and there are {there}."),
            Hold::InsideBand(found) => write!(f, "{found}, inside the band."),
            Hold::NotConfirmed { direction, seen, of } => {
                write!(f, "Out of the band for {seen} of the {of} readings that a move {direction} asks for.")
            }
            Hold::PendingCovers { pending } => write!(f, "The {pending} servers still coming are enough."),
            Hold::InFlight { pending, removing } => {
                write!(f, "Servers are on their way: {pending} coming, {removing} going.")
            }
            Hold::WouldFlap { utilization: Some(utilization) } => {
                write!(
                    f,
                    "The smallest move down would bring utilization to {utilization:.2}, and a move up after it."
                )
            }
            Hold::WouldFlap { utilization: None } => {
                write!(f, "The smallest move down would leave nothing to carry the load.")
            }
            Hold::WouldFallShort { left, needed } => {
                write!(f, "The smallest move down would leave {left} servers where {needed} are needed.")
            }
            Hold::AtLimit { direction: Direction::Up, limit } => {
                write!(f, "Already at the maximum of {limit}.")
            }
            Hold::AtLimit { direction: Direction::Down, limit } => {
                write!(f, "Already at the minimum of {limit}.")
            }
            Hold::CoolingDown { whose, left } => {
                write!(f, "{whose} has {} s left.", left.as_secs_f64().ceil())
            }
            Hold::NoPolicy(direction) => {
                write!(
                    f,
                    "None of the listed policies moves the group {direction} from here within its limits."
                )
            }
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusable::Missing(why) => write!(f, "There is no reading: {why}."),
            Unusable::Changing(why) => write!(f, "The balancer is being changed: {why}."),
            Unusable::Stale { age, limit } => write!(
                f,
                "The reading may be {} s old, more than the {} s that stats_max_age allows.",
                age.as_secs(),
                limit.as_secs()
            ),
            Unusable::BeforeMove => write!(f, "The reading may stem from before the last move."),
            Unusable::NoCapacity(why) => write!(f, "What the servers carry is not known: {why}."),
            Unusable::Outage { offline } => {
                write!(f, "No connections while {offline} servers are offline: an outage, not a quiet hour.")
            }
        }
    }
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pause::Group => write!(f, "The scaling group's cooldown"),
            Pause::Policy(name) => write!(f, "The cooldown of policy {name:?}"),
            Pause::Ours => write!(f, "The cooldown in the settings"),
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Direction::Up { "up" } else { "down" })
    }
}

impl fmt::Display for ByOthers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Somebody else has changed desired capacity from {} to {}.", self.from, self.to)
    }
}

impl fmt::Display for WrittenOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WrittenOff::Overdue { pending, waited } => {
                write!(
                    f,
                    "{pending} servers asked for {} s ago have not come and no longer count.",
                    waited.as_secs()
                )
            }
            WrittenOff::Trouble { pending, message } => {
                write!(f, "{pending} pending servers do not count: the group is in ERROR ({message}).")
            }
        }
    }
}
