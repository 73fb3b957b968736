//! How far a move has come: it may take several executions, and end at any of them.

use serde::{Deserialize, Serialize};

use super::Settled;
use crate::model::{Change, Outcome};

/// How far a pass's move has come, execution by execution.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Executions that were simply taken.
    pub made: u32,
    /// Desired capacity after those.
    pub reached: Option<u32>,
    /// Desired capacity after the one that was begun last.
    pub begun: Option<u32>,
    /// What became of that one; none while nobody knows.
    pub settled: Option<Settled>,
}

impl Progress {
    /// An execution begins.
    pub fn begin(&mut self, change: &Change) {
        self.begun = Some(change.to);
        self.settled = None;
    }

    /// It has ended.
    pub fn settle(&mut self, settled: Settled) {
        if settled.outcome.is_as_wished() {
            self.made += 1;
            self.reached = self.begun;
        }
        self.settled = Some(settled);
    }

    /// The outcome of the whole move. What was made before a refusal was made.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        let last = self.settled.as_ref()?.outcome;
        let partly = last == Outcome::Refused && self.made > 0;
        Some(if partly { Outcome::Executed } else { last })
    }

    /// Where desired capacity is meant to be after what was made of `change`.
    pub(super) fn to(&self, change: &Change) -> u32 {
        let last = self.settled.as_ref().map(|settled| settled.outcome);
        let so_far =
            if last.is_none_or(|outcome| outcome == Outcome::Unknown) { self.begun } else { self.reached };
        so_far.filter(|_| self.made > 0).unwrap_or(change.to)
    }

    /// What went wrong with `change`, and how many of its executions were made if some are missing.
    pub(super) fn error(&self, change: &Change) -> Option<String> {
        let settled = self.settled.as_ref()?;
        if self.made >= change.times || change.times == 1 {
            return settled.error.clone();
        }
        let why = settled.error.as_deref().unwrap_or("the pass ended before the others");
        let known = if settled.outcome == Outcome::Unknown { "are known to have been" } else { "were" };
        Some(format!("{} of {} executions {known} made; {why}", self.made, change.times))
    }
}
