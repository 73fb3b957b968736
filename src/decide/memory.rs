//! What a group's past passes leave for the next one: a fold over the journal's entries.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::aim::Aim;
use super::tactics::{self, Tactics};
use super::{limits_in_force, load, pending};
use crate::model::{Change, Level, Limits, Moves, Observation, Outcome, Rules, Signal, Strategy, elapsed};
use load::Usable;

/// The fold's value. The same entries always give the same memory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Readings in a row above the band, since the last move.
    pub high_run: u32,
    /// Readings in a row below the band, since the last move; a pass without a reading ends the run.
    pub low_run: u32,
    /// Desired capacity as last seen, and when.
    pub desired: Option<Sighting>,
    /// When desired capacity last rose.
    pub rose_at: Option<Timestamp>,
    /// When desired capacity last changed, by whomever; of a change that was not ours, the instant
    /// before it, since the scaling service knows better, or where none does the instant it was seen.
    pub changed_at: Option<Timestamp>,
    /// When that change was first seen in effect: all that was asked for active, and nothing more. None
    /// while it is under way.
    pub in_effect_at: Option<Timestamp>,
    /// When each policy was last executed by us, by id.
    pub policies: BTreeMap<String, Timestamp>,
    /// What the last look found changed by others, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_others: Option<ByOthers>,
    /// A move whose outcome is not known.
    pub open: Option<Open>,
    /// What the strategy remembers; the band asks for nothing more than the above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tactics: Option<Box<Tactics>>,
}

/// A value and when it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// Servers.
    pub value: u32,
    /// When.
    pub at: Timestamp,
}

/// A change of desired capacity that was not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByOthers {
    /// What it was when it was last seen.
    pub from: u32,
    /// What it is now.
    pub to: u32,
}

/// A move that was begun, and what to return to should it turn out not to have been made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// When it was begun.
    pub at: Timestamp,
    /// The move.
    pub change: Change,
    before: Before,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Before {
    rose_at: Option<Timestamp>,
    changed_at: Option<Timestamp>,
    in_effect_at: Option<Timestamp>,
    policy_at: Option<Timestamp>,
}

impl Memory {
    /// This memory with `seen` taken in: what `decide` judges by, and what a pass leaves behind.
    pub fn after(&self, rules: &Rules, seen: &Observation) -> Memory {
        let mut memory = self.clone();
        memory.take_in(rules, seen);
        memory
    }

    /// The same in place, for who has no use for the memory before.
    pub fn take_in(&mut self, rules: &Rules, seen: &Observation) {
        self.pull_back_to(seen.at);
        self.note_desired(seen);
        self.note_reading(rules, seen);
        self.note_tactics(rules, seen);
    }

    /// Takes in that a move has been begun: from here on it counts as made.
    pub fn started(&mut self, at: Timestamp, change: &Change) {
        let before = Before {
            rose_at: self.rose_at,
            changed_at: self.changed_at,
            in_effect_at: self.in_effect_at,
            policy_at: change.by.as_ref().and_then(|policy| self.policies.get(&policy.id).copied()),
        };
        self.open = Some(Open { at, change: change.clone(), before });
        self.changed_at = Some(at);
        self.in_effect_at = None;
        if change.to > change.from {
            self.rose_at = Some(at);
        }
        if let Some(policy) = &change.by {
            self.policies.insert(policy.id.clone(), at);
        }
    }

    /// Takes in what became of the move that was begun. An unknown one stays open.
    pub fn settled(&mut self, outcome: Outcome) {
        if outcome == Outcome::Unknown {
            return;
        }
        let Some(open) = self.open.take() else { return };
        if outcome.is_as_wished() {
            self.empty_runs();
            if outcome == Outcome::Executed {
                self.desired = Some(Sighting { value: open.change.to, at: open.at });
            }
            return;
        }
        self.rose_at = open.before.rose_at;
        self.changed_at = open.before.changed_at;
        self.in_effect_at = open.before.in_effect_at;
        let Some(policy) = open.change.by else { return };
        match open.before.policy_at {
            Some(at) => self.policies.insert(policy.id, at),
            None => self.policies.remove(&policy.id),
        };
    }

    /// Takes in what a later pass found desired capacity to be, after the answer to a move was lost. Either
    /// way the move still counts as made for every cooldown: a request may be late rather than lost.
    pub fn found(&mut self, at: Timestamp, desired: u32) {
        let made = self.open.take().is_some_and(|open| open.change.to == desired);
        if made {
            self.desired = Some(Sighting { value: desired, at });
            self.empty_runs();
        }
    }

    /// After a move the readings before it no longer tell how the fleet fares.
    pub fn empty_runs(&mut self) {
        self.high_run = 0;
        self.low_run = 0;
    }

    /// Time since desired capacity last rose, as far as is known.
    pub fn since_rise(&self, now: Timestamp) -> Option<Duration> {
        self.rose_at.map(|rose| elapsed(rose, now))
    }

    /// From when on the fleet is known to be the one there is now; none if no change of it is known. What
    /// depends on the fleet's size must not have been measured before.
    pub fn as_it_is_since(&self) -> Option<Timestamp> {
        self.in_effect_at.or(self.changed_at)
    }

    /// The sizes that the strategy holds for right; none if that is the band's to say.
    pub fn aim(&self) -> Option<Aim> {
        self.tactics.as_ref()?.aim
    }

    /// If the clock was set back, what lies ahead of it is taken to be now: a pause starts over at most once.
    fn pull_back_to(&mut self, now: Timestamp) {
        let changes = [&mut self.rose_at, &mut self.changed_at, &mut self.in_effect_at];
        let sighting = self.desired.iter_mut().map(|sighting| &mut sighting.at);
        for instant in changes.into_iter().flatten().chain(sighting).chain(self.policies.values_mut()) {
            *instant = now.min(*instant);
        }
    }

    fn note_desired(&mut self, seen: &Observation) {
        self.by_others = None;
        let Ok(fleet) = &seen.fleet else { return };
        match self.desired {
            Some(last) if last.value == fleet.desired => {}
            Some(last) => {
                if fleet.desired > last.value {
                    self.rose_at = Some(seen.at);
                }
                self.by_others = Some(ByOthers { from: last.value, to: fleet.desired });
                // A scaling service that has policies keeps cooldowns of its own, and refuses what is too
                // early: the earliest instant will do. Where nobody else minds them, the latest must.
                let changed_at = if fleet.moves == Moves::Exact { seen.at } else { last.at };
                self.changed_at = self.changed_at.max(Some(changed_at));
                self.in_effect_at = None;
            }
            // The first look at a group: it may have risen just now.
            None => self.rose_at = self.rose_at.or(Some(seen.at)),
        }
        self.desired = Some(Sighting { value: fleet.desired, at: seen.at });
        if self.changed_at.is_some() && self.in_effect_at.is_none() && fleet.active == fleet.desired {
            self.in_effect_at = Some(seen.at);
        }
    }

    fn note_reading(&mut self, rules: &Rules, seen: &Observation) {
        let of_level = seen.reading.as_ref().is_ok_and(|r| matches!(r.signal, Signal::Level { .. }));
        if of_level && self.in_effect_at == Some(seen.at) {
            // What was confirmed while servers came or went is said of another fleet.
            self.empty_runs();
        }
        match load::usable(rules, self, seen).ok().map(|usable| usable.level(rules)) {
            Some(Level::High) => (self.high_run, self.low_run) = (self.high_run.saturating_add(1), 0),
            Some(Level::Low) => (self.high_run, self.low_run) = (0, self.low_run.saturating_add(1)),
            Some(Level::Right) => self.empty_runs(),
            // Fewer servers need unbroken evidence; more servers must not wait for a monitor's gap.
            None => self.low_run = 0,
        }
    }

    fn note_tactics(&mut self, rules: &Rules, seen: &Observation) {
        if rules.strategy == Strategy::Threshold {
            self.tactics = None;
            return;
        }
        let demand = match load::usable(rules, self, seen) {
            Ok(Usable::Demand(demand)) => Some(demand),
            _ => None,
        };
        let fleet = seen.fleet.as_ref().ok();
        let coming = fleet.map_or(0, |fleet| pending(rules, self, fleet, seen.at).0);
        let sight = tactics::Sight {
            at: seen.at,
            demand,
            there: demand.map_or(0, |demand| demand.servers_with(i64::from(coming))),
            limits: fleet.map_or(Limits { min: 0, max: u32::MAX }, |fleet| limits_in_force(rules, fleet)),
            booted: tactics::booted(self.rose_at, self.changed_at, self.in_effect_at, seen.at),
        };
        self.tactics.get_or_insert_default().note(rules, &sight);
    }
}
