//! The journal: the only truth about a group's past. Here what it holds and what any journal must do;
//! `jsonl` keeps it in files, `rehearsal` in the process, for a dry run; `retrace` reads it again.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub mod jsonl;
mod rehearsal;
pub mod retrace;
mod segments;
#[cfg(test)]
mod tests;
mod thin;

pub use rehearsal::Rehearsal;

use crate::decide::memory::Memory;
use crate::model::{Change, Rules};
use crate::record::{Pass, Progress, Settled};

/// One line of a journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// The rules in force from here on.
    Rules {
        /// From when.
        at: Timestamp,
        /// Their text.
        rules: Box<Rules>,
    },
    /// What was seen and decided, and a digest of the memory it was decided with.
    Pass {
        /// What was seen and decided.
        #[serde(flatten)]
        pass: Box<Pass>,
        /// [`digest`] of the memory before the pass.
        memory: String,
    },
    /// A move is about to be made. Synced before it is made: alone, it counts as made.
    Started {
        /// When.
        at: Timestamp,
        /// The move.
        change: Change,
    },
    /// What became of the move that was started last. Synced.
    Settled(Settled),
    /// What a later pass found, after the answer to a move had been lost.
    Found {
        /// When.
        at: Timestamp,
        /// The group's desired capacity.
        desired: u32,
    },
    /// What remains of a pass after a week.
    Thinned(Thinned),
    /// The fold up to here, where the entries before no longer give it.
    Snapshot(Box<State>),
}

/// What replay and forecasts read of a pass that has been thinned.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Thinned {
    /// The instant of the pass.
    pub at: Timestamp,
    /// The load, in connections; none if there was no reading.
    pub load: Option<f64>,
    /// Servers that served.
    pub serving: Option<u32>,
    /// Servers asked for.
    pub desired: Option<u32>,
}

/// The fold over a journal's entries.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// What `decide` remembers.
    pub memory: Memory,
    /// The rules last written.
    pub rules: Rules,
    /// Whether any rules were written yet.
    pub ruled: bool,
    /// The last pass, for `status`.
    pub last: Option<Box<Pass>>,
    /// How far the last pass's move has come.
    #[serde(default)]
    pub progress: Progress,
}

impl State {
    /// Takes in the next entry.
    pub fn fold(&mut self, entry: &Entry) {
        match entry {
            Entry::Rules { rules, .. } => {
                self.rules = (**rules).clone();
                self.ruled = true;
            }
            Entry::Pass { pass, .. } => {
                self.memory.take_in(&self.rules, &pass.seen);
                self.last = Some(pass.clone());
                self.progress = Progress::default();
            }
            Entry::Started { at, change } => {
                self.memory.started(*at, change);
                self.progress.begin(change);
            }
            Entry::Settled(settled) => {
                self.memory.settled(settled.outcome);
                self.progress.settle(settled.clone());
            }
            Entry::Found { at, desired } => self.memory.found(*at, *desired),
            Entry::Thinned(_) => {}
            Entry::Snapshot(state) => *self = (**state).clone(),
        }
    }
}

/// A short digest of a memory, by which a replay proves that it stands where the live pass stood.
pub fn digest(memory: &Memory) -> String {
    let text = serde_json::to_vec(memory).unwrap_or_default();
    Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Why a journal could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Another pass holds the group.
    #[error("another pass is working this group")]
    Locked,
    /// The journal's storage failed or holds something that is no entry.
    #[error("{0}")]
    Broken(String),
}

/// Where journals are kept.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Takes a group for one pass, or fails at once if another pass has it.
    async fn lock(&self, group: &str) -> Result<Box<dyn Guard>, Fault>;

    /// The fold as of now, without taking the group.
    async fn peek(&self, group: &str) -> Result<State, Fault>;
}

/// A group held for one pass; dropping it lets go.
#[async_trait]
pub trait Guard: Send {
    /// The fold over everything appended so far, by whichever process.
    async fn recall(&mut self) -> Result<State, Fault>;

    /// Appends entries in order. The beginning and outcome of a move are durable when this returns.
    async fn append(&mut self, entries: &[Entry]) -> Result<(), Fault>;

    /// Remembers the fold, so that the next pass reads only what comes after it.
    async fn checkpoint(&mut self, state: &State) -> Result<(), Fault>;
}

impl Entry {
    /// Whether losing this entry could make a move happen twice.
    pub fn must_be_durable(&self) -> bool {
        matches!(self, Entry::Started { .. } | Entry::Settled(_))
    }

    /// The instant it tells of; none for a snapshot.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Entry::Rules { at, .. } | Entry::Started { at, .. } | Entry::Found { at, .. } => Some(*at),
            Entry::Pass { pass, .. } => Some(pass.seen.at),
            Entry::Settled(settled) => Some(settled.at),
            Entry::Thinned(thinned) => Some(thinned.at),
            Entry::Snapshot(_) => None,
        }
    }
}
