//! Which quantiles pay: fleets that start servers at one quantile and keep them up to a higher one, each
//! charged for what it would have cost.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::outlook::{Curve, weights};
use super::{MISSING_SERVER_PRICE, Plan, clamp, decay};
use crate::model::Limits;

/// Minutes beyond the ones at stake for which a server is kept, so that a wavering forecast moves less.
pub(super) const KEEP_FOR: usize = 2;

/// Pairs of quantiles, to start at and to keep up to, by their place in the curve.
const PAIRS: [(usize, usize); 5] = [(0, 1), (1, 3), (2, 3), (3, 4), (4, 5)];

/// How fast the weight of a band falls with what it cost.
const RIGOUR: f64 = 0.01;

/// One fleet that is only thought of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Band {
    start_at: usize,
    keep_to: usize,
    by: By,
    plan: Plan,
    servers: u32,
    /// Its servers at the end of the minutes that a boot and a decision take, the last at the front: the
    /// fewest of them serve now.
    before: VecDeque<u32>,
    cost: f64,
}

/// What tells whether a server can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum By {
    /// What was foretold for each of the minutes in which it could not be back.
    Arrival,
    /// What is foretold now for the next minute.
    Next,
}

/// Every band, for a fleet of `servers` that takes `lead` minutes to grow.
pub(super) fn all(lead: usize, servers: u32) -> Vec<Band> {
    let band = |by, (start_at, keep_to)| Band {
        start_at,
        keep_to,
        by,
        plan: Plan { start: 0.0, keep: 0.0 },
        servers,
        before: std::iter::repeat_n(servers, lead).collect(),
        cost: 0.0,
    };
    [By::Arrival, By::Next].into_iter().flat_map(|by| PAIRS.map(|pair| band(by, pair))).collect()
}

/// The mean of what the bands plan, weighted by their cost; costs are set against `scale`.
pub(super) fn mix(bands: &[Band], scale: f64) -> Plan {
    let weights = weights(bands.iter().map(|band| band.cost), RIGOUR / scale);
    let mean = |what: fn(&Plan) -> f64| bands.iter().zip(&weights).map(|(b, w)| w * what(&b.plan)).sum();
    Plan { start: mean(|plan| plan.start), keep: mean(|plan| plan.keep) }
}

impl Band {
    /// Charges a minute in which `need` servers were needed.
    pub(super) fn charge(&mut self, need: u32) {
        let serving = self.before.iter().min().copied().unwrap_or(self.servers);
        let missing = MISSING_SERVER_PRICE * f64::from(need.saturating_sub(serving));
        self.cost = self.cost * decay() + f64::from(self.servers) + missing;
    }

    /// Plans by the curves, the last at the front.
    pub(super) fn plan(&mut self, arrival: &VecDeque<Curve>, next: &VecDeque<Curve>, limits: Limits) {
        let start = arrival.front().map_or(0.0, |curve| curve[self.start_at]);
        let kept = if self.by == By::Arrival { arrival } else { next };
        let keep = kept.iter().map(|curve| curve[self.keep_to]).fold(start, f64::max);
        self.plan = Plan { start, keep };
        self.servers = clamp(start, limits).max(self.servers.min(clamp(keep, limits)));
    }

    pub(super) fn end_minute(&mut self) {
        self.before.pop_back();
        self.before.push_front(self.servers);
    }
}
