//! Which of the listed policies makes the move: those that go the right way, are rested, and stay within the
//! limits; of these the one that serves best.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::load::{Demand, Usable};
use super::steps::{Candidate, Options};
use super::verdict::{Hold, Pause};
use super::{Case, remaining};
use crate::model::{Change, Direction, Level, Moves, PolicyRef};

impl Case<'_> {
    /// The change that `choose` finds among the rested policies for `direction`, each executed up to so many
    /// times where no cooldown forbids it. If it finds none there, but
    /// would among those that still pause, that pause is the hold.
    pub(super) fn pick<'s>(
        &'s self,
        direction: Direction,
        executions: u32,
        choose: impl Fn(&Options<'s>) -> Option<Candidate<'s>>,
    ) -> Result<Change, Hold> {
        let (waiting, ready) = self.within_limits(direction, executions);
        if let Some(best) = choose(&ready) {
            return Ok(self.change(best));
        }
        let fitting = waiting.into_iter().filter(|c| choose(&Options::Listed(vec![*c])).is_some());
        let soonest = fitting.filter_map(|c| Some((c.step?, self.pause(&c)?))).min_by_key(|(_, left)| *left);
        Err(match soonest {
            Some((step, left)) => Hold::CoolingDown { whose: Pause::Policy(step.name.clone()), left },
            None => Hold::NoPolicy(direction),
        })
    }

    /// Up to the lower limit: the smallest policy that reaches it, else the largest.
    pub(super) fn up_to<'c>(&self, ready: &Options<'c>, bound: u32) -> Option<Candidate<'c>> {
        self.smallest_or_largest_up(ready, |c| c.to >= bound)
    }

    /// Down to the upper limit: the largest policy that stays on or above it. Where all go past it, the one
    /// that goes least, provided the load can spare what lies below; without a reading nobody knows that.
    pub(super) fn down_to<'c>(
        &self,
        ready: &Options<'c>,
        bound: u32,
        usable: Option<Usable>,
    ) -> Option<Candidate<'c>> {
        let spared = |c: &Candidate<'_>| match &usable {
            Some(Usable::Demand(demand)) => self.leaves_enough(demand, c),
            Some(Usable::Level { level, .. }) => *level == Level::Low,
            None => false,
        };
        let past = |c: &Candidate<'_>| self.in_flight() == (0, 0) && spared(c);
        ready.smallest(|c| c.to >= bound).or_else(|| ready.largest(past))
    }

    /// Up on a reading: the smallest policy that covers what is needed, else the largest. Of a level nobody
    /// knows what is needed, so the smallest.
    pub(super) fn up<'c>(&self, ready: &Options<'c>, usable: &Usable) -> Option<Candidate<'c>> {
        let covers = |c: &Candidate<'_>| match usable {
            Usable::Demand(demand) => demand.fits_with(self.rules, i64::from(self.pending) + self.by(c)),
            Usable::Level { .. } => true,
        };
        self.smallest_or_largest_up(ready, covers)
    }

    /// Down on a reading: the largest policy that leaves at least what is needed; for a level the smallest.
    pub(super) fn down<'c>(&self, ready: &Options<'c>, usable: &Usable) -> Option<Candidate<'c>> {
        match usable {
            Usable::Demand(demand) => ready.smallest(|c| self.leaves_enough(demand, c)),
            Usable::Level { .. } => ready.largest(|_| true),
        }
    }

    /// The smallest move down that any listed policy makes now, rested or not.
    pub(super) fn gentlest_down(&self) -> Option<Candidate<'_>> {
        self.towards(Direction::Down, 1).largest(|_| true)
    }

    /// Servers that `c` adds, or removes if negative.
    pub(super) fn by(&self, c: &Candidate<'_>) -> i64 {
        i64::from(c.to) - i64::from(self.fleet.desired)
    }

    /// Both by what the servers that are there carry, which may be of several flavors, and by number.
    pub(super) fn leaves_enough(&self, demand: &Demand, c: &Candidate<'_>) -> bool {
        let by = self.by(c);
        demand.fits_with(self.rules, by) && demand.servers_with(by) >= demand.needed(self.rules)
    }

    pub(super) fn smallest_or_largest_up<'c>(
        &self,
        ready: &Options<'c>,
        suffices: impl Fn(&Candidate<'c>) -> bool,
    ) -> Option<Candidate<'c>> {
        ready.smallest(suffices).or_else(|| ready.largest(|_| true))
    }

    /// What moves desired capacity towards `direction` and stays within the limits: policies that still
    /// pause, and the rest.
    fn within_limits(&self, direction: Direction, executions: u32) -> (Vec<Candidate<'_>>, Options<'_>) {
        let within = |c: &Candidate<'_>| match direction {
            Direction::Up => c.to <= self.limits.max,
            Direction::Down => c.to >= self.limits.min,
        };
        match self.towards(direction, executions) {
            Options::Listed(all) => {
                let (waiting, ready) = all.into_iter().filter(within).partition(|c| self.pause(c).is_some());
                (waiting, Options::Listed(ready))
            }
            Options::Any(numbers) => {
                let numbers = match direction {
                    Direction::Up => *numbers.start()..=self.limits.max.min(*numbers.end()),
                    Direction::Down => self.limits.min.max(*numbers.start())..=*numbers.end(),
                };
                (Vec::new(), Options::Any(numbers))
            }
        }
    }

    /// The policies listed for `direction` that now move desired capacity that way, or every number there.
    fn towards(&self, direction: Direction, executions: u32) -> Options<'_> {
        let desired = self.fleet.desired;
        let Moves::Steps(steps) = &self.fleet.moves else { return Options::Any(self.numbers(direction)) };
        let moves = |c: &Candidate<'_>| match direction {
            Direction::Up => c.to > desired,
            Direction::Down => c.to < desired,
        };
        let listed = steps.iter().filter(|step| step.direction == direction);
        let each = listed.flat_map(|step| Candidate::of(step, self.fleet, executions));
        Options::Listed(each.filter(moves).collect())
    }

    /// Every number in `direction`; with an increment the one that it leads to, or the limit before it. A fleet
    /// outside its limits goes straight to them.
    fn numbers(&self, direction: Direction) -> RangeInclusive<u32> {
        let (desired, limits) = (self.fleet.desired, self.fleet.limits);
        let none = RangeInclusive::new(1, 0);
        if let Some(by) = self.rules.increment.filter(|_| self.outside_limits().is_none()) {
            let to = match direction {
                Direction::Up => desired.saturating_add(by).min(self.limits.max),
                Direction::Down => desired.saturating_sub(by).max(self.limits.min),
            };
            return if to == desired { none } else { to..=to };
        }
        match direction {
            Direction::Up => limits.min.max(desired.saturating_add(1))..=limits.max,
            // Below nothing there is no number; above the range there are only those of the range.
            Direction::Down if desired == 0 => none,
            Direction::Down => limits.min..=limits.max.min(desired - 1),
        }
    }

    fn pause(&self, c: &Candidate<'_>) -> Option<Duration> {
        let step = c.step?;
        remaining(self.memory.policies.get(&step.id).copied(), step.cooldown, self.at)
    }

    fn change(&self, c: Candidate<'_>) -> Change {
        let by = c.step.map(|step| PolicyRef { id: step.id.clone(), name: step.name.clone() });
        Change { from: self.fleet.desired, to: c.to, by, times: c.times }
    }
}
