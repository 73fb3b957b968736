//! The decision: pure and total. It reads from top to bottom as a list of objections; the first one wins.
//!
//! Reading order: [`decide`] here, `load` (is the reading usable, what does it need), `steps` (what a
//! policy would do), `memory` (what past passes left), `verdict` (the answers).

use std::time::Duration;

use jiff::Timestamp;

mod load;
pub mod memory;
mod steps;
#[cfg(test)]
mod tests;
pub mod verdict;

use crate::model::{Change, Direction, Fleet, Level, Limits, Observation, PolicyRef, Rules, Step};
use load::{Demand, Usable};
use memory::{Memory, elapsed};
use steps::{Candidate, candidates};
use verdict::{Cause, Decision, Found, Hold, Pause, Verdict, WrittenOff};

/// What to do about `seen`, given the group's `rules` and the `memory` of its earlier passes.
///
/// The memory is that from before this pass; what `seen` adds to it is taken in here.
pub fn decide(rules: &Rules, memory: &Memory, seen: &Observation) -> Decision {
    let memory = &memory.after(rules, seen);
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

/// The tightest of the group's limits and the settings'; where they contradict, the lower limit wins as
/// it does in the Autoscale service.
pub fn limits_in_force(rules: &Rules, fleet: &Fleet) -> Limits {
    let min = rules.min.map_or(fleet.limits.min, |ours| ours.max(fleet.limits.min));
    let max = rules.max.map_or(fleet.limits.max, |ours| ours.min(fleet.limits.max));
    Limits { min, max: max.max(min) }
}

/// The longest pause that a move would have to wait for now, if any: the group's and ours.
pub fn cooldown_left(
    rules: &Rules,
    memory: &Memory,
    fleet: &Fleet,
    at: Timestamp,
) -> Option<(Pause, Duration)> {
    let left = |pause: Duration| remaining(memory.changed_at, pause, at);
    let group = left(fleet.cooldown).map(|left| (Pause::Group, left));
    let ours = left(rules.cooldown).map(|left| (Pause::Ours, left));
    [group, ours].into_iter().flatten().max_by_key(|(_, left)| *left)
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
    fn objections(&self, usable: Result<Usable, verdict::Unusable>) -> Result<Move, Hold> {
        if self.fleet.paused {
            return Err(Hold::Paused);
        }
        if let Some((direction, bound)) = self.outside_limits() {
            return self.mend_limits(direction, bound);
        }
        let usable = usable.map_err(Hold::Unusable)?;
        let direction = self.out_of_band(&usable)?;
        self.confirmed(direction)?;
        match direction {
            Direction::Up => self.not_covered(&usable)?,
            Direction::Down => self.safe_to_shrink(&usable)?,
        }
        self.not_at_limit(direction)?;
        let ready = self.cooled(direction, true)?;
        let best = match direction {
            Direction::Up => self.up(&ready, &usable),
            Direction::Down => self.down(&ready, &usable),
        };
        let best = best.ok_or(Hold::NoPolicy(direction))?;
        Ok((self.change(best), Cause::Band { direction, found: found(&usable) }))
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

    /// Moves towards `bound` at once, never past it by more than the limits allow: on the way up the
    /// smallest policy that reaches it, else the largest; on the way down the largest that stays on it.
    fn mend_limits(&self, direction: Direction, bound: u32) -> Result<Move, Hold> {
        let ready = self.cooled(direction, false)?;
        let best = match direction {
            Direction::Up => smallest_or_largest(&ready, |c| c.to >= bound, |c| c.to <= self.limits.max),
            Direction::Down => largest_down(&ready, |c| c.to >= bound),
        };
        let best = best.ok_or(Hold::NoPolicy(direction))?;
        Ok((self.change(best), Cause::OutsideLimits { desired: self.fleet.desired, bound }))
    }

    fn out_of_band(&self, usable: &Usable) -> Result<Direction, Hold> {
        let level = match usable {
            Usable::Level(level) => *level,
            Usable::Demand(demand) => demand.level(self.rules),
        };
        match level {
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
            Usable::Level(_) if self.pending > 0 || self.removing() > 0 => Err(self.in_flight()),
            _ => Ok(()),
        }
    }

    fn removing(&self) -> u32 {
        self.fleet.active.saturating_sub(self.fleet.desired)
    }

    fn in_flight(&self) -> Hold {
        let pending = self.fleet.desired.saturating_sub(self.fleet.active);
        Hold::InFlight { pending, removing: self.removing() }
    }

    fn safe_to_shrink(&self, usable: &Usable) -> Result<(), Hold> {
        if self.fleet.active != self.fleet.desired {
            return Err(self.in_flight());
        }
        let Usable::Demand(demand) = usable else { return Ok(()) };
        let candidates = self.towards(Direction::Down);
        let Some(gentlest) = candidates.iter().max_by_key(|c| c.to) else { return Ok(()) };
        if !demand.fits_with(self.rules, self.by(gentlest)) {
            return Err(Hold::WouldFlap { utilization: demand.utilization_with(self.by(gentlest)) });
        }
        let (left, needed) = (self.left(demand, gentlest), demand.needed(self.rules));
        if left < needed { Err(Hold::WouldFallShort { left, needed }) } else { Ok(()) }
    }

    fn not_at_limit(&self, direction: Direction) -> Result<(), Hold> {
        let (at_limit, limit) = match direction {
            Direction::Up => (self.fleet.desired >= self.limits.max, self.limits.max),
            Direction::Down => (self.fleet.desired <= self.limits.min, self.limits.min),
        };
        if at_limit { Err(Hold::AtLimit { direction, limit }) } else { Ok(()) }
    }

    /// The policies for `direction` that no pause holds back; a hold if a pause is all that is in the way.
    fn cooled(&self, direction: Direction, ours_counts: bool) -> Result<Vec<Candidate<'_>>, Hold> {
        let group =
            remaining(self.memory.changed_at, self.fleet.cooldown, self.at).map(|left| (Pause::Group, left));
        let ours = remaining(self.memory.changed_at, self.rules.cooldown, self.at).filter(|_| ours_counts);
        let whole =
            [group, ours.map(|left| (Pause::Ours, left))].into_iter().flatten().max_by_key(|(_, left)| *left);
        let towards = self.towards(direction);
        if let (Some((whose, left)), false) = (whole, towards.is_empty()) {
            return Err(Hold::CoolingDown { whose, left });
        }
        let pauses = towards.iter().map(|c| (*c, self.policy_pause(c.step)));
        let (waiting, ready): (Vec<_>, Vec<_>) = pauses.partition(|(_, left)| left.is_some());
        let soonest =
            waiting.iter().filter_map(|(c, left)| Some((c.step, (*left)?))).min_by_key(|(_, left)| *left);
        match soonest {
            Some((step, left)) if ready.is_empty() => {
                Err(Hold::CoolingDown { whose: Pause::Policy(step.name.clone()), left })
            }
            _ => Ok(ready.into_iter().map(|(c, _)| c).collect()),
        }
    }

    fn policy_pause(&self, step: &Step) -> Option<Duration> {
        remaining(self.memory.policies.get(&step.id).copied(), step.cooldown, self.at)
    }

    /// The policies listed for `direction` that now move desired capacity that way.
    fn towards(&self, direction: Direction) -> Vec<Candidate<'_>> {
        let desired = self.fleet.desired;
        let moves = |c: &Candidate<'_>| match direction {
            Direction::Up => c.to > desired,
            Direction::Down => c.to < desired,
        };
        candidates(self.fleet).into_iter().filter(|c| c.step.direction == direction && moves(c)).collect()
    }

    fn up<'c>(&self, ready: &[Candidate<'c>], usable: &Usable) -> Option<Candidate<'c>> {
        let allowed = |c: &Candidate<'_>| c.to <= self.limits.max;
        match usable {
            Usable::Demand(demand) => smallest_or_largest(
                ready,
                |c| demand.fits_with(self.rules, i64::from(self.pending) + self.by(c)),
                allowed,
            ),
            Usable::Level(_) => ready.iter().copied().filter(allowed).min_by_key(|c| c.to),
        }
    }

    fn down<'c>(&self, ready: &[Candidate<'c>], usable: &Usable) -> Option<Candidate<'c>> {
        let allowed = |c: &Candidate<'_>| c.to >= self.limits.min;
        match usable {
            Usable::Demand(demand) => largest_down(ready, |c| allowed(c) && self.leaves_enough(demand, c)),
            Usable::Level(_) => ready.iter().copied().filter(allowed).max_by_key(|c| c.to),
        }
    }

    fn leaves_enough(&self, demand: &Demand, c: &Candidate<'_>) -> bool {
        demand.fits_with(self.rules, self.by(c)) && self.left(demand, c) >= demand.needed(self.rules)
    }

    /// Servers of the group that would serve after `c`.
    fn left(&self, demand: &Demand, c: &Candidate<'_>) -> u32 {
        let after = i64::from(demand.capacity.servers) + i64::from(self.pending) + self.by(c);
        u32::try_from(after).unwrap_or(0)
    }

    fn by(&self, c: &Candidate<'_>) -> i64 {
        i64::from(c.to) - i64::from(self.fleet.desired)
    }

    fn change(&self, c: Candidate<'_>) -> Change {
        let by = PolicyRef { id: c.step.id.clone(), name: c.step.name.clone() };
        Change { from: self.fleet.desired, to: c.to, by }
    }
}

/// Among the allowed moves up the smallest that suffices, else the largest.
fn smallest_or_largest<'c>(
    ready: &[Candidate<'c>],
    suffices: impl Fn(&Candidate<'c>) -> bool,
    allowed: impl Fn(&Candidate<'c>) -> bool,
) -> Option<Candidate<'c>> {
    let allowed: Vec<_> = ready.iter().copied().filter(|c| allowed(c)).collect();
    let sufficing = allowed.iter().copied().filter(|c| suffices(c)).min_by_key(|c| c.to);
    sufficing.or_else(|| allowed.into_iter().max_by_key(|c| c.to))
}

/// Among the moves down the largest that is allowed.
fn largest_down<'c>(
    ready: &[Candidate<'c>],
    allowed: impl Fn(&Candidate<'c>) -> bool,
) -> Option<Candidate<'c>> {
    ready.iter().copied().filter(|c| allowed(c)).min_by_key(|c| c.to)
}

fn found(usable: &Usable) -> Found {
    match usable {
        Usable::Demand(demand) => Found::Load { load: demand.load, capacity: demand.capacity.total() },
        Usable::Level(_) => Found::Level,
    }
}
