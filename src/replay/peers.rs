//! Known policies, re-implemented from their published rules with their default settings, to compare
//! with. `utilization` is the share of a server's capacity that each aims at.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Policy, Setup, Sight, servers_for, ticks};

/// The multiples of `period` seconds within the tick of `tick` seconds that begins at `start`.
fn times(start: u64, tick: u64, period: u64) -> impl Iterator<Item = u64> {
    (start.div_ceil(period)..(start + tick).div_ceil(period)).map(move |n| n * period)
}

/// A known policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// See [`Loadscale2014`].
    Loadscale2014,
    /// See [`Hpa`].
    Hpa,
    /// See [`Aws`].
    Aws,
    /// See [`Autoscalebot`].
    Autoscalebot,
}

impl Peer {
    /// Their names, as they are typed.
    pub const NAMES: [&str; 4] = ["loadscale2014", "hpa", "aws", "autoscalebot"];

    /// The name, as it is typed.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The policy of that name; none if there is none.
    pub fn named(name: &str) -> Option<Peer> {
        [Peer::Loadscale2014, Peer::Hpa, Peer::Aws, Peer::Autoscalebot]
            .into_iter()
            .find(|peer| peer.name() == name)
    }

    /// It, with its default settings, at ticks of `tick`.
    pub fn policy(self, setup: &Setup, tick: Duration) -> Box<dyn Policy> {
        let policy: Box<dyn Policy> = match self {
            Peer::Loadscale2014 => Box::new(Loadscale2014::new(*setup, tick, 0.8)),
            Peer::Hpa => Box::new(Hpa::new(*setup, tick, 0.7)),
            Peer::Aws => Box::new(Aws::new(*setup, tick, 0.7)),
            Peer::Autoscalebot => Box::new(Autoscalebot::new(*setup, tick, 0.9)),
        };
        Box::new(BesideFixed { fixed: setup.fixed, policy })
    }
}

/// None of them knows of servers that it cannot move: it is shown the load that those leave.
struct BesideFixed {
    fixed: f64,
    policy: Box<dyn Policy>,
}

impl Policy for BesideFixed {
    fn decide(&mut self, seen: &Sight) -> Option<u32> {
        let load = seen.load.map(|load| (load - self.fixed).max(0.0));
        self.policy.decide(&Sight { load, ..*seen })
    }
}

/// The original loadscale (rackerlabs/loadscale, commit 8f1f605): every five minutes, connections per
/// node above MAX_CONN add a server, below MIN_CONN remove one, but only while active equals desired
/// and five minutes after the last move. MIN_CONN / MAX_CONN = 40 / 50 by default.
#[derive(Debug)]
pub struct Loadscale2014 {
    setup: Setup,
    tick: u64,
    poll: u64,
    cooldown: u64,
    max_connections: f64,
    acted: Option<u64>,
}

impl Loadscale2014 {
    const MIN_OF_MAX: f64 = 0.8;
    const POLL: Duration = Duration::from_secs(300);

    /// MAX_CONN is `utilization` of a server's capacity.
    pub fn new(setup: Setup, tick: Duration, utilization: f64) -> Loadscale2014 {
        let max_connections = utilization * setup.capacity;
        let poll = Self::POLL.as_secs();
        Loadscale2014 { setup, tick: tick.as_secs(), poll, cooldown: poll, max_connections, acted: None }
    }

    /// The same with another poll and cooldown.
    pub fn every(self, poll: Duration, cooldown: Duration) -> Loadscale2014 {
        Loadscale2014 { poll: poll.as_secs(), cooldown: cooldown.as_secs(), ..self }
    }

    /// The last poll in the tick that ends at `now`, if it may act.
    fn poll(&self, now: u64) -> Option<u64> {
        let last = now / self.poll * self.poll;
        let may_act = self.acted.is_none_or(|acted| acted + self.cooldown <= last);
        (last > now - self.tick && may_act).then_some(last)
    }
}

impl Policy for Loadscale2014 {
    fn decide(&mut self, seen: &Sight) -> Option<u32> {
        let now = (seen.tick as u64 + 1) * self.tick;
        let load = seen.load?;
        let poll = self.poll(now).filter(|_| seen.booting == 0)?;
        let per_node = load / f64::from(seen.ready);
        let wanted = if per_node > self.max_connections {
            seen.total().saturating_add(1)
        } else if per_node < Self::MIN_OF_MAX * self.max_connections {
            seen.total().saturating_sub(1)
        } else {
            return None;
        };
        self.acted = Some(poll);
        Some(wanted.max(self.setup.limits.min))
    }
}

/// Kubernetes' HorizontalPodAutoscaler v2 with its defaults, on an external metric with an
/// `AverageValue` target: a sync every 15 s; tolerance 0.1; up by at most the larger of 4 pods and
/// 100 % a sync, at once; down to the highest recommendation of the last 300 s. Its replicas include
/// those that are not ready.
#[derive(Debug)]
pub struct Hpa {
    target: f64,
    tick: u64,
    recommended: VecDeque<(u64, u32)>,
}

impl Hpa {
    const TOLERANCE: f64 = 0.1;
    const DOWN_STABILIZATION: u64 = 300;
    const SYNC: u64 = 15;

    /// `AverageValue` is `utilization` of a server's capacity.
    pub fn new(setup: Setup, tick: Duration, utilization: f64) -> Hpa {
        Hpa { target: utilization * setup.capacity, tick: tick.as_secs(), recommended: VecDeque::new() }
    }

    fn sync(&mut self, now: u64, load: f64, replicas: u32) -> u32 {
        let ratio = load / (self.target * f64::from(replicas));
        let tolerated = (ratio - 1.0).abs() <= Self::TOLERANCE;
        let wanted = if tolerated { replicas } else { servers_for(load, self.target) };
        self.recommended.retain(|(at, _)| at + Self::DOWN_STABILIZATION > now);
        self.recommended.push_back((now, wanted));
        let highest = self.recommended.iter().map(|(_, wanted)| *wanted).max().unwrap_or(wanted);
        let moved = if wanted > replicas {
            wanted.min(replicas.saturating_add(4).max(replicas.saturating_mul(2)))
        } else {
            replicas.min(highest)
        };
        moved.max(1)
    }
}

impl Policy for Hpa {
    fn decide(&mut self, seen: &Sight) -> Option<u32> {
        let load = seen.load?;
        let syncs = times(seen.tick as u64 * self.tick, self.tick, Self::SYNC);
        Some(syncs.fold(seen.total(), |replicas, now| self.sync(now, load, replicas)))
    }
}

/// AWS target tracking by its two alarms: three minutes in a row above the target move straight to what
/// the load needs at the target; fifteen minutes in a row below 0.9 of it do the same, if nothing is
/// warming up. Capacity that is warming up counts as capacity; warm-up takes five minutes, or the boot.
#[derive(Debug)]
pub struct Aws {
    target: f64,
    warmup: usize,
    /// Samples in a row above the target that move it, and below.
    high_after: usize,
    low_after: usize,
    high: usize,
    low: usize,
    warm_at: usize,
}

impl Aws {
    const HIGH_FOR: Duration = Duration::from_secs(3 * 60);
    const LOW_FOR: Duration = Duration::from_secs(15 * 60);
    const LOW_OF_TARGET: f64 = 0.9;
    const WARMUP: Duration = Duration::from_secs(300);

    /// The target is `utilization` of a server's capacity.
    pub fn new(setup: Setup, tick: Duration, utilization: f64) -> Aws {
        Aws {
            target: utilization * setup.capacity,
            warmup: setup.boot.max(ticks(Self::WARMUP, tick)),
            high_after: ticks(Self::HIGH_FOR, tick),
            low_after: ticks(Self::LOW_FOR, tick),
            high: 0,
            low: 0,
            warm_at: 0,
        }
    }
}

impl Policy for Aws {
    fn decide(&mut self, seen: &Sight) -> Option<u32> {
        let load = seen.load?;
        let per_server = load / f64::from(seen.ready);
        self.high = if per_server > self.target { self.high + 1 } else { 0 };
        self.low = if per_server < Self::LOW_OF_TARGET * self.target { self.low + 1 } else { 0 };
        let wanted = servers_for(load, self.target);
        if self.high >= self.high_after && wanted > seen.total() {
            self.warm_at = seen.tick + self.warmup;
            return Some(wanted);
        }
        let settled = seen.tick >= self.warm_at && seen.booting == 0;
        (self.low >= self.low_after && settled && wanted < seen.total()).then_some(wanted)
    }
}

/// autoscalebot (wieden-kennedy/autoscalebot, commit 465ed50): a heartbeat every 30 s; three in a row
/// slower than 1000 ms add a server, five in a row faster than 200 ms remove one, and a move empties
/// the history. Response time stands for utilization as in an M/M/1 queue of 100 ms: 1000 ms for 0.9
/// and 200 ms for 0.5.
#[derive(Debug)]
pub struct Autoscalebot {
    capacity: f64,
    tick: u64,
    slow_above: f64,
    fast_below: f64,
    slow: u32,
    fast: u32,
}

impl Autoscalebot {
    const BEAT: u64 = 30;
    const SLOW_AFTER: u32 = 3;
    const FAST_AFTER: u32 = 5;
    const FAST_OF_SLOW: f64 = 0.5 / 0.9;

    /// A heartbeat is slow above `utilization`.
    pub fn new(setup: Setup, tick: Duration, utilization: f64) -> Autoscalebot {
        Autoscalebot {
            capacity: setup.capacity,
            tick: tick.as_secs(),
            slow_above: utilization,
            fast_below: utilization * Self::FAST_OF_SLOW,
            slow: 0,
            fast: 0,
        }
    }

    fn beat(&mut self, utilization: f64, dynos: u32) -> u32 {
        self.slow = if utilization > self.slow_above { self.slow + 1 } else { 0 };
        self.fast = if utilization < self.fast_below { self.fast + 1 } else { 0 };
        let moved = if self.slow >= Self::SLOW_AFTER {
            dynos.saturating_add(1)
        } else if self.fast >= Self::FAST_AFTER {
            dynos.saturating_sub(1)
        } else {
            return dynos;
        };
        (self.slow, self.fast) = (0, 0);
        moved
    }
}

impl Policy for Autoscalebot {
    fn decide(&mut self, seen: &Sight) -> Option<u32> {
        let utilization = seen.load? / (f64::from(seen.ready) * self.capacity);
        let beats = times(seen.tick as u64 * self.tick, self.tick, Self::BEAT);
        Some(beats.fold(seen.total(), |dynos, _| self.beat(utilization, dynos)))
    }
}
