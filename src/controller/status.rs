//! Status: what the balancers and the scaling service say now, beside what was decided last.

use futures::stream::{self, StreamExt};
use serde::Serialize;

use super::pass::observe;
use super::{Controller, Group, SIDE_BY_SIDE};
use crate::decide::{cooldown_left, decide};
use crate::journal::State;
use crate::model::{Observation, Rules};
use crate::record::{Pass, Progress, Record};
use crate::tick::Tick;

/// One group as it stands.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// What is seen now, and what a pass would decide on it.
    pub now: Record,
    /// What is left of the longest cooldown that holds the whole group.
    pub cooldown_left_seconds: Option<f64>,
    /// The last pass, with what became of its move.
    pub last: Option<Record>,
}

impl Controller {
    /// Reads every group and decides, but takes no lock, makes no move and writes nothing.
    pub async fn status(&self, tick: Tick, mut tell: impl FnMut(&Status)) -> Vec<Status> {
        let looks = self.groups.iter().map(|group| self.look(group, tick));
        let mut looks = stream::iter(looks).buffered(SIDE_BY_SIDE);
        let mut all = Vec::with_capacity(self.groups.len());
        while let Some(status) = looks.next().await {
            tell(&status);
            all.push(status);
        }
        all
    }

    /// Reads every group, with all details anew.
    pub async fn survey(&self, tick: Tick) -> Vec<Observation> {
        let looks = self.groups.iter().map(|group| observe(group, &tick, None));
        stream::iter(looks).buffered(SIDE_BY_SIDE).collect().await
    }

    async fn look(&self, group: &Group, tick: Tick) -> Status {
        let (state, broken) = match self.journal.peek(&group.key).await {
            Ok(state) => (state, None),
            Err(fault) => (State::default(), Some(fault.to_string())),
        };
        let seen = observe(group, &tick, state.last.as_deref()).await;
        let rules = group.rules.at(tick.at);
        let cooldown_left_seconds = cooldown(&rules, &state, &seen);
        let decision = decide(&rules, &state.memory, &seen);
        let mut now = Record::new(&group.name, &rules, &Pass { seen, decision }, &Progress::default());
        now.error = now.error.or(broken);
        let last = state.last.as_ref();
        let last = last.map(|last| Record::new(&group.name, &state.rules, last, &state.progress));
        Status { now, cooldown_left_seconds, last }
    }
}

fn cooldown(rules: &Rules, state: &State, seen: &Observation) -> Option<f64> {
    let fleet = seen.fleet.as_ref().ok()?;
    let memory = state.memory.after(rules, seen);
    cooldown_left(rules, &memory, fleet, seen.at).map(|(_, left)| left.as_secs_f64())
}
