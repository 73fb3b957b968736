//! The score: what a course cost, and how much was missing or spare.
//!
//! The elasticity metrics are those of the SPEC Research Group (Herbst et al., "Ready for Rain? A View
//! from SPEC Research on the Future of Cloud Metrics", SPEC-RG-2016-01; used so by Bauer et al.,
//! "Chameleon", IEEE TPDS 2019), all of them relative to demand. `J` adds up what they leave apart: paid
//! and missing server time in one number, over what a clairvoyant would have paid.

use serde::Serialize;

use super::oracle::oracle;
use super::{Course, EXACTLY, Setup};
use crate::replay::trace::Trace;

/// What a missing server costs, in paid ones, for `J`: the price at which the best plan covers about
/// 99 % of the time.
pub const MISSING_SERVER_PRICE: f64 = 100.0;

/// The same for `J10`, for whom being short is less of a harm.
pub const MISSING_SERVER_PRICE_LOW: f64 = 10.0;

/// A move counts as a reversal if it is opposite to one so many ticks before, or fewer.
pub const REVERSAL_TICKS: usize = 10;

/// The score of one course. Only ticks with a sample count. A member that cannot be computed, such as a
/// ratio to nothing, is no number and becomes `null` in JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// (paid + 100 x missing server time) / the clairvoyant's paid server time.
    #[serde(rename = "J")]
    pub j: f64,
    /// The same at a price of 10.
    #[serde(rename = "J10")]
    pub j10: f64,
    /// Share of time short, in percent.
    #[serde(rename = "tau_U")]
    pub tau_u: f64,
    /// Share of time with a server to spare, in percent.
    #[serde(rename = "tau_O")]
    pub tau_o: f64,
    /// What was missing, relative to demand, on average in percent.
    #[serde(rename = "theta_U")]
    pub theta_u: f64,
    /// What was spare, relative to demand, on average in percent.
    #[serde(rename = "theta_O")]
    pub theta_o: f64,
    /// Share of ticks on which supply and demand do not move the same way, in percent.
    pub upsilon: f64,
    /// Paid server time, booting included.
    pub server_hours: f64,
    /// The same over the clairvoyant's.
    pub hours_ratio: f64,
    /// Time short, in minutes.
    pub slo_minutes: f64,
    /// The longest unbroken time short, in minutes.
    pub longest_short_minutes: f64,
    /// Load above what the ready servers carry, in percent of all load.
    pub lost_load_percent: f64,
    /// Load over what the ready servers carry: the value that 95 % of the ticks stay below, in percent.
    pub p95_utilization: f64,
    /// Ticks at whose end the fleet was changed.
    pub actions: usize,
    /// Those of them opposite to the one before, within ten ticks.
    pub reversals: usize,
}

impl Score {
    /// What a table shows of it: J, J10, time short, the longest of it, load lost, servers to spare, server
    /// hours, moves and reversals. What cannot be computed is a dash.
    pub fn cells(&self) -> [String; 9] {
        let known = |ratio: f64, text: String| if ratio.is_finite() { text } else { "-".to_owned() };
        let bill = |ratio: f64| known(ratio, format!("{ratio:.3}"));
        let ratio = known(self.hours_ratio, format!("{:.2}x", self.hours_ratio));
        [
            bill(self.j),
            bill(self.j10),
            format!("{:.2} %", self.tau_u),
            format!("{} min", self.longest_short_minutes),
            format!("{:.2} %", self.lost_load_percent),
            format!("{:.1} %", self.theta_o),
            format!("{:.0} ({ratio})", self.server_hours),
            self.actions.to_string(),
            self.reversals.to_string(),
        ]
    }
}

/// Scores courses through one trace, with the clairvoyant's bill worked out once.
#[derive(Debug)]
pub struct Judge<'a> {
    trace: &'a Trace,
    setup: &'a Setup,
    /// Ticks with a sample, and what they need.
    scored: Vec<(usize, f64, u32)>,
    clairvoyant_ticks: u64,
}

impl<'a> Judge<'a> {
    /// Works out the demand of `trace`, and the clairvoyant's bill.
    pub fn new(trace: &'a Trace, setup: &'a Setup) -> Judge<'a> {
        let with_load = |(tick, load): (usize, &Option<f64>)| load.map(|l| (tick, l, setup.demand(l)));
        let scored: Vec<_> = trace.load.iter().enumerate().filter_map(with_load).collect();
        let clairvoyant_ticks = paid_ticks(&oracle(trace, setup), &scored);
        Judge { trace, setup, scored, clairvoyant_ticks }
    }

    /// The score of `course`.
    pub fn score(&self, course: &Course) -> Score {
        let paid = paid_ticks(course, &self.scored);
        let missing: u64 = self.sum(course, |need, ready| u64::from(need.saturating_sub(ready)));
        let minutes = |ticks: usize| ticks as f64 * self.trace.tick.as_secs_f64() / 60.0;
        let short: usize = self.sum(course, |need, ready| usize::from(ready < need));
        let bill = |price: f64| (paid as f64 + price * missing as f64) / self.clairvoyant_ticks as f64;
        Score {
            j: bill(MISSING_SERVER_PRICE),
            j10: bill(MISSING_SERVER_PRICE_LOW),
            tau_u: self.percent(short as f64),
            tau_o: self.percent(self.sum(course, |need, ready| f64::from(u8::from(ready > need)))),
            theta_u: self.percent(self.sum(course, |need, ready| relative(need.saturating_sub(ready), need))),
            theta_o: self.percent(self.sum(course, |need, ready| relative(ready.saturating_sub(need), need))),
            upsilon: self.upsilon(course),
            server_hours: paid as f64 * self.trace.tick.as_secs_f64() / 3600.0,
            hours_ratio: bill(0.0),
            slo_minutes: minutes(short),
            longest_short_minutes: minutes(self.longest_short(course)),
            lost_load_percent: self.lost_load(course),
            p95_utilization: self.p95_utilization(course),
            actions: course.change.iter().filter(|change| **change != 0).count(),
            reversals: reversals(&course.change),
        }
    }

    /// Adds up `what(need, ready)` over the scored ticks.
    fn sum<T: std::iter::Sum>(&self, course: &Course, what: impl Fn(u32, u32) -> T) -> T {
        self.scored.iter().map(|&(tick, _, need)| what(need, course.ready[tick])).sum()
    }

    fn percent(&self, ticks: f64) -> f64 {
        ticks * 100.0 / self.scored.len() as f64
    }

    fn upsilon(&self, course: &Course) -> f64 {
        let steps = self.scored.windows(2).filter(|pair| pair[0].0 + 1 == pair[1].0);
        let apart = steps.clone().filter(|pair| {
            let supply = course.ready[pair[1].0].cmp(&course.ready[pair[0].0]);
            supply != pair[1].2.cmp(&pair[0].2)
        });
        apart.count() as f64 * 100.0 / steps.count().max(1) as f64
    }

    fn longest_short(&self, course: &Course) -> usize {
        let (mut longest, mut now) = (0, 0);
        for &(tick, _, need) in &self.scored {
            now = if course.ready[tick] < need { now + 1 } else { 0 };
            longest = longest.max(now);
        }
        longest
    }

    fn lost_load(&self, course: &Course) -> f64 {
        let carried = |tick: usize| self.setup.carried(course.ready[tick]);
        let lost: f64 = self.scored.iter().map(|&(tick, load, _)| (load - carried(tick)).max(0.0)).sum();
        let all: f64 = self.scored.iter().map(|&(_, load, _)| load).sum();
        lost * 100.0 / all.max(EXACTLY)
    }

    fn p95_utilization(&self, course: &Course) -> f64 {
        let of = |&(tick, load, _): &(usize, f64, u32)| match load {
            0.0 => 0.0,
            load => load / self.setup.carried(course.ready[tick]),
        };
        let mut all: Vec<f64> = self.scored.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        let rank = (0.95 * all.len() as f64) as usize;
        all.get(rank.min(all.len().saturating_sub(1))).map_or(f64::NAN, |share| share * 100.0)
    }
}

/// Server time paid for in the scored ticks.
fn paid_ticks(course: &Course, scored: &[(usize, f64, u32)]) -> u64 {
    scored.iter().map(|&(tick, ..)| u64::from(course.paid[tick])).sum()
}

/// `part` relative to `need`; a server where none is needed counts whole.
fn relative(part: u32, need: u32) -> f64 {
    f64::from(part) / f64::from(need.max(1))
}

fn reversals(change: &[i64]) -> usize {
    let moves: Vec<(usize, i64)> =
        change.iter().enumerate().filter(|(_, c)| **c != 0).map(|(tick, c)| (tick, c.signum())).collect();
    let opposite = |pair: &&[(usize, i64)]| pair[0].1 != pair[1].1 && pair[1].0 - pair[0].0 <= REVERSAL_TICKS;
    moves.windows(2).filter(opposite).count()
}
