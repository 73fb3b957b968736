//! What `decide` answers, case by case and by law. Here the scene that a case changes in one line.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use jiff::Timestamp;

use super::decide;
use super::memory::Memory;
use super::verdict::{Decision, Verdict};
use crate::model::*;

mod aims;
pub(crate) mod autoscalebot;
mod choice;
mod cooldowns;
mod edges;
mod increments;
mod levels;
mod objections;
pub(crate) mod properties;
mod remembering;
pub(crate) mod world;

/// The instant `seconds` into the scene.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::new(1_700_000_000 + seconds, 0).unwrap()
}

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A policy listed for the direction that its name begins with: `up...` or `down...`.
pub(crate) fn step(name: &str, effect: Effect) -> Step {
    let direction = if name.starts_with("up") { Direction::Up } else { Direction::Down };
    Step { id: format!("id-{name}"), name: name.to_owned(), direction, effect, cooldown: Duration::ZERO }
}

/// Rules, memory and observation of one pass.
#[derive(Clone)]
struct Scene {
    rules: Rules,
    memory: Memory,
    seen: Observation,
}

/// Four servers of 50 connections in service, between 1 and 10, by steps of one, seen at second 1000 with
/// 180 connections: a utilization of 0.9, inside the band.
fn scene() -> Scene {
    let now = at(1000);
    let fleet = Fleet {
        active: 4,
        desired: 4,
        limits: Limits { min: 1, max: 10 },
        paused: false,
        trouble: None,
        cooldown: Duration::ZERO,
        moves: Moves::Steps(vec![step("up", Effect::Change(1)), step("down", Effect::Change(-1))]),
        flavor: Some("general1-2".to_owned()),
        details_at: now,
    };
    let reading = Reading {
        signal: Signal::Demand { load: 180.0 },
        taken: Window { earliest: now, latest: now },
        balancers: Vec::new(),
        nodes: None,
        beat: None,
    };
    let capacity = Capacity { servers: 4, serving: 200.0, fixed: 0.0, per_server: 50.0 };
    let seen = Observation { at: now, fleet: Ok(fleet), reading: Ok(reading), capacity: Ok(capacity) };
    Scene { rules: Rules::default(), memory: Memory::default(), seen }
}

impl Scene {
    fn rules(mut self, change: impl FnOnce(&mut Rules)) -> Scene {
        change(&mut self.rules);
        self
    }

    fn memory(mut self, change: impl FnOnce(&mut Memory)) -> Scene {
        change(&mut self.memory);
        self
    }

    fn fleet(mut self, change: impl FnOnce(&mut Fleet)) -> Scene {
        change(self.seen.fleet.as_mut().unwrap());
        self
    }

    fn reading(mut self, change: impl FnOnce(&mut Reading)) -> Scene {
        change(self.seen.reading.as_mut().unwrap());
        self
    }

    fn capacity(mut self, change: impl FnOnce(&mut Capacity)) -> Scene {
        change(self.seen.capacity.as_mut().unwrap());
        self
    }

    fn load(self, load: f64) -> Scene {
        self.reading(|reading| reading.signal = Signal::Demand { load })
    }

    fn level(self, level: Level) -> Scene {
        self.reading(|reading| reading.signal = Signal::Level { level, value: 250.0 })
    }

    /// `active` in service, all of them serving, and `desired` asked for.
    fn servers(self, active: u32, desired: u32) -> Scene {
        self.fleet(|fleet| (fleet.active, fleet.desired) = (active, desired)).serving(active)
    }

    fn serving(self, servers: u32) -> Scene {
        self.capacity(|c| (c.servers, c.serving) = (servers, f64::from(servers) * c.per_server))
    }

    fn limits(self, min: u32, max: u32) -> Scene {
        self.fleet(|fleet| fleet.limits = Limits { min, max })
    }

    fn our_limits(self, min: u32, max: u32) -> Scene {
        self.rules(|rules| (rules.min, rules.max) = (Some(min), Some(max)))
    }

    fn steps(self, steps: &[(&str, Effect)]) -> Scene {
        let steps = steps.iter().map(|(name, effect)| step(name, *effect)).collect();
        self.fleet(|fleet| fleet.moves = Moves::Steps(steps))
    }

    fn no_reading(mut self) -> Scene {
        self.seen.reading = Err(NoReading::Missing("stats answered 500".to_owned()));
        self
    }

    fn decide(&self) -> Decision {
        decide(&self.rules, &self.memory, &self.seen)
    }

    /// The answer in one line: the reason, and the move if there is one.
    fn says(&self) -> String {
        let verdict = self.decide().verdict;
        match &verdict {
            Verdict::Hold(_) => verdict.reason().to_owned(),
            Verdict::Scale(Change { from, to, by, .. }, _) => {
                format!("{} {from}->{to} {}", verdict.reason(), by.as_ref().unwrap().name)
            }
        }
    }

    fn needed(&self) -> Option<u32> {
        self.decide().needed
    }
}

/// Asserts each scene's answer, naming the line that fails.
#[track_caller]
fn answers<const N: usize>(table: [(&str, Scene, &str); N]) {
    for (case, scene, expected) in table {
        assert_eq!(scene.says(), expected, "{case}");
    }
}
