//! The objections where a strategy names the size itself, instead of a band of utilization.

use serde::{Deserialize, Serialize};

use super::asked::Passed;
use super::edges::Edges;
use super::load::Demand;
use super::steps::Candidate;
use super::verdict::{Cause, Hold};
use super::{Case, Move};
use crate::model::Direction;

/// A policy is executed so often in one pass at most: a larger policy is the better way further.
const MOST_EXECUTIONS: u32 = 10;

/// The sizes that a strategy holds for right, in servers of the group.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Aim {
    /// With fewer the group is too small.
    pub at_least: u32,
    /// With more it is too large.
    pub at_most: u32,
    /// What it rests on.
    pub by: AimedBy,
    /// What set its edges; none in records from before that was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edges: Option<Edges>,
}

/// What an aim rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AimedBy {
    /// The target utilization.
    Target,
    /// A forecast.
    Forecast,
    /// The last forecast before the load vanished.
    LastForecast,
    /// The target utilization, since too little is known for a forecast.
    TargetForNow,
    /// The target utilization, since passes come too rarely for a forecast.
    TargetBetweenRarePasses,
}

impl Case<'_> {
    /// Up to at least, or down to at most, what `aim` says; its upper edge never lies below what is needed now.
    pub(super) fn towards_aim(&self, demand: &Demand, aim: Aim) -> Result<Move, Hold> {
        (self.told)(Passed::Aimed { aim, tracking: self.rules.tracking });
        let there = demand.servers_with(i64::from(self.pending));
        // Balancers may still count servers that have been let go: they are not let go twice.
        let direction = if there < aim.at_least {
            Direction::Up
        } else if there.min(self.fleet.desired) > aim.at_most {
            Direction::Down
        } else {
            return Err(Hold::RightSize { there, aim });
        };
        (self.told)(Passed::WrongSize { there, aim });
        if direction == Direction::Down {
            self.nothing_in_flight()?;
            self.leaves_at_least(demand, aim.at_most)?;
        }
        self.not_at_limit(direction)?;
        self.rested(self.pause_before(direction))?;
        let change = self.pick(direction, MOST_EXECUTIONS, |ready| match direction {
            Direction::Up => {
                let reaches = |c: &Candidate<'_>| {
                    demand.servers_with(i64::from(self.pending) + self.by(c)) >= aim.at_least
                };
                ready
                    .smallest(|c| c.times == 1 && reaches(c))
                    .or_else(|| self.smallest_or_largest_up(ready, reaches))
            }
            Direction::Down => ready.smallest(|c| {
                demand.servers_with(self.by(c)) >= aim.at_most && self.leaves_enough(demand, c)
            }),
        })?;
        let after = i64::from(there) + i64::from(change.to) - i64::from(change.from);
        let lacking = u32::try_from(i64::from(aim.at_least) - after).unwrap_or(0);
        let lacking = lacking.min(self.limits.max.saturating_sub(change.to));
        Ok((change, Cause::Aim { direction, there, aim, lacking }))
    }
}
