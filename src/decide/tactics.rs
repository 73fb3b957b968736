//! What the strategies other than the band remember, and the aim that follows from it. A fold, as the rest
//! of the memory.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::aim::{Aim, AimedBy};
use super::edges::{Bound, Edges};
use super::load::Demand;
use super::tracking::{Size, Tracking};
use crate::forecast::{Planner, Timing, whole};
use crate::model::{Limits, Rules, Strategy, elapsed};

/// A server is taken to boot for so long until the first boot was seen, unless the settings tell.
pub const USUAL_BOOT: Duration = Duration::from_secs(180);
/// Boots that are remembered; the longest of them is planned for.
pub const BOOTS: usize = 5;
/// Times from pass to pass that are remembered; what all of them say is planned for.
const GAPS: usize = 5;
/// Minutes without a pass for which the last reading is taken to have held.
const HELD_FOR: usize = Strategy::LONGEST_BETWEEN_PASSES.as_secs() as usize / 60;
/// Seconds that a pass may come late.
const LATE: u64 = 15;
/// Minutes without a pass after which a forecast begins anew: a week, all that it remembers.
const FORGOTTEN_AFTER: u64 = 7 * 1440;

/// What a strategy remembers of a group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tactics {
    /// The sizes that are right by the last pass; none if it had no reading to go by.
    pub aim: Option<Aim>,
    tracking: Tracking,
    planner: Option<Planner>,
    /// The last pass's demand, in servers and unrounded.
    demand: Option<f64>,
    /// The last boots, in seconds, the last at the back.
    boots: VecDeque<u64>,
    /// The last pass.
    passed_at: Option<Timestamp>,
    /// The last times from pass to pass, in seconds, the last at the back.
    gaps: VecDeque<u64>,
    /// Whole minutes from pass to pass, as they are planned for; zero until they are known.
    every: usize,
}

/// What a pass saw, as far as strategies ask.
pub(super) struct Sight {
    pub(super) at: Timestamp,
    pub(super) demand: Option<Demand>,
    /// Servers that serve, and those that count as coming.
    pub(super) there: u32,
    pub(super) limits: Limits,
    /// How long the boot took that was seen to end in this pass.
    pub(super) booted: Option<Duration>,
}

impl Tactics {
    /// Takes in a pass.
    pub(super) fn note(&mut self, rules: &Rules, sight: &Sight) {
        let gap = self.passed_at.replace(sight.at).map(|last| elapsed(last, sight.at));
        if let Some(gap) = gap {
            remember(&mut self.gaps, gap, GAPS);
            self.every = self.every();
        }
        let boot = |took| boot_seen(took, gap.unwrap_or_default(), rules.boot_timeout);
        if let Some(boot) = sight.booted.and_then(boot) {
            remember(&mut self.boots, boot, BOOTS);
        }
        let demand = sight.demand.map(|demand| in_servers(&demand, rules.scale_up_above));
        let otherwise = match rules.strategy {
            Strategy::Predictive => self.forecast(rules, sight, demand, gap),
            _ => AimedBy::Target,
        };
        self.demand = demand;
        self.aim = sight.demand.map(|demand| self.aim(rules, sight, &demand, otherwise));
    }

    /// What the forecast plans for; none without one.
    pub fn timing(&self) -> Option<Timing> {
        self.planner.as_ref().map(Planner::timing)
    }

    /// The aim of the forecast, else that of the target; `otherwise` says why it is not the forecast's.
    fn aim(&mut self, rules: &Rules, sight: &Sight, demand: &Demand, otherwise: AimedBy) -> Aim {
        let target = rules.tracking.target;
        let size =
            Size { wanted: in_servers(demand, target), relative: relative(demand, target, sight.there) };
        let (least, most) = self.tracking.sizes(&rules.tracking, sight.at, sight.there, size);
        let planner = self.planner.as_ref().filter(|_| rules.strategy == Strategy::Predictive);
        // Where passes are rarer it looks no further ahead than that.
        let planner = planner.filter(|_| self.every <= HELD_FOR);
        let needed = demand.needed(rules);
        if let Some(foretold) = planner.and_then(|planner| foretold(planner, needed)) {
            return foretold;
        }
        let most = most.raised_to(needed, Bound::Need);
        let edges = Edges::Tracked { asked: whole(size.wanted), at_least: least.bound, at_most: most.bound };
        Aim { at_least: least.servers, at_most: most.servers, by: otherwise, edges: Some(edges) }
    }

    /// Brings the forecast to the minute of this pass, a `gap` after the last, and tells what an aim rests on should
    /// there be none. Of several passes in a minute the first counts.
    fn forecast(
        &mut self,
        rules: &Rules,
        sight: &Sight,
        demand: Option<f64>,
        gap: Option<Duration>,
    ) -> AimedBy {
        let minute = u64::try_from(sight.at.as_second() / 60).unwrap_or(0);
        let timing = Timing::new(self.boot(rules), self.every.min(HELD_FOR));
        let fresh = || Planner::new(minute.saturating_sub(1), timing, sight.there);
        let rare = gap.is_some_and(|gap| in_time(gap.as_secs()) > HELD_FOR);
        let held = self.demand.filter(|_| !rare);
        let planner = self.planner.get_or_insert_with(fresh);
        let (ahead, behind) =
            (minute.saturating_sub(planner.minute()), planner.minute().saturating_sub(minute));
        // A clock that was set back by more than a moment told of minutes that have not been.
        if ahead > FORGOTTEN_AFTER || behind > HELD_FOR as u64 {
            *planner = fresh();
        }
        planner.set_timing(timing, sight.there);
        while planner.minute() + 1 < minute {
            planner.hold(held, sight.limits);
        }
        if planner.minute() < minute {
            planner.step(demand, sight.limits);
        }
        if rare || self.every > HELD_FOR { AimedBy::TargetBetweenRarePasses } else { AimedBy::TargetForNow }
    }

    /// Whole minutes from pass to pass. Other ones are believed once all that are remembered were, and
    /// clearly: each change costs what was learned.
    fn every(&self) -> usize {
        let ends = self.gaps.iter().min().zip(self.gaps.iter().max());
        match ends.filter(|_| self.gaps.len() == GAPS) {
            Some((shortest, _)) if in_time(*shortest) > self.every => in_time(*shortest),
            Some((_, longest)) if minutes(*longest) < self.every => minutes(*longest),
            _ => self.every,
        }
    }

    /// Whole minutes that a server boots. A boot that was longer than expected is believed at once; shorter
    /// ones once all that are remembered were, and clearly: each change costs what was learned.
    fn boot(&self, rules: &Rules) -> usize {
        if let Some(boot) = rules.boot {
            return minutes(boot.as_secs());
        }
        let usual = minutes(USUAL_BOOT.as_secs());
        let planned = self.timing().map_or(usual, |timing| timing.boot);
        let longest = self.boots.iter().max().map(|seconds| minutes(*seconds));
        match longest {
            Some(longest) if longest > planned => longest,
            Some(longest) if longest + 1 < planned && self.boots.len() == BOOTS => longest,
            _ => planned,
        }
    }
}

/// The aim of `planner`'s plan for a load that needs so many servers now; none without a plan.
fn foretold(planner: &Planner, needed: u32) -> Option<Aim> {
    let plan = planner.plan()?;
    let at_least = whole(plan.start).max(needed);
    let by = if planner.in_outage() { AimedBy::LastForecast } else { AimedBy::Forecast };
    let edges = Edges::Foretold { timing: planner.timing(), plan, needed };
    Some(Aim { at_least, at_most: whole(plan.keep).max(at_least), by, edges: Some(edges) })
}

fn remember(past: &mut VecDeque<u64>, last: Duration, most: usize) {
    past.push_back(last.as_secs());
    while past.len() > most {
        past.pop_front();
    }
}

fn minutes(seconds: u64) -> usize {
    usize::try_from(seconds.div_ceil(60)).unwrap_or(usize::MAX)
}

/// Whole minutes of a time that ended with a pass, which may have come late.
fn in_time(seconds: u64) -> usize {
    minutes(seconds.saturating_sub(LATE))
}

/// Servers of the group that the load fills to `utilization`, unrounded.
fn in_servers(demand: &Demand, utilization: f64) -> f64 {
    let capacity = &demand.capacity;
    ((demand.load / utilization - capacity.fixed) / capacity.per_server).max(0.0)
}

/// Utilization with `servers` of the group, relative to a target.
fn relative(demand: &Demand, target: f64, servers: u32) -> f64 {
    let capacity = &demand.capacity;
    demand.load / (target * (capacity.fixed + f64::from(servers) * capacity.per_server))
}

/// How long servers boot that all served so long after they had been asked for, but not yet in the pass a `gap`
/// before: the least that this can mean, and never below half the gap. None where they came after having been
/// given up: that was a repair, no boot.
pub fn boot_seen(took: Duration, gap: Duration, boot_timeout: Duration) -> Option<Duration> {
    (took <= boot_timeout).then(|| took.saturating_sub(gap).max(gap / 2))
}

/// How long a boot took that ended by `now`, if it did: from the last rise to all being in service.
pub(super) fn booted(
    rose_at: Option<Timestamp>,
    changed_at: Option<Timestamp>,
    in_effect_at: Option<Timestamp>,
    now: Timestamp,
) -> Option<Duration> {
    let rose_at = rose_at.filter(|rose| changed_at == Some(*rose) && in_effect_at == Some(now))?;
    Some(elapsed(rose_at, now))
}
