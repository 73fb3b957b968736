//! Target tracking: the size that brings utilization to a target, with the damping of Kubernetes'
//! HorizontalPodAutoscaler: a tolerance, a window of recommendations, and a limit to the rate of change,
//! each by direction (its documented algorithm and `behavior`, autoscaling/v2).

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::edges::Bound;
use crate::forecast::whole;
use crate::model::{Pace, TargetTracking, elapsed};

/// What was recommended, and how the group changed, as far back as the rules ask.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tracking {
    recommended: VecDeque<(Timestamp, u32)>,
    changed: VecDeque<(Timestamp, i64)>,
    there: Option<u32>,
}

/// What the load asks for at the target.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    /// Servers, unrounded.
    pub(super) wanted: f64,
    /// Utilization over target, with the servers that are there.
    pub(super) relative: f64,
}

/// An edge of the sizes that are right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub(super) servers: u32,
    pub(super) bound: Bound,
}

impl Edge {
    /// This edge, or `other` where that is the lower one.
    fn lowered_to(self, other: u32, bound: Bound) -> Edge {
        if other < self.servers { Edge { servers: other, bound } } else { self }
    }

    /// This edge, or `other` where that is the higher one.
    pub(super) fn raised_to(self, other: u32, bound: Bound) -> Edge {
        if other > self.servers { Edge { servers: other, bound } } else { self }
    }
}

impl Tracking {
    /// The smallest and the largest size that are right.
    pub(super) fn sizes(
        &mut self,
        rules: &TargetTracking,
        at: Timestamp,
        there: u32,
        size: Size,
    ) -> (Edge, Edge) {
        self.note_change(rules, at, there);
        let tolerated = -rules.down.tolerance..=rules.up.tolerance;
        let now = if tolerated.contains(&(size.relative - 1.0)) {
            Edge { servers: there, bound: Bound::Tolerance }
        } else {
            Edge { servers: whole(size.wanted), bound: Bound::Target }
        };
        self.recommended.push_back((at, now.servers));
        let longest = rules.up.stabilization.max(rules.down.stabilization);
        self.recommended.retain(|(then, _)| *then == at || elapsed(*then, at) < longest);
        let within = |pace: &Pace| {
            let window = pace.stabilization;
            let recent = move |then: Timestamp| then == at || elapsed(then, at) < window;
            self.recommended.iter().filter(move |(then, _)| recent(*then)).map(|(_, servers)| *servers)
        };
        let least = within(&rules.up).min().unwrap_or(now.servers);
        let most = within(&rules.down).max().unwrap_or(now.servers);
        (
            now.lowered_to(least, Bound::Stabilization)
                .lowered_to(self.fastest_up(&rules.up, at, there), Bound::Rate),
            now.raised_to(most, Bound::Stabilization)
                .raised_to(self.fastest_down(&rules.down, at, there), Bound::Rate),
        )
    }

    fn note_change(&mut self, rules: &TargetTracking, at: Timestamp, there: u32) {
        let before = self.there.replace(there).unwrap_or(there);
        if before != there {
            self.changed.push_back((at, i64::from(there) - i64::from(before)));
        }
        let longest = rules.up.period.max(rules.down.period);
        self.changed.retain(|(then, _)| elapsed(*then, at) < longest);
    }

    /// Servers that came, or went, within the period of `pace`.
    fn within_period(&self, pace: &Pace, at: Timestamp, sign: i64) -> i64 {
        let recent = self.changed.iter().filter(|(then, _)| elapsed(*then, at) < pace.period);
        recent.map(|(_, change)| change * sign).filter(|change| *change > 0).sum()
    }

    fn fastest_up(&self, pace: &Pace, at: Timestamp, there: u32) -> u32 {
        let start = (i64::from(there) - self.within_period(pace, at, 1)).max(0) as f64;
        let fastest = (start + f64::from(pace.servers)).max(start * (1.0 + pace.percent / 100.0));
        // Where a rate would not even let the first server come, it lets one.
        whole(fastest).max(1)
    }

    fn fastest_down(&self, pace: &Pace, at: Timestamp, there: u32) -> u32 {
        let start = (i64::from(there) + self.within_period(pace, at, -1)).max(0) as f64;
        let fastest = (start - f64::from(pace.servers)).min(start * (1.0 - pace.percent / 100.0));
        fastest.max(0.0).floor() as u32
    }
}
