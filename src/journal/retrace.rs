//! A journal read again: every pass with what it was decided on, so that it can be decided once more.

use super::{Entry, State, digest};
use crate::decide::decide;
use crate::decide::memory::Memory;
use crate::decide::verdict::Decision;
use crate::model::Rules;
use crate::record::{Pass, Progress};

/// A pass, and everything that its decision rested on.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// The rules in force.
    pub rules: Rules,
    /// What earlier passes had left.
    pub memory: Memory,
    /// What was seen and decided.
    pub pass: Box<Pass>,
    /// [`digest`] of the memory, as the pass itself wrote it.
    pub written: String,
}

impl Moment {
    /// The decision made once more.
    pub fn again(&self) -> Decision {
        decide(&self.rules, &self.memory, &self.pass.seen)
    }

    /// Whether this memory is the one that the pass had, and leads to the decision that it made.
    pub fn is_reproduced(&self) -> bool {
        digest(&self.memory) == self.written && self.again() == self.pass.decision
    }
}

/// Goes through a journal's entries in their order.
#[derive(Debug, Default)]
pub struct Retrace {
    state: State,
}

impl Retrace {
    /// Takes in the next entry; if it is a whole pass, that moment.
    pub fn take(&mut self, entry: &Entry) -> Option<Moment> {
        let moment = match entry {
            Entry::Pass { pass, memory } => Some(Moment {
                rules: self.state.rules.clone(),
                memory: self.state.memory.clone(),
                pass: pass.clone(),
                written: memory.clone(),
            }),
            _ => None,
        };
        self.state.fold(entry);
        moment
    }

    /// How far the last pass's move has come, as far as has been read.
    pub fn progress(&self) -> &Progress {
        &self.state.progress
    }
}
