//! What the strategies other than the band remember, and the aim that follows from it. A fold, as the rest
//! of the memory.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::aim::{Aim, AimedBy};
use super::load::Demand;
use super::tracking::{Size, Tracking};
use crate::forecast::{Planner, whole};
use crate::model::{Limits, Rules, Strategy, elapsed};

/// A server is taken to boot for so long until the first boot was seen, unless the settings tell.
pub const USUAL_BOOT: Duration = Duration::from_secs(180);
/// Boots that are remembered; the longest of them is planned for.
pub const BOOTS: usize = 5;
/// Minutes without a pass for which the last reading is taken to have held.
const HELD_FOR: u64 = Strategy::LONGEST_BETWEEN_PASSES.as_secs() / 60;
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
        if let Some(took) = sight.booted {
            self.boots.push_back(took.as_secs());
            while self.boots.len() > BOOTS {
                self.boots.pop_front();
            }
        }
        let demand = sight.demand.map(|demand| in_servers(&demand, rules.scale_up_above));
        let otherwise = match rules.strategy {
            Strategy::Predictive => self.forecast(rules, sight, demand),
            _ => AimedBy::Target,
        };
        self.demand = demand;
        self.aim = sight.demand.map(|demand| self.aim(rules, sight, &demand, otherwise));
    }

    /// Whole minutes that a server is planned to boot; none without a forecast.
    pub fn planned_boot(&self) -> Option<usize> {
        self.planner.as_ref().map(Planner::boot)
    }

    /// The aim of the forecast, else that of the target; `otherwise` says why it is not the forecast's.
    fn aim(&mut self, rules: &Rules, sight: &Sight, demand: &Demand, otherwise: AimedBy) -> Aim {
        let target = rules.tracking.target;
        let size =
            Size { wanted: in_servers(demand, target), relative: relative(demand, target, sight.there) };
        let (at_least, at_most) = self.tracking.sizes(&rules.tracking, sight.at, sight.there, size);
        let plan = self.planner.as_ref().filter(|_| rules.strategy == Strategy::Predictive);
        match plan.and_then(Planner::plan) {
            Some(plan) => {
                let at_least = whole(plan.start).max(demand.needed(rules));
                Aim { at_least, at_most: whole(plan.keep).max(at_least), by: AimedBy::Forecast }
            }
            None => Aim { at_least, at_most, by: otherwise },
        }
    }

    /// Brings the forecast to the minute of this pass, and tells what an aim rests on should there be none. Of several
    /// passes in a minute the first counts.
    fn forecast(&mut self, rules: &Rules, sight: &Sight, demand: Option<f64>) -> AimedBy {
        let minute = u64::try_from(sight.at.as_second() / 60).unwrap_or(0);
        let boot = self.boot(rules);
        let fresh = || Planner::new(minute.saturating_sub(1), boot, sight.there);
        let held = self.demand;
        let planner = self.planner.get_or_insert_with(fresh);
        let (ahead, behind) =
            (minute.saturating_sub(planner.minute()), planner.minute().saturating_sub(minute));
        // A clock that was set back by more than a moment told of minutes that have not been.
        if ahead > FORGOTTEN_AFTER || behind > HELD_FOR {
            *planner = fresh();
        }
        planner.set_boot(boot, sight.there);
        let held = held.filter(|_| ahead <= HELD_FOR);
        while planner.minute() + 1 < minute {
            planner.step(held, sight.limits);
        }
        if planner.minute() < minute {
            planner.step(demand, sight.limits);
        }
        if ahead > HELD_FOR { AimedBy::TargetBetweenRarePasses } else { AimedBy::TargetForNow }
    }

    /// Whole minutes that a server boots. A boot that was longer than expected is believed at once; shorter
    /// ones once all that are remembered were, and clearly: each change costs what was learned.
    fn boot(&self, rules: &Rules) -> usize {
        if let Some(boot) = rules.boot {
            return minutes(boot.as_secs());
        }
        let usual = minutes(USUAL_BOOT.as_secs());
        let planned = self.planner.as_ref().map_or(usual, Planner::boot);
        // A boot is seen to end in the first pass after it, so the last minute is not part of it.
        let longest = self.boots.iter().max().map(|seconds| minutes(seconds.saturating_sub(60)));
        match longest {
            Some(longest) if longest > planned => longest,
            Some(longest) if longest + 1 < planned && self.boots.len() == BOOTS => longest,
            _ => planned,
        }
    }
}

fn minutes(seconds: u64) -> usize {
    usize::try_from(seconds.div_ceil(60)).unwrap_or(usize::MAX)
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
