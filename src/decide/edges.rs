//! What set the edges of an aim, and the sentences that tell it by the settings' own keys.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::aim::Aim;
use crate::forecast::{Plan, Timing, whole};
use crate::model::{Direction, Pace, TargetTracking};

/// What set the edges of an aim.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edges {
    /// The target utilization, and what damps it.
    Tracked {
        /// Servers that bring utilization to the target.
        asked: u32,
        /// What set the lower edge.
        at_least: Bound,
        /// What set the upper edge.
        at_most: Bound,
    },
    /// What was foretold.
    Foretold {
        /// The times that were planned for.
        timing: Timing,
        /// The edges before they were made whole.
        plan: Plan,
        /// Servers that the load needs in the pass itself; no edge lies below.
        needed: u32,
    },
}

/// The rule of target tracking that an edge lies at: the last one that moved it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The target itself.
    Target,
    /// Utilization is near enough to the target: what is there is right.
    Tolerance,
    /// A more cautious size was recommended a short while ago.
    Stabilization,
    /// The group may not change faster.
    Rate,
    /// The load needs so many.
    Need,
}

impl Edges {
    /// Writes what set the edges of `aim`, which these are, under the rules `tracking`.
    pub(super) fn tell(
        &self,
        f: &mut fmt::Formatter<'_>,
        aim: &Aim,
        tracking: &TargetTracking,
    ) -> fmt::Result {
        match self {
            Edges::Tracked { asked, at_least, at_most } => {
                write!(f, "With target = {} the load asks for {asked} servers. ", tracking.target)?;
                write!(f, "At least {}: ", aim.at_least)?;
                at_least.tell(f, Direction::Up, tracking)?;
                write!(f, ". At most {}: ", aim.at_most)?;
                at_most.tell(f, Direction::Down, tracking)?;
                f.write_str(".")
            }
            Edges::Foretold { timing: Timing { boot, every }, plan, needed } => {
                // A forecast for next to no load may lie below zero.
                let (start, keep) = (plan.start.max(0.0), plan.keep.max(0.0));
                write!(
                    f,
                    "Planned for a boot of {boot} min and a pass every {every} min: below {start:.2} "
                )?;
                write!(f, "servers some must be started, above {keep:.2} some can go. ")?;
                write!(f, "The load needs {needed} now")?;
                let more = *needed > whole(plan.start);
                f.write_str(if more { ", more than was planned, and that counts." } else { "." })
            }
        }
    }
}

impl Bound {
    /// Writes why the edge lies there below which, or above which, a group moves in `direction`.
    fn tell(
        self,
        f: &mut fmt::Formatter<'_>,
        direction: Direction,
        tracking: &TargetTracking,
    ) -> fmt::Result {
        let (Pace { stabilization, servers, percent, period, .. }, extreme) = match direction {
            Direction::Up => (tracking.up, "smallest"),
            Direction::Down => (tracking.down, "largest"),
        };
        match self {
            Bound::Target => f.write_str("as it asks"),
            Bound::Tolerance => {
                let (up, down) = (tracking.up.tolerance, tracking.down.tolerance);
                write!(f, "what is there is near enough by tolerance_up = {up}, tolerance_down = {down}")
            }
            Bound::Stabilization => {
                let seconds = stabilization.as_secs_f64();
                write!(f, "the {extreme} size recommended within stabilization_{direction} = {seconds} s")
            }
            Bound::Rate => write!(
                f,
                "no faster by servers_{direction} = {servers}, percent_{direction} = {percent}, \
                 period_{direction} = {} s",
                period.as_secs_f64()
            ),
            Bound::Need => f.write_str("what the load needs at scale_up_above"),
        }
    }
}
