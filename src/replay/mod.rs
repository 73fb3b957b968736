//! Replay: what a decision would have cost. A recorded load meets a fleet whose servers take time to
//! boot, and the bill is set beside that of a clairvoyant. Pure: no files, no clock.
//!
//! Reading order: `trace` (the load), `history` (that of a live group), `fleet` (servers that boot), [`run`]
//! here (the time model), `oracle` (the cheapest fleet that is never short), `score` (the bill), `live` (the
//! decision that runs live), `peers` (known policies), `caveats` (what scores do not say), `plot` (a course as a
//! picture), `knob` (what a sweep turns), `curve` (what it comes to), `svg` (what both pictures are made of),
//! `report` (a page of all that).
//!
//! The time model. In tick k the load meets the servers that are ready; the tick is scored. At its end
//! the policy sees it and may name another number of servers. More of them are paid from tick k+1 and
//! serve from tick k+1+boot; fewer are gone at tick k+1, the youngest that still boot first. A tick
//! without a sample is shown as such, and not scored.

pub mod caveats;
pub mod curve;
mod fleet;
pub mod history;
pub mod knob;
pub mod live;
pub mod oracle;
pub mod peers;
pub mod plot;
pub mod report;
pub mod score;
mod svg;
#[cfg(test)]
mod tests;
pub mod trace;

use std::time::Duration;

use crate::model::Limits;
use fleet::Fleet;
use trace::Trace;

/// Utilization at which the first sample would hold the fleet that a replay starts with.
const START_UTILIZATION: f64 = 0.7;

/// Slack against floating-point noise where a load exactly fills a number of servers.
const EXACTLY: f64 = 1e-9;

/// The world that a trace is replayed in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setup {
    /// The load that one server carries well, in the trace's unit.
    pub capacity: f64,
    /// What servers carry besides that no policy can move.
    pub fixed: f64,
    /// Ticks that a server is paid for before it serves.
    pub boot: usize,
    /// The fewest and most servers.
    pub limits: Limits,
}

impl Setup {
    /// Servers that `load` needs, within the limits.
    pub fn demand(&self, load: f64) -> u32 {
        self.clamp(servers_for(load - self.fixed, self.capacity))
    }

    /// The fleet that a replay of `trace` starts with: what its first sample would fill to 70 %.
    pub fn start(&self, trace: &Trace) -> u32 {
        let first = trace.load.iter().flatten().next().copied().unwrap_or(0.0);
        self.clamp(servers_for(first - START_UTILIZATION * self.fixed, START_UTILIZATION * self.capacity))
    }

    /// The share of the time, in percent of the ticks with a sample, whose load needs more servers than there may be.
    pub fn beyond_max(&self, trace: &Trace) -> f64 {
        let known = trace.load.iter().flatten();
        let most = self.carried(self.limits.max) + EXACTLY * self.capacity;
        let beyond = known.clone().filter(|load| **load > most).count();
        beyond as f64 * 100.0 / known.count().max(1) as f64
    }

    /// What `servers` carry, with the fixed ones.
    pub fn carried(&self, servers: u32) -> f64 {
        f64::from(servers) * self.capacity + self.fixed
    }

    fn clamp(&self, servers: u32) -> u32 {
        servers.min(self.limits.max).max(self.limits.min)
    }
}

/// The fewest servers of `capacity` each that carry `load`.
fn servers_for(load: f64, capacity: f64) -> u32 {
    (load / capacity - EXACTLY).ceil().max(0.0) as u32
}

/// Whole ticks of `tick` that a boot takes.
pub fn ticks(boot: Duration, tick: Duration) -> usize {
    usize::try_from(boot.as_secs().div_ceil(tick.as_secs().max(1))).unwrap_or(usize::MAX)
}

/// What a policy sees at the end of a tick.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sight {
    /// Which tick, from 0.
    pub tick: usize,
    /// Its load; none if there was no sample.
    pub load: Option<f64>,
    /// Servers that served in it.
    pub ready: u32,
    /// Servers that were booting in it.
    pub booting: u32,
}

impl Sight {
    /// Servers that were paid for.
    pub fn total(&self) -> u32 {
        self.ready + self.booting
    }
}

/// Something that scales a fleet.
pub trait Policy {
    /// The number of servers to have from now on; none to leave it.
    fn decide(&mut self, seen: &Sight) -> Option<u32>;
}

/// What became of the fleet, tick by tick.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Course {
    /// Servers that served.
    pub ready: Vec<u32>,
    /// Servers that were paid for: those and the booting ones.
    pub paid: Vec<u32>,
    /// The change made at the tick's end.
    pub change: Vec<i64>,
}

/// Drives `policy` over `trace`, starting with `servers` in service.
pub fn run(trace: &Trace, setup: &Setup, servers: u32, policy: &mut dyn Policy) -> Course {
    let mut fleet = Fleet::new(servers, setup);
    let mut course = Course::default();
    for (tick, load) in trace.load.iter().enumerate() {
        fleet.begin(tick);
        let seen = Sight { tick, load: *load, ready: fleet.ready(), booting: fleet.booting() };
        let change = policy.decide(&seen).map_or(0, |wanted| fleet.move_to(wanted, tick));
        course.ready.push(seen.ready);
        course.paid.push(seen.total());
        course.change.push(change);
    }
    course
}
