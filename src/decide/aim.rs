//! The objections where a strategy names the size itself, instead of a band of utilization.

use serde::{Deserialize, Serialize};

use super::asked::Passed;
use super::load::Demand;
use super::verdict::{Cause, Hold};
use super::{Case, Move};
use crate::model::Direction;

/// The sizes that a strategy holds for right, in servers of the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aim {
    /// With fewer the group is too small.
    pub at_least: u32,
    /// With more it is too large.
    pub at_most: u32,
    /// What it rests on.
    pub by: AimedBy,
}

/// What an aim rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AimedBy {
    /// The target utilization.
    Target,
    /// A forecast.
    Forecast,
    /// The target utilization, since too little is known for a forecast.
    TargetForNow,
}

impl Case<'_> {
    /// Up to at least, or down to at most, what `aim` says; a move down always leaves what is needed now.
    pub(super) fn towards_aim(&self, demand: &Demand, aim: Aim) -> Result<Move, Hold> {
        let there = demand.servers_with(i64::from(self.pending));
        let spared = aim.at_most.max(demand.needed(self.rules));
        // Balancers may still count servers that have been let go: they are not let go twice.
        let direction = if there < aim.at_least {
            Direction::Up
        } else if there.min(self.fleet.desired) > spared {
            Direction::Down
        } else {
            return Err(Hold::RightSize { there, aim });
        };
        (self.told)(Passed::WrongSize { there, aim });
        if direction == Direction::Down {
            self.nothing_in_flight()?;
            self.leaves_at_least(demand, spared)?;
        }
        self.not_at_limit(direction)?;
        self.rested(self.pause_before(direction))?;
        let change = self.pick(direction, |ready| match direction {
            Direction::Up => self.smallest_or_largest_up(ready, |c| {
                demand.servers_with(i64::from(self.pending) + self.by(c)) >= aim.at_least
            }),
            Direction::Down => {
                ready.smallest(|c| demand.servers_with(self.by(c)) >= spared && self.leaves_enough(demand, c))
            }
        })?;
        Ok((change, Cause::Aim { direction, there, aim }))
    }
}
