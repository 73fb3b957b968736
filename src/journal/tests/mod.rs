//! Journals in real files: what is cut short, damaged, locked, old or private. Here the entries they are
//! made of and the folders they lie in.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tempfile::TempDir;

use super::jsonl::Jsonl;
use super::{Entry, Fault, Guard, Journal, State, digest};
use crate::decide::decide;
use crate::model::*;
use crate::record::{Pass, Settled};

mod ageing;
mod damage;
mod files;
mod laws;

const GROUP: &str = "group01";

/// An instant on the day `days` after 2026-01-01, at noon.
fn day(days: i64) -> Timestamp {
    Timestamp::new(1_767_225_600 + days * 86_400 + 43_200, 0).unwrap()
}

/// A journal in a folder of its own, worked by one pass after another.
struct Bench {
    home: TempDir,
    journal: Jsonl,
}

impl Bench {
    fn new() -> Bench {
        let home = TempDir::new().unwrap();
        let journal = Jsonl::new(home.path().join("journal"));
        Bench { home, journal }
    }

    fn dir(&self) -> PathBuf {
        self.home.path().join("journal").join(GROUP)
    }

    fn checkpoint(&self) -> PathBuf {
        self.dir().join("checkpoint.json")
    }

    /// The names of the group's segments, in order.
    fn segments(&self) -> Vec<String> {
        let names = fs::read_dir(self.dir()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.ends_with(".jsonl")).collect();
        names.sort();
        names
    }

    fn only_segment(&self) -> PathBuf {
        let [name] = self.segments().try_into().unwrap();
        self.dir().join(name)
    }

    async fn lock(&self) -> Box<dyn Guard> {
        self.journal.lock(GROUP).await.unwrap()
    }

    async fn recall(&self) -> Result<State, Fault> {
        self.lock().await.recall().await
    }

    /// One pass at `at` that sees `load` and executes what it decides; the state it leaves.
    async fn pass(&self, at: Timestamp, load: f64) -> State {
        let mut guard = self.lock().await;
        let mut state = guard.recall().await.unwrap();
        for entries in entries(&state, at, load) {
            guard.append(&entries).await.unwrap();
            entries.iter().for_each(|entry| state.fold(entry));
        }
        guard.checkpoint(&state).await.unwrap();
        state
    }
}

/// What a pass writes, in the portions in which it writes.
fn entries(state: &State, at: Timestamp, load: f64) -> Vec<Vec<Entry>> {
    let rules = Rules { scale_down_after: 3, ..Rules::default() };
    let seen = seen(at, load, state.memory.desired.map_or(4, |desired| desired.value));
    let decision = decide(&rules, &state.memory, &seen);
    let mut first = Vec::new();
    if !state.ruled {
        first.push(Entry::Rules { at, rules: Box::new(rules) });
    }
    let change = match &decision.verdict {
        crate::decide::verdict::Verdict::Scale(change, _) => Some(change.clone()),
        crate::decide::verdict::Verdict::Hold(_) => None,
    };
    let memory = digest(&state.memory);
    first.push(Entry::Pass { pass: Box::new(Pass { seen, decision }), memory });
    let Some(change) = change else { return vec![first] };
    first.push(Entry::Started { at, change });
    vec![first, vec![Entry::Settled(Settled { at, outcome: Outcome::Executed, error: None })]]
}

/// A group of `desired` servers of 50 connections, all in service.
fn seen(at: Timestamp, load: f64, desired: u32) -> Observation {
    let step = |name: &str, direction, by| Step {
        id: format!("id-{name}"),
        name: name.to_owned(),
        direction,
        effect: Effect::Change(by),
        cooldown: std::time::Duration::from_secs(60),
    };
    let moves = Moves::Steps(vec![step("up", Direction::Up, 1), step("down", Direction::Down, -1)]);
    let fleet = Fleet {
        active: desired,
        desired,
        limits: Limits { min: 1, max: 50 },
        paused: false,
        trouble: None,
        cooldown: std::time::Duration::from_secs(60),
        moves,
        flavor: None,
        details_at: at,
    };
    let reading = Reading {
        signal: Signal::Demand { load },
        taken: Window { earliest: at, latest: at },
        balancers: Vec::new(),
        nodes: None,
        beat: None,
    };
    let serving = f64::from(desired) * 50.0;
    let capacity = Capacity { servers: desired, serving, fixed: 0.0, per_server: 50.0 };
    Observation { at, fleet: Ok(fleet), reading: Ok(reading), capacity: Ok(capacity) }
}

/// Deletes the checkpoint and folds anew.
async fn recall_from_scratch(bench: &Bench) -> State {
    fs::remove_file(bench.checkpoint()).unwrap();
    bench.recall().await.unwrap()
}

fn minutes_later(at: Timestamp, minutes: i64) -> Timestamp {
    Timestamp::new(at.as_second() + minutes * 60, 0).unwrap()
}

fn truncate(path: &Path, length: u64) {
    fs::File::options().write(true).open(path).unwrap().set_len(length).unwrap();
}
