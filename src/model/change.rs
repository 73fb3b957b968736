//! Moves: what is to be done to a group, and what became of it.

use serde::{Deserialize, Serialize};

/// A move of desired capacity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Desired capacity before.
    pub from: u32,
    /// Desired capacity after.
    pub to: u32,
    /// The policy that makes it; none where the group goes to any number.
    pub by: Option<PolicyRef>,
    /// How often that is executed, one time after the other.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

fn is_once(times: &u32) -> bool {
    *times == 1
}

impl Change {
    /// A move that takes one execution.
    pub fn once(from: u32, to: u32, by: Option<PolicyRef>) -> Change {
        Change { from, to, by, times: 1 }
    }

    /// Its executions one by one, all of them alike.
    pub fn each(&self) -> impl Iterator<Item = Change> {
        let Change { from, to, times, .. } = *self;
        let after = move |done: u32| {
            let by = (i64::from(to) - i64::from(from)) * i64::from(done) / i64::from(times.max(1));
            u32::try_from(i64::from(from) + by).unwrap_or(to)
        };
        (0..times.max(1)).map(move |done| Change::once(after(done), after(done + 1), self.by.clone()))
    }
}

/// A policy by id and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRef {
    /// The cloud's id.
    pub id: String,
    /// The cloud's name.
    pub name: String,
}

/// What became of a move that was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The cloud took it.
    Executed,
    /// It was only decided, as asked.
    DryRun,
    /// The scaling service's own rules said no; nothing is wrong.
    Refused,
    /// It was certainly not executed, and something is wrong.
    Failed,
    /// It may or may not have been executed; it counts as executed until settled.
    Unknown,
}

impl Outcome {
    /// Whether what was asked for was done.
    pub fn is_as_wished(self) -> bool {
        matches!(self, Outcome::Executed | Outcome::DryRun)
    }

    /// Whether the move must be treated as made.
    pub fn counts_as_acted(self) -> bool {
        matches!(self, Outcome::Executed | Outcome::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_of_several_executions_is_made_of_equal_steps() {
        let steps = |from, to, times| {
            let change = Change { from, to, by: None, times };
            change.each().map(|step| (step.from, step.to)).collect::<Vec<_>>()
        };
        assert_eq!(steps(2, 8, 3), [(2, 4), (4, 6), (6, 8)]);
        assert_eq!(steps(5, 3, 2), [(5, 4), (4, 3)]);
        assert_eq!(steps(3, 4, 1), [(3, 4)]);
    }
}
