//! The forecast behind the `predictive` strategy: how many servers to have, given the demand minute by
//! minute and the minutes that a server boots. Pure, causal and deterministic; its whole state is data.
//!
//! Reading order: [`Planner`] here, `history` (what is known of past demand), `outlook` (demand so many
//! minutes ahead, as a curve of quantiles), which joins `regression` (the expected demand), `spread` (how
//! uncertain that is) and `calibration` (what uncertainty has been worth), `band` (which quantiles pay), and
//! `outage` (what is not to be learned from).
//!
//! What it rests on. Missing servers cost more than idle ones, so capacity follows a high quantile of
//! demand, not its mean: the newsvendor (Arrow, Harris and Marschak, "Optimal Inventory Policy",
//! Econometrica 1951). Which spread and which quantiles serve a load best is not known beforehand, so
//! each candidate is charged for what it would have cost and they are mixed by exponential weights
//! (Freund and Schapire, "A Decision-Theoretic Generalization of On-Line Learning", JCSS 1997), the
//! quantiles being averaged, not the distributions. Starting at one level and dropping at another, higher
//! one has the form of lazy capacity provisioning (Lin, Wierman, Andrew and Thereska, "Dynamic
//! Right-Sizing for Power-Proportional Data Centers", INFOCOM 2011). docs/decisions.md tells what was tried.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

mod band;
mod calibration;
mod history;
mod outage;
mod outlook;
mod regression;
mod spread;
#[cfg(test)]
mod tests;

use crate::model::{Limits, Strategy};
use band::{Band, KEEP_FOR};
use history::History;
use outage::{Outage, WAITED_FOR};
use outlook::{Curve, Outlook};

/// What a missing server costs, in idle ones.
const MISSING_SERVER_PRICE: f64 = 100.0;

/// Minutes after which what was learned counts half: three days.
const HALF_LIFE: f64 = 3.0 * 1440.0;

/// Minutes of forecasts that have come due before the planner's word counts.
const ENOUGH: usize = 15;

/// The longest boot that is planned for, in minutes.
const LONGEST_BOOT: usize = Strategy::LONGEST_BOOT.as_secs() as usize / 60;

/// Demands this large are no demands; the clamp keeps the arithmetic finite.
const MOST_SERVERS: f64 = 1e7;

/// How fast a fleet can grow, in whole minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// From asking for a server until it serves.
    pub boot: usize,
    /// From one pass to the next, at least one.
    pub every: usize,
}

impl Timing {
    /// A timing that can be planned for: a longer boot counts as [`LONGEST_BOOT`].
    pub fn new(boot: usize, every: usize) -> Timing {
        Timing { boot: boot.min(LONGEST_BOOT), every: every.max(1) }
    }

    /// How far ahead a pass looks. What the next pass asks for serves only after a boot of its own, so this
    /// one must provide until then; and demand is next heard of in a pass.
    fn lead(self) -> usize {
        (self.boot.div_ceil(self.every) + 1) * self.every
    }

    /// How many of the last passes lie in so many minutes.
    fn passes_in(self, minutes: usize) -> usize {
        minutes.div_ceil(self.every)
    }
}

/// Plans a fleet, minute by minute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Planner {
    /// The minute it was last told of.
    minute: u64,
    timing: Timing,
    history: History,
    /// Demand in the first minute in which a server asked for now would serve.
    arrival: Outlook,
    /// Demand in the minute of the next pass.
    next: Outlook,
    arrival_curves: VecDeque<Curve>,
    next_curves: VecDeque<Curve>,
    bands: Vec<Band>,
    /// Mean demand in whole servers, recent minutes counting more; and the weight it stands for.
    level: f64,
    weight: f64,
    learned: usize,
    plan: Option<Plan>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outage: Option<Outage>,
}

/// How many servers to have: fewer than `start` call for more, more than `keep` for fewer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Servers below which more must be started now.
    pub start: f64,
    /// Servers above which some can go; at least `start`.
    pub keep: f64,
}

impl Planner {
    /// A planner that knows nothing yet, for a fleet of `servers` that grows at this `timing`, and which begins
    /// after `minute`.
    pub fn new(minute: u64, timing: Timing, servers: u32) -> Planner {
        let lead = timing.lead();
        Planner {
            minute,
            timing,
            history: History::default(),
            arrival: Outlook::new(lead),
            next: Outlook::new(timing.every),
            arrival_curves: VecDeque::new(),
            next_curves: VecDeque::new(),
            bands: band::all(lead, servers),
            level: 0.0,
            weight: 0.0,
            learned: 0,
            plan: None,
            outage: None,
        }
    }

    /// The minute it was last told of.
    pub fn minute(&self) -> u64 {
        self.minute
    }

    /// What it plans for.
    pub fn timing(&self) -> Timing {
        self.timing
    }

    /// The plan after the last minute; none if that had no demand, or too little was learned so far.
    pub fn plan(&self) -> Option<Plan> {
        self.plan.filter(|_| self.learned >= ENOUGH)
    }

    /// Whether demand has vanished and the plan is the last one before that.
    pub fn in_outage(&self) -> bool {
        self.outage.is_some_and(|outage| outage.is_waited_for())
    }

    /// Plans for another timing from here on. What is known of past demand stays, and the forecast for the
    /// next pass if that is as far away as before; the rest is learned anew.
    pub fn set_timing(&mut self, timing: Timing, servers: u32) {
        // What an outage shows of boots and passes can wait until it is over; the plan from before it cannot be had again.
        if timing == self.timing || self.in_outage() {
            return;
        }
        let mut fresh = Planner::new(self.minute, timing, servers);
        fresh.history = std::mem::take(&mut self.history);
        if timing.every == self.timing.every {
            fresh.next = self.next.clone();
        }
        *self = fresh;
    }

    /// Takes in the demand that the pass of the next minute saw, in servers and unrounded; none if it is not
    /// known. Of a minute without demand nothing is learned, and there is no plan; of an outage nothing is
    /// learned either, and the last plan stands.
    pub fn step(&mut self, demand: Option<f64>, limits: Limits) {
        self.plan = match self.take_in(demand, limits) {
            Some(demand) => Some(self.look_ahead(demand, limits)),
            None => self.plan.filter(|_| self.in_outage()),
        };
        self.bands.iter_mut().for_each(Band::end_minute);
    }

    /// Takes in a minute without a pass, in which demand was what it had been. Nothing is foretold in it: that
    /// would be the last pass's forecast again, and prove nothing by coming true.
    pub fn hold(&mut self, demand: Option<f64>, limits: Limits) {
        self.take_in(demand, limits);
        self.bands.iter_mut().for_each(Band::end_minute);
    }

    /// Learns from a minute's demand, if it is known and not that of an outage; then it is returned.
    fn take_in(&mut self, demand: Option<f64>, limits: Limits) -> Option<f64> {
        self.minute += 1;
        let seen = demand.map(|demand| demand.clamp(0.0, MOST_SERVERS));
        let cut_off = seen.is_some_and(|demand| self.note_outage(demand));
        let demand = seen.filter(|_| !cut_off);
        match demand {
            Some(demand) => self.learn(demand, limits),
            None => {
                self.arrival.skip(self.minute);
                self.next.skip(self.minute);
            }
        }
        self.history.note(self.minute, demand);
        demand
    }

    /// Takes note of an outage; whether this minute's demand is that of one. What has been waited for long
    /// enough is taken for what it looks like, from its beginning on.
    fn note_outage(&mut self, demand: f64) -> bool {
        let waited = self.in_outage();
        self.outage = Outage::in_minute(self.outage, demand, self.arrival.foretold(self.minute));
        if waited && self.outage.is_some_and(|outage| !outage.is_waited_for()) {
            self.history.amend(WAITED_FOR, demand);
        }
        self.in_outage()
    }

    fn learn(&mut self, demand: f64, limits: Limits) {
        if self.arrival.learn(self.minute, demand) {
            self.learned = self.learned.saturating_add(self.timing.every);
        }
        self.next.learn(self.minute, demand);
        let need = clamp(demand, limits);
        for band in &mut self.bands {
            band.charge(need);
        }
        let kept = decay();
        self.level = self.level * kept + f64::from(need);
        self.weight = self.weight * kept + 1.0;
    }

    fn look_ahead(&mut self, demand: f64, limits: Limits) -> Plan {
        // The scale of a loss: what is lost in a minute is set against the servers needed in one.
        let scale = (self.level / self.weight).max(1.0);
        let ahead = |outlook: &mut Outlook| {
            let features = self.history.features(demand, self.minute, outlook.lead());
            outlook.look_ahead(&features, self.minute, scale)
        };
        let (arrival, next) = (ahead(&mut self.arrival), ahead(&mut self.next));
        let kept = |minutes| self.timing.passes_in(minutes + KEEP_FOR);
        let (at_stake, until_next) = (kept(self.timing.lead()), kept(self.timing.every));
        remember(&mut self.arrival_curves, arrival, at_stake);
        remember(&mut self.next_curves, next, until_next);
        for band in &mut self.bands {
            band.plan(&self.arrival_curves, &self.next_curves, limits);
        }
        band::mix(&self.bands, scale)
    }
}

fn remember(curves: &mut VecDeque<Curve>, curve: Curve, most: usize) {
    curves.push_front(curve);
    curves.truncate(most);
}

/// Servers for a demand, within the limits.
fn clamp(demand: f64, limits: Limits) -> u32 {
    whole(demand).min(limits.max).max(limits.min)
}

/// Whole servers for a fractional number, with slack for floating-point noise.
pub(crate) fn whole(servers: f64) -> u32 {
    (servers - 1e-9).ceil().max(0.0) as u32
}

/// What is left after a minute of what counted before.
fn decay() -> f64 {
    0.5f64.powf(1.0 / HALF_LIFE)
}
