//! The decision that runs live, as a policy of a replay: the same `decide` with the same `Memory`.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::trace::Trace;
use super::{Policy, Setup, Sight};
use crate::decide::decide_after;
use crate::decide::memory::Memory;
use crate::decide::verdict::Verdict;
use crate::model::{Capacity, Fleet, Moves, NoReading, Observation, Outcome, Reading, Rules, Signal, Window};
use crate::rulebook::Rulebook;

/// A group that is worked by `rules` and whose every move is made at once.
#[derive(Debug)]
pub struct Live {
    rules: Rulebook,
    memory: Memory,
    /// What a pass sees; each tick changes what differs from the one before.
    seen: Observation,
    start: Timestamp,
    tick: Duration,
}

impl Live {
    /// A group by these rules that can be moved in these ways, at the beginning of `trace`. If the rules do
    /// not tell how long a server boots, it is as long as in `setup`.
    pub fn new(book: Rulebook, moves: Moves, cooldown: Duration, setup: &Setup, trace: &Trace) -> Live {
        let boot = trace.tick * u32::try_from(setup.boot).unwrap_or(u32::MAX);
        let fleet = Fleet {
            active: 0,
            desired: 0,
            limits: setup.limits,
            paused: false,
            trouble: None,
            cooldown,
            moves,
            flavor: None,
            details_at: trace.start,
        };
        let capacity = Capacity { servers: 0, serving: 0.0, fixed: setup.fixed, per_server: setup.capacity };
        Live {
            rules: Rulebook { rules: Rules { boot: book.rules.boot.or(Some(boot)), ..book.rules }, ..book },
            memory: Memory::default(),
            seen: Observation {
                at: trace.start,
                fleet: Ok(fleet),
                reading: Err(gap()),
                capacity: Ok(capacity),
            },
            start: trace.start,
            tick: trace.tick,
        }
    }

    /// Brings what a pass sees to the end of the tick.
    fn look(&mut self, seen: &Sight) {
        let ticks = i64::try_from(seen.tick).unwrap_or(i64::MAX).saturating_add(1);
        let since = i64::try_from(self.tick.as_secs()).unwrap_or(i64::MAX).saturating_mul(ticks);
        let at = self.start.saturating_add(SignedDuration::from_secs(since)).unwrap_or(Timestamp::MAX);
        self.seen.at = at;
        if let Ok(fleet) = &mut self.seen.fleet {
            (fleet.active, fleet.desired, fleet.details_at) = (seen.ready, seen.total(), at);
        }
        if let Ok(capacity) = &mut self.seen.capacity {
            capacity.servers = seen.ready;
            capacity.serving = f64::from(seen.ready) * capacity.per_server;
        }
        let reading = |load| Reading {
            signal: Signal::Demand { load },
            taken: Window { earliest: at, latest: at },
            balancers: Vec::new(),
            nodes: None,
            beat: None,
        };
        self.seen.reading = seen.load.map(reading).ok_or_else(gap);
    }
}

fn gap() -> NoReading {
    NoReading::Missing("the trace has a gap".to_owned())
}

impl Policy for Live {
    fn decide(&mut self, seen: &Sight) -> Option<u32> {
        self.look(seen);
        let rules = self.rules.at(self.seen.at);
        self.memory.take_in(&rules, &self.seen);
        let decision = decide_after(&rules, &self.memory, &self.seen);
        let Verdict::Scale(change, _) = decision.verdict else { return None };
        self.memory.started(self.seen.at, &change);
        self.memory.settled(Outcome::Executed);
        Some(change.to)
    }
}
