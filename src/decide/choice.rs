//! Which of the listed policies makes the move: those that go the right way, are rested, and stay within the
//! limits; of these the one that serves best.

use std::cmp::Reverse;
use std::time::Duration;

use super::load::{Demand, Usable};
use super::steps::{Candidate, candidates};
use super::verdict::{Hold, Pause};
use super::{Case, remaining};
use crate::model::{Change, Direction, Level, PolicyRef};

impl Case<'_> {
    /// The change that `choose` finds among the rested policies for `direction`. If it finds none there, but
    /// would among those that still pause, that pause is the hold.
    pub(super) fn pick<'s>(
        &'s self,
        direction: Direction,
        choose: impl Fn(&[Candidate<'s>]) -> Option<Candidate<'s>>,
    ) -> Result<Change, Hold> {
        let (waiting, ready): (Vec<_>, Vec<_>) =
            self.towards(direction).into_iter().partition(|c| self.pause(c).is_some());
        if let Some(best) = choose(&ready) {
            return Ok(self.change(best));
        }
        let fitting = waiting.into_iter().filter(|c| choose(&[*c]).is_some());
        let soonest = fitting.filter_map(|c| Some((c.step?, self.pause(&c)?))).min_by_key(|(_, left)| *left);
        Err(match soonest {
            Some((step, left)) => Hold::CoolingDown { whose: Pause::Policy(step.name.clone()), left },
            None => Hold::NoPolicy(direction),
        })
    }

    /// Up to the lower limit: the smallest policy that reaches it, else the largest.
    pub(super) fn up_to<'c>(&self, ready: &[Candidate<'c>], bound: u32) -> Option<Candidate<'c>> {
        self.smallest_or_largest_up(ready, |c| c.to >= bound)
    }

    /// Down to the upper limit: the largest policy that stays on or above it. Where all go past it, the one
    /// that goes least, provided the load can spare what lies below; without a reading nobody knows that.
    pub(super) fn down_to<'c>(
        &self,
        ready: &[Candidate<'c>],
        bound: u32,
        usable: Option<Usable>,
    ) -> Option<Candidate<'c>> {
        let spared = |c: &Candidate<'_>| match &usable {
            Some(Usable::Demand(demand)) => self.leaves_enough(demand, c),
            Some(Usable::Level(level)) => *level == Level::Low,
            None => false,
        };
        let past =
            |c: &Candidate<'_>| c.to >= self.limits.min && self.nothing_in_flight().is_ok() && spared(c);
        let on_it = ready.iter().filter(|c| c.to >= bound).min_by_key(|c| c.to);
        on_it.or_else(|| ready.iter().filter(|c| past(c)).min_by_key(|c| Reverse(c.to))).copied()
    }

    /// Up on a reading: the smallest policy that covers what is needed, else the largest. Of a level nobody
    /// knows what is needed, so the smallest.
    pub(super) fn up<'c>(&self, ready: &[Candidate<'c>], usable: &Usable) -> Option<Candidate<'c>> {
        let covers = |c: &Candidate<'_>| match usable {
            Usable::Demand(demand) => demand.fits_with(self.rules, i64::from(self.pending) + self.by(c)),
            Usable::Level(_) => true,
        };
        self.smallest_or_largest_up(ready, covers)
    }

    /// Down on a reading: the largest policy that leaves at least what is needed; for a level the smallest.
    pub(super) fn down<'c>(&self, ready: &[Candidate<'c>], usable: &Usable) -> Option<Candidate<'c>> {
        let allowed = ready.iter().filter(|c| c.to >= self.limits.min);
        match usable {
            Usable::Demand(demand) => allowed.filter(|c| self.leaves_enough(demand, c)).min_by_key(|c| c.to),
            Usable::Level(_) => allowed.min_by_key(|c| Reverse(c.to)),
        }
        .copied()
    }

    /// The smallest move down that any listed policy makes now, rested or not.
    pub(super) fn gentlest_down(&self) -> Option<Candidate<'_>> {
        self.towards(Direction::Down).into_iter().min_by_key(|c| Reverse(c.to))
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
        ready: &[Candidate<'c>],
        suffices: impl Fn(&Candidate<'c>) -> bool,
    ) -> Option<Candidate<'c>> {
        let allowed = || ready.iter().filter(|c| c.to <= self.limits.max);
        let sufficing = allowed().filter(|c| suffices(c)).min_by_key(|c| c.to);
        sufficing.or_else(|| allowed().min_by_key(|c| Reverse(c.to))).copied()
    }

    /// The policies listed for `direction` that now move desired capacity that way.
    fn towards(&self, direction: Direction) -> Vec<Candidate<'_>> {
        let desired = self.fleet.desired;
        let moves = |c: &Candidate<'_>| match direction {
            Direction::Up => c.to > desired,
            Direction::Down => c.to < desired,
        };
        let listed = |c: &Candidate<'_>| c.step.is_none_or(|step| step.direction == direction);
        candidates(self.fleet).filter(|c| listed(c) && moves(c)).collect()
    }

    fn pause(&self, c: &Candidate<'_>) -> Option<Duration> {
        let step = c.step?;
        remaining(self.memory.policies.get(&step.id).copied(), step.cooldown, self.at)
    }

    fn change(&self, c: Candidate<'_>) -> Change {
        let by = c.step.map(|step| PolicyRef { id: step.id.clone(), name: step.name.clone() });
        Change { from: self.fleet.desired, to: c.to, by }
    }
}
