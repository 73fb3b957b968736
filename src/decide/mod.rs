//! The decision: pure and total. It reads from top to bottom as a list of objections; the first one wins.
//!
//! Reading order: [`decide`] here, `load` (is the reading usable, what does it need), `choice` (which policy
//! serves best, and is it rested), `steps` (what a policy would do), `memory` (what past passes left),
//! `verdict` (the answers), `words` (their sentences), `asked` (the questions that led to one). Strategies
//! other than the band name a size instead: `aim` (its objections), `edges` (what set it), `tactics` (what they
//! remember), `tracking` (a target utilization); the forecast is a room of its own.

use std::time::Duration;

use jiff::Timestamp;

pub mod aim;
pub mod asked;
mod choice;
pub mod edges;
mod load;
pub mod memory;
mod steps;
mod tactics;
#[cfg(test)]
pub(crate) mod tests;
mod tracking;
pub mod verdict;
mod words;

use crate::model::{Change, Direction, Fleet, Level, Limits, Observation, Rules, elapsed};
use asked::Passed;
use load::{Demand, Usable};
use memory::Memory;
pub use tactics::{BOOTS, USUAL_BOOT, boot_seen};
use verdict::{Cause, Decision, Found, Hold, Pause, Unusable, Verdict, WrittenOff};

/// What to do about `seen`, given the group's `rules` and the `memory` of its earlier passes.
///
/// The memory is that from before this pass; what `seen` adds to it is taken in here.
pub fn decide(rules: &Rules, memory: &Memory, seen: &Observation) -> Decision {
    decide_after(rules, &memory.after(rules, seen), seen)
}

/// The same with a memory that has already taken in `seen`, for who needs that memory too.
pub fn decide_after(rules: &Rules, memory: &Memory, seen: &Observation) -> Decision {
    decide_telling(rules, memory, seen, &|_| ())
}

/// The same, handing every answer that let the decision go on to `told`, in the order of the questions.
pub fn decide_telling(rules: &Rules, memory: &Memory, seen: &Observation, told: &dyn Fn(Passed)) -> Decision {
    let usable = load::usable(rules, memory, seen);
    let needed = match &usable {
        Ok(Usable::Demand(demand)) => Some(demand.needed(rules)),
        _ => None,
    };
    let fleet = match &seen.fleet {
        Ok(fleet) => fleet,
        Err(why) => {
            let verdict = Verdict::Hold(Hold::FleetUnreadable(why.clone()));
            return Decision { needed, verdict, written_off: None, by_others: None };
        }
    };
    let (pending, written_off) = pending(rules, memory, fleet, seen.at);
    told(Passed::Readable);
    let limits = limits_in_force(rules, fleet);
    let case = Case { rules, memory, fleet, at: seen.at, limits, pending, told };
    let verdict = match case.objections(usable) {
        Ok((change, cause)) => Verdict::Scale(change, cause),
        Err(hold) => Verdict::Hold(hold),
    };
    Decision { needed, verdict, written_off, by_others: memory.by_others }
}

/// The limits that hold for a group: see [`Rules::limits_within`].
pub fn limits_in_force(rules: &Rules, fleet: &Fleet) -> Limits {
    rules.limits_within(fleet.limits)
}

/// The longest pause that a move either way would have to wait for now, if any: the group's and ours.
pub fn cooldown_left(
    rules: &Rules,
    memory: &Memory,
    fleet: &Fleet,
    at: Timestamp,
) -> Option<(Pause, Duration)> {
    let before = [Direction::Up, Direction::Down].map(|direction| {
        let ours = rules.cooldown_before(direction);
        pause(ours, memory, fleet, at)
    });
    before.into_iter().min_by_key(|pause| pause.as_ref().map(|(_, left)| *left)).flatten()
}

/// The longer of our own pause, which lasts for `ours` after a move, and the group's.
fn pause(ours: Duration, memory: &Memory, fleet: &Fleet, at: Timestamp) -> Option<(Pause, Duration)> {
    let ours = remaining(memory.changed_at, ours, at).map(|left| (Pause::Ours, left));
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
    told: &'a dyn Fn(Passed),
}

type Move = (Change, Cause);

impl Case<'_> {
    fn objections(&self, usable: Result<Usable, Unusable>) -> Result<Move, Hold> {
        if self.fleet.paused {
            return Err(Hold::Paused);
        }
        (self.told)(Passed::Running);
        if let Some((direction, bound)) = self.outside_limits() {
            return self.mend_limits(direction, bound, usable.ok());
        }
        (self.told)(Passed::WithinLimits { desired: self.fleet.desired, limits: self.limits });
        let usable = usable.map_err(Hold::Unusable)?;
        (self.told)(Passed::Usable);
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
        self.rested(self.pause_before(direction))?;
        let change = self.pick(direction, 1, |ready| match direction {
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
        (self.told)(Passed::OutsideLimits { desired: self.fleet.desired, bound });
        self.rested(group_pause(self.memory, self.fleet, self.at))?;
        let change = self.pick(direction, 1, |ready| match direction {
            Direction::Up => self.up_to(ready, bound),
            Direction::Down => self.down_to(ready, bound, usable),
        })?;
        Ok((change, Cause::OutsideLimits { desired: self.fleet.desired, bound }))
    }

    fn out_of_band(&self, usable: &Usable) -> Result<Direction, Hold> {
        let direction = match usable.level(self.rules) {
            Level::High => Direction::Up,
            Level::Low => Direction::Down,
            Level::Right => return Err(Hold::InsideBand(found(usable))),
        };
        (self.told)(Passed::OutOfBand { direction, found: found(usable) });
        Ok(direction)
    }

    fn confirmed(&self, direction: Direction) -> Result<(), Hold> {
        let (seen, of) = match direction {
            Direction::Up => (self.memory.high_run, self.rules.scale_up_after),
            Direction::Down => (self.memory.low_run, self.rules.scale_down_after),
        };
        self.unless(seen < of, Hold::NotConfirmed { direction, seen, of }, Passed::Confirmed { seen, of })
    }

    fn not_covered(&self, usable: &Usable) -> Result<(), Hold> {
        match usable {
            Usable::Demand(demand) if demand.fits_with(self.rules, i64::from(self.pending)) => {
                Err(Hold::PendingCovers { pending: self.pending })
            }
            Usable::Demand(_) => {
                (self.told)(Passed::NotCovered { pending: self.pending });
                Ok(())
            }
            Usable::Level { .. } => self.nothing_in_flight(),
        }
    }

    fn safe_to_shrink(&self, usable: &Usable) -> Result<(), Hold> {
        self.nothing_in_flight()?;
        let Usable::Demand(demand) = usable else { return Ok(()) };
        let Some(gentlest) = self.gentlest_down() else { return Ok(()) };
        let by = self.by(&gentlest);
        let (fits, utilization) = (demand.fits_with(self.rules, by), demand.utilization_with(by));
        self.unless(!fits, Hold::WouldFlap { utilization }, Passed::WouldNotFlap { utilization })?;
        self.leaves_at_least(demand, demand.needed(self.rules))
    }

    /// Whether even the smallest move down leaves `needed` servers.
    fn leaves_at_least(&self, demand: &Demand, needed: u32) -> Result<(), Hold> {
        let Some(gentlest) = self.gentlest_down() else { return Ok(()) };
        let left = demand.servers_with(self.by(&gentlest));
        let (objection, answer) =
            (Hold::WouldFallShort { left, needed }, Passed::LeavesEnough { left, needed });
        self.unless(left < needed, objection, answer)
    }

    /// Servers coming and going. What no longer counts as coming is not waited for either: else a group
    /// whose servers fail to boot could never shrink.
    fn in_flight(&self) -> (u32, u32) {
        (self.pending, self.fleet.active.saturating_sub(self.fleet.desired))
    }

    fn nothing_in_flight(&self) -> Result<(), Hold> {
        let (pending, removing) = self.in_flight();
        self.unless(pending + removing > 0, Hold::InFlight { pending, removing }, Passed::NothingInFlight)
    }

    fn not_at_limit(&self, direction: Direction) -> Result<(), Hold> {
        let (at_limit, limit) = match direction {
            Direction::Up => (self.fleet.desired >= self.limits.max, self.limits.max),
            Direction::Down => (self.fleet.desired <= self.limits.min, self.limits.min),
        };
        let desired = self.fleet.desired;
        self.unless(at_limit, Hold::AtLimit { direction, limit }, Passed::HasRoom { desired, limit })
    }

    fn pause_before(&self, direction: Direction) -> Option<(Pause, Duration)> {
        pause(self.rules.cooldown_before(direction), self.memory, self.fleet, self.at)
    }

    fn rested(&self, pause: Option<(Pause, Duration)>) -> Result<(), Hold> {
        if let Some((whose, left)) = pause {
            return Err(Hold::CoolingDown { whose, left });
        }
        (self.told)(Passed::Rested);
        Ok(())
    }

    /// The hold if its objection is true; else the answer is told and the decision goes on.
    fn unless(&self, objection: bool, hold: Hold, answer: Passed) -> Result<(), Hold> {
        if objection {
            return Err(hold);
        }
        (self.told)(answer);
        Ok(())
    }
}

fn found(usable: &Usable) -> Found {
    match usable {
        Usable::Demand(demand) => Found::Load { load: demand.load, capacity: demand.capacity.total() },
        Usable::Level { value, .. } => Found::Level { value: *value },
    }
}
