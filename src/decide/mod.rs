//! The decision: pure and total. It reads from top to bottom as a list of objections; the first one wins.
//!
//! Reading order: [`decide`] here, `load` (is the reading usable, what does it need), `choice` (which policy
//! serves best, and is it rested), `steps` (what a policy would do), `memory` (what past passes left),
//! `verdict` (the answers), `words` (their sentences). Strategies other than the band name a size instead: `aim` (its objections),
//! `tactics` (what they remember), `tracking` (a target utilization); the forecast is a room of its own.

use std::time::Duration;

use jiff::Timestamp;

pub mod aim;
mod choice;
mod load;
pub mod memory;
mod steps;
mod tactics;
#[cfg(test)]
pub(crate) mod tests;
mod tracking;
pub mod verdict;
mod words;

use crate::model::{Change, Direction, Fleet, Level, Limits, Observation, Rules};
use load::Usable;
use memory::{Memory, elapsed};
use verdict::{Cause, Decision, Found, Hold, Pause, Unusable, Verdict, WrittenOff};

/// What to do about `seen`, given the group's `rules` and the `memory` of its earlier passes.
///
/// The memory is that from before this pass; what `seen` adds to it is taken in here.
pub fn decide(rules: &Rules, memory: &Memory, seen: &Observation) -> Decision {
    decide_after(rules, &memory.after(rules, seen), seen)
}

/// The same with a memory that has already taken in `seen`, for who needs that memory too.
pub fn decide_after(rules: &Rules, memory: &Memory, seen: &Observation) -> Decision {
    let usable = load::usable(rules, memory, seen);
    let needed = match &usable {
        Ok(Usable::Demand(demand)) => Some(demand.needed(rules)),
        _ => None,
    };
    let fleet = match &seen.fleet {
        Ok(fleet) => fleet,
        Err(why) => {
            let verdict = Verdict::Hold(Hold::FleetUnreadable(why.clone()));
            return Decision { needed, verdict, written_off: None };
        }
    };
    let (pending, written_off) = pending(rules, memory, fleet, seen.at);
    let case = Case { rules, memory, fleet, at: seen.at, limits: limits_in_force(rules, fleet), pending };
    let verdict = match case.objections(usable) {
        Ok((change, cause)) => Verdict::Scale(change, cause),
        Err(hold) => Verdict::Hold(hold),
    };
    Decision { needed, verdict, written_off }
}

/// The limits that hold for a group: see [`Rules::limits_within`].
pub fn limits_in_force(rules: &Rules, fleet: &Fleet) -> Limits {
    rules.limits_within(fleet.limits)
}

/// The longest pause that a move would have to wait for now, if any: the group's and ours.
pub fn cooldown_left(
    rules: &Rules,
    memory: &Memory,
    fleet: &Fleet,
    at: Timestamp,
) -> Option<(Pause, Duration)> {
    let ours = remaining(memory.changed_at, rules.cooldown, at).map(|left| (Pause::Ours, left));
    [ours, group_pause(memory, fleet, at)].into_iter().flatten().max_by_key(|(_, left)| *left)
}

fn group_pause(memory: &Memory, fleet: &Fleet, at: Timestamp) -> Option<(Pause, Duration)> {
    remaining(memory.changed_at, fleet.cooldown, at).map(|left| (Pause::Group, left))
}

/// Servers asked for that count as coming, and why the others do not.
fn pending(rules: &Rules, memory: &Memory, fleet: &Fleet, at: Timestamp) -> (u32, Option<WrittenOff>) {
    let pending = fleet.desired.saturating_sub(fleet.active);
    if pending == 0 {
        return (0, None);
    }
    if let Some(message) = &fleet.trouble {
        return (0, Some(WrittenOff::Trouble { pending, message: message.clone() }));
    }
    match memory.since_rise(at) {
        Some(waited) if waited > rules.boot_timeout => (0, Some(WrittenOff::Overdue { pending, waited })),
        _ => (pending, None),
    }
}

fn remaining(since: Option<Timestamp>, pause: Duration, at: Timestamp) -> Option<Duration> {
    since.and_then(|since| pause.checked_sub(elapsed(since, at))).filter(|left| !left.is_zero())
}

/// One group at one instant, with what follows from the rules worked out.
struct Case<'a> {
    rules: &'a Rules,
    memory: &'a Memory,
    fleet: &'a Fleet,
    at: Timestamp,
    limits: Limits,
    /// Servers that count as coming.
    pending: u32,
}

type Move = (Change, Cause);

impl Case<'_> {
    fn objections(&self, usable: Result<Usable, Unusable>) -> Result<Move, Hold> {
        if self.fleet.paused {
            return Err(Hold::Paused);
        }
        if let Some((direction, bound)) = self.outside_limits() {
            return self.mend_limits(direction, bound, usable.ok());
        }
        let usable = usable.map_err(Hold::Unusable)?;
        if let (Usable::Demand(demand), Some(aim)) = (&usable, self.memory.aim()) {
            return self.towards_aim(demand, aim);
        }
        let direction = self.out_of_band(&usable)?;
        self.confirmed(direction)?;
        match direction {
            Direction::Up => self.not_covered(&usable)?,
            Direction::Down => self.safe_to_shrink(&usable)?,
        }
        self.not_at_limit(direction)?;
        rested(cooldown_left(self.rules, self.memory, self.fleet, self.at))?;
        let change = self.pick(direction, |ready| match direction {
            Direction::Up => self.up(ready, &usable),
            Direction::Down => self.down(ready, &usable),
        })?;
        Ok((change, Cause::Band { direction, found: found(&usable) }))
    }

    /// The direction and the nearest bound, if desired capacity is outside the limits in force.
    fn outside_limits(&self) -> Option<(Direction, u32)> {
        let (desired, limits) = (self.fleet.desired, self.limits);
        if desired < limits.min {
            Some((Direction::Up, limits.min))
        } else {
            (desired > limits.max).then_some((Direction::Down, limits.max))
        }
    }

    /// Moves to `bound`, or as near as the policies come; neither a reading nor our own pause is asked.
    fn mend_limits(&self, direction: Direction, bound: u32, usable: Option<Usable>) -> Result<Move, Hold> {
        rested(group_pause(self.memory, self.fleet, self.at))?;
        let change = self.pick(direction, |ready| match direction {
            Direction::Up => self.up_to(ready, bound),
            Direction::Down => self.down_to(ready, bound, usable),
        })?;
        Ok((change, Cause::OutsideLimits { desired: self.fleet.desired, bound }))
    }

    fn out_of_band(&self, usable: &Usable) -> Result<Direction, Hold> {
        match usable.level(self.rules) {
            Level::High => Ok(Direction::Up),
            Level::Low => Ok(Direction::Down),
            Level::Right => Err(Hold::InsideBand(found(usable))),
        }
    }

    fn confirmed(&self, direction: Direction) -> Result<(), Hold> {
        let (seen, of) = match direction {
            Direction::Up => (self.memory.high_run, self.rules.scale_up_after),
            Direction::Down => (self.memory.low_run, self.rules.scale_down_after),
        };
        if seen < of { Err(Hold::NotConfirmed { direction, seen, of }) } else { Ok(()) }
    }

    fn not_covered(&self, usable: &Usable) -> Result<(), Hold> {
        match usable {
            Usable::Demand(demand) if demand.fits_with(self.rules, i64::from(self.pending)) => {
                Err(Hold::PendingCovers { pending: self.pending })
            }
            Usable::Demand(_) => Ok(()),
            Usable::Level(_) => self.nothing_in_flight(),
        }
    }

    fn safe_to_shrink(&self, usable: &Usable) -> Result<(), Hold> {
        self.nothing_in_flight()?;
        let Usable::Demand(demand) = usable else { return Ok(()) };
        let Some(gentlest) = self.gentlest_down() else { return Ok(()) };
        let by = self.by(&gentlest);
        if !demand.fits_with(self.rules, by) {
            return Err(Hold::WouldFlap { utilization: demand.utilization_with(by) });
        }
        let (left, needed) = (demand.servers_with(by), demand.needed(self.rules));
        if left < needed { Err(Hold::WouldFallShort { left, needed }) } else { Ok(()) }
    }

    /// What no longer counts as coming is not waited for either: else a group whose servers fail to boot
    /// could never shrink.
    fn nothing_in_flight(&self) -> Result<(), Hold> {
        let (pending, removing) = (self.pending, self.fleet.active.saturating_sub(self.fleet.desired));
        if pending + removing > 0 { Err(Hold::InFlight { pending, removing }) } else { Ok(()) }
    }

    fn not_at_limit(&self, direction: Direction) -> Result<(), Hold> {
        let (at_limit, limit) = match direction {
            Direction::Up => (self.fleet.desired >= self.limits.max, self.limits.max),
            Direction::Down => (self.fleet.desired <= self.limits.min, self.limits.min),
        };
        if at_limit { Err(Hold::AtLimit { direction, limit }) } else { Ok(()) }
    }
}

fn rested(pause: Option<(Pause, Duration)>) -> Result<(), Hold> {
    pause.map_or(Ok(()), |(whose, left)| Err(Hold::CoolingDown { whose, left }))
}

fn found(usable: &Usable) -> Found {
    match usable {
        Usable::Demand(demand) => Found::Load { load: demand.load, capacity: demand.capacity.total() },
        Usable::Level(_) => Found::Level,
    }
}
