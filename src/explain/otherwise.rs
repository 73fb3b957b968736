//! What would have had to differ for another move: `decide` is asked again with one input changed.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::decide::decide;
use crate::decide::verdict::Verdict;
use crate::journal::retrace::Moment;
use crate::model::{
    Change, Fleet, Level, Limits, Moves, Observation, Pace, Reading, Rules, Signal, Strategy, Window,
};

/// More connections than any balancer carries: here the search for a load ends.
const MOST_LOAD: u64 = 1 << 40;

/// One thing that might have been different, and the move it would have led to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Otherwise {
    /// What would have been different.
    #[serde(flatten)]
    pub what: What,
    /// The move that would have been made; none for a hold.
    pub change: Option<Change>,
    /// What `decide` says to it.
    pub explanation: String,
}

/// A changed input.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "what", content = "value")]
pub enum What {
    /// At least so many connections.
    LoadAtLeast(u64),
    /// At most so many.
    LoadAtMost(u64),
    /// The monitor's judgement.
    Level(Level),
    /// The reading had been taken in the pass itself.
    Fresh,
    /// Every cooldown had run out.
    Rested,
    /// One reading had been enough.
    Confirmed,
    /// All servers had come or gone that were on their way.
    Arrived,
    /// The group had had no limits.
    Unlimited,
    /// The group had not been paused.
    Running,
    /// The group could have been set to any number.
    AnyNumber,
    /// Every distance from the target had counted.
    NoTolerance,
    /// Only the recommendation of the pass itself had counted.
    NoStabilization,
    /// The group might have changed as fast as it pleased.
    NoRate,
    /// The strategy had been another.
    Strategy(Strategy),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::LoadAtLeast(load) => write!(f, "with {load} connections or more"),
            What::LoadAtMost(load) => write!(f, "with {load} connections or fewer"),
            What::Level(Level::High) => f.write_str("had the monitor said high"),
            What::Level(Level::Right) => f.write_str("had the monitor said right"),
            What::Level(Level::Low) => f.write_str("had the monitor said low"),
            What::Fresh => f.write_str("with a reading of that moment"),
            What::Rested => f.write_str("with no cooldown running"),
            What::Confirmed => f.write_str("had one reading been enough"),
            What::Arrived => f.write_str("with every server come or gone"),
            What::Unlimited => f.write_str("without limits"),
            What::Running => f.write_str("had the group not been paused"),
            What::AnyNumber => f.write_str("could any number be set"),
            What::NoTolerance => f.write_str("without tolerance_up and tolerance_down"),
            What::NoStabilization => f.write_str("without stabilization_up and stabilization_down"),
            What::NoRate => {
                f.write_str("without a rate by servers_up, percent_up, servers_down, percent_down")
            }
            What::Strategy(strategy) => write!(f, "with strategy = {:?}", strategy.name()),
        }
    }
}

/// Everything that by itself would have led to another move.
pub(super) fn all(moment: &Moment) -> Vec<Otherwise> {
    let Ok(fleet) = &moment.pass.seen.fleet else { return Vec::new() };
    let mut all = Vec::new();
    match moment.pass.seen.reading.as_ref().map(|reading| reading.signal) {
        Ok(Signal::Level { level, .. }) => {
            let others = [Level::High, Level::Right, Level::Low].into_iter().filter(|other| *other != level);
            all.extend(others.filter_map(|level| differs(moment, What::Level(level))));
        }
        _ => all.extend(loads(moment)),
    }
    let mut candidates = vec![What::Fresh, What::Rested, What::Confirmed, What::Unlimited];
    candidates.extend((fleet.active != fleet.desired).then_some(What::Arrived));
    candidates.extend(fleet.paused.then_some(What::Running));
    candidates.extend((fleet.moves != Moves::Exact).then_some(What::AnyNumber));
    candidates.extend(of_strategy(moment.rules.strategy));
    all.extend(candidates.into_iter().filter_map(|what| differs(moment, what)));
    all
}

/// What could have been different in a strategy's own rules.
fn of_strategy(strategy: Strategy) -> Vec<What> {
    let damped = vec![What::NoTolerance, What::NoStabilization, What::NoRate];
    match strategy {
        Strategy::Threshold => Vec::new(),
        Strategy::TargetTracking => damped,
        // Until there is a forecast it goes by the target too.
        Strategy::Predictive => [damped, vec![What::Strategy(Strategy::TargetTracking)]].concat(),
    }
}

/// What `what` would have led to, if that is another move than was made.
pub(super) fn differs(moment: &Moment, what: What) -> Option<Otherwise> {
    let verdict = verdict(moment, what);
    let sizes = |verdict: &Verdict| verdict.change().map(|change| (change.from, change.to));
    let differs = sizes(&verdict) != sizes(&moment.pass.decision.verdict);
    differs.then(|| Otherwise { what, change: verdict.change().cloned(), explanation: verdict.to_string() })
}

fn verdict(moment: &Moment, what: What) -> Verdict {
    let (rules, seen) = changed(&moment.rules, &moment.pass.seen, what);
    decide(&rules, &moment.memory, &seen).verdict
}

/// The nearest loads above and below the one that was seen at which the move would have been another.
/// Without a reading the search starts at the band's upper edge, where a reading would have led to a hold.
fn loads(moment: &Moment) -> Vec<Otherwise> {
    let seen = &moment.pass.seen;
    let (below, above) = match (&seen.reading, &seen.capacity) {
        (Ok(Reading { signal: Signal::Demand { load }, .. }), _) => (load.floor() as u64, load.ceil() as u64),
        (_, Ok(capacity)) => {
            let edge = (capacity.total() * moment.rules.scale_up_above).floor() as u64;
            (edge, edge)
        }
        (_, Err(_)) => return Vec::new(),
    };
    let more = nearest(MOST_LOAD, |by| differs(moment, What::LoadAtLeast(above.saturating_add(by))));
    let less = nearest(below, |by| differs(moment, What::LoadAtMost(below - by)));
    more.into_iter().chain(less).collect()
}

/// The first answer of `ask` at a distance of 1 to `most`: by steps that double, then by bisection.
fn nearest(most: u64, ask: impl Fn(u64) -> Option<Otherwise>) -> Option<Otherwise> {
    let mut without = 0;
    let (mut with, mut found) = loop {
        if without == most {
            return None;
        }
        let at = (2 * without + 1).min(most);
        match ask(at) {
            Some(found) => break (at, found),
            None => without = at,
        }
    };
    while without + 1 < with {
        let middle = without + (with - without) / 2;
        match ask(middle) {
            Some(nearer) => (with, found) = (middle, nearer),
            None => without = middle,
        }
    }
    Some(found)
}

/// Rules and observation with one thing different.
fn changed(rules: &Rules, seen: &Observation, what: What) -> (Rules, Observation) {
    let (mut rules, mut seen) = (rules.clone(), seen.clone());
    match what {
        What::LoadAtLeast(load) | What::LoadAtMost(load) => {
            seen.reading = Ok(with_signal(&seen, Signal::Demand { load: load as f64 }));
        }
        What::Level(level) => {
            let value = match seen.reading.as_ref().map(|reading| reading.signal) {
                Ok(Signal::Level { value, .. }) => value,
                _ => 0.0,
            };
            seen.reading = Ok(with_signal(&seen, Signal::Level { level, value }));
        }
        What::Fresh => {
            let taken = Window { earliest: seen.at, latest: seen.at };
            seen.reading.iter_mut().for_each(|reading| reading.taken = taken);
        }
        What::Confirmed => (rules.scale_up_after, rules.scale_down_after) = (1, 1),
        What::Rested => {
            rules.cooldown = Duration::ZERO;
            (rules.scale_up_cooldown, rules.scale_down_cooldown) = (None, None);
            of_fleet(&mut seen, rest);
        }
        What::Arrived => arrive(&mut seen),
        What::Unlimited => {
            (rules.min, rules.max) = (None, None);
            of_fleet(&mut seen, |fleet| fleet.limits = Limits { min: 0, max: u32::MAX });
        }
        What::Running => of_fleet(&mut seen, |fleet| fleet.paused = false),
        What::AnyNumber => of_fleet(&mut seen, |fleet| fleet.moves = Moves::Exact),
        What::NoTolerance => of_paces(&mut rules, |pace| pace.tolerance = 0.0),
        What::NoStabilization => of_paces(&mut rules, |pace| pace.stabilization = Duration::ZERO),
        What::NoRate => of_paces(&mut rules, |pace| pace.servers = u32::MAX),
        What::Strategy(strategy) => rules.strategy = strategy,
    }
    (rules, seen)
}

/// The reading of `seen` with another signal; where there was none, a fresh one.
fn with_signal(seen: &Observation, signal: Signal) -> Reading {
    match &seen.reading {
        Ok(reading) => Reading { signal, ..reading.clone() },
        Err(_) => {
            let taken = Window { earliest: seen.at, latest: seen.at };
            Reading { signal, taken, balancers: Vec::new(), nodes: None, beat: None }
        }
    }
}

fn of_paces(rules: &mut Rules, change: impl Fn(&mut Pace)) {
    change(&mut rules.tracking.up);
    change(&mut rules.tracking.down);
}

fn of_fleet(seen: &mut Observation, change: impl FnOnce(&mut Fleet)) {
    if let Ok(fleet) = &mut seen.fleet {
        change(fleet);
    }
}

fn rest(fleet: &mut Fleet) {
    fleet.cooldown = Duration::ZERO;
    if let Moves::Steps(steps) = &mut fleet.moves {
        steps.iter_mut().for_each(|step| step.cooldown = Duration::ZERO);
    }
}

/// All that was asked for is in service, and serves; what is to go has gone.
fn arrive(seen: &mut Observation) {
    let Ok(fleet) = &mut seen.fleet else { return };
    let more = i64::from(fleet.desired) - i64::from(fleet.active);
    fleet.active = fleet.desired;
    if let Ok(capacity) = &mut seen.capacity {
        let servers = (i64::from(capacity.servers) + more).max(0);
        capacity.servers = u32::try_from(servers).unwrap_or(u32::MAX);
        capacity.serving = (capacity.serving + more as f64 * capacity.per_server).max(0.0);
    }
}
