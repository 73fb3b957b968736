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
    fleet: Fleet,
    start: Timestamp,
    tick: Duration,
    capacity: f64,
    fixed: f64,
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
        Live {
            rules: Rulebook { rules: Rules { boot: book.rules.boot.or(Some(boot)), ..book.rules }, ..book },
            memory: Memory::default(),
            fleet,
            start: trace.start,
            tick: trace.tick,
            capacity: setup.capacity,
            fixed: setup.fixed,
        }
    }

    /// What a pass at the end of the tick sees.
    fn observe(&mut self, seen: &Sight) -> Observation {
        let ticks = i64::try_from(seen.tick).unwrap_or(i64::MAX).saturating_add(1);
        let since = i64::try_from(self.tick.as_secs()).unwrap_or(i64::MAX).saturating_mul(ticks);
        let at = self.start.saturating_add(SignedDuration::from_secs(since)).unwrap_or(Timestamp::MAX);
        (self.fleet.active, self.fleet.desired) = (seen.ready, seen.total());
        self.fleet.details_at = at;
        let reading = seen.load.map(|load| Reading {
            signal: Signal::Demand { load },
            taken: Window { earliest: at, latest: at },
            balancers: Vec::new(),
            nodes: None,
            beat: None,
        });
        let serving = f64::from(seen.ready) * self.capacity;
        let (fixed, per_server) = (self.fixed, self.capacity);
        let capacity = Capacity { servers: seen.ready, serving, fixed, per_server };
        Observation {
            at,
            fleet: Ok(self.fleet.clone()),
            reading: reading.ok_or_else(|| NoReading::Missing("the trace has a gap".to_owned())),
            capacity: Ok(capacity),
        }
    }
}

impl Policy for Live {
    fn decide(&mut self, seen: &Sight) -> Option<u32> {
        let seen = self.observe(seen);
        let rules = self.rules.at(seen.at);
        self.memory = self.memory.after(&rules, &seen);
        let decision = decide_after(&rules, &self.memory, &seen);
        let Verdict::Scale(change, _) = decision.verdict else { return None };
        self.memory.started(seen.at, &change);
        self.memory.settled(Outcome::Executed);
        Some(change.to)
    }
}
