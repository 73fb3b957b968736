//! Which conditions hold: a pure fold over a group's records. What stands is told once, again after a
//! while, and when it ends.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{Condition, Interest, Level, Outcome, elapsed};
use crate::record::{Action, Record};

/// What one notifier's earlier notices of one group leave for the next one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Memory {
    /// The pass whose move was taken in last.
    pub(super) moved: Option<Timestamp>,
    /// Since when no pass had anything to decide on.
    unread_since: Option<Timestamp>,
    /// Desired capacity as it was within the time asked for, and the value before that; oldest first.
    sizes: Vec<Size>,
    /// What holds and was told.
    standing: BTreeMap<Condition, Standing>,
}

/// Desired capacity and since when it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Size {
    at: Timestamp,
    servers: u32,
}

/// A condition that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Standing {
    since: Timestamp,
    told: Timestamp,
}

/// Something to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Event {
    /// Which condition.
    pub(super) condition: Condition,
    /// Where it stands.
    pub(super) phase: Phase,
    /// Since when it holds, or held.
    pub(super) since: Timestamp,
    /// Of a changing fleet, the size it changed from.
    pub(super) from: Option<u32>,
}

/// Where a condition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It happened; there is nothing to end.
    Happened,
    /// It holds from now on.
    Began,
    /// It still holds, a good while after it was told last.
    GoesOn,
    /// It no longer holds.
    Ended,
}

impl Memory {
    /// Takes in the next record, and returns what is to be told of it.
    pub(super) fn take(&mut self, interest: &Interest, record: &Record) -> Vec<Event> {
        // Another pass works the group, and tells of it.
        if record.reason == "locked" {
            return Vec::new();
        }
        self.pull_back_to(record.time);
        self.note(interest, record);
        self.standing.retain(|condition, _| interest.wants(*condition, &record.group));
        let wanted = interest.when.iter().filter(|condition| interest.wants(**condition, &record.group));
        wanted.filter_map(|condition| self.event(*condition, interest, record)).collect()
    }

    fn event(&mut self, condition: Condition, interest: &Interest, record: &Record) -> Option<Event> {
        let happened = match condition {
            Condition::EveryPass => true,
            Condition::EveryScale => record.outcome == Some(Outcome::Executed),
            _ => return self.standing_event(condition, interest, record),
        };
        let phase = Phase::Happened;
        happened.then_some(Event { condition, phase, since: record.time, from: None })
    }

    fn standing_event(
        &mut self,
        condition: Condition,
        interest: &Interest,
        record: &Record,
    ) -> Option<Event> {
        let (now, from) = (record.time, self.changed_from(interest));
        let holds = self.holds(condition, interest, record)?;
        let (phase, since) = match (holds, self.standing.get(&condition).copied()) {
            (true, None) => {
                let since = self.since(condition, now);
                self.standing.insert(condition, Standing { since, told: now });
                (Phase::Began, since)
            }
            (true, Some(standing)) => {
                if interest.again_after.is_zero() || elapsed(standing.told, now) < interest.again_after {
                    return None;
                }
                self.standing.insert(condition, Standing { told: now, ..standing });
                (Phase::GoesOn, standing.since)
            }
            (false, Some(standing)) => {
                self.standing.remove(&condition);
                (interest.wants_ends().then_some(Phase::Ended)?, standing.since)
            }
            (false, None) => return None,
        };
        let from = from.filter(|_| condition == Condition::ScaleDiffExceeds);
        Some(Event { condition, phase, since, from })
    }

    /// Whether a standing condition holds; none if this record cannot tell.
    fn holds(&self, condition: Condition, interest: &Interest, record: &Record) -> Option<bool> {
        match condition {
            Condition::ScaleFails => scale_fails(record),
            Condition::NeedsExceedMax => needs_exceed_max(record),
            Condition::NeedsBelowMin => needs_below_min(record),
            Condition::ScaleDiffExceeds => Some(self.changed_from(interest).is_some()),
            Condition::ReadingMissing => Some(
                self.unread_since
                    .is_some_and(|since| elapsed(since, record.time) >= interest.reading_missing_for),
            ),
            Condition::OutsideLimits => outside_limits(record),
            Condition::DryRunWouldScale => would_scale(record),
            Condition::EveryPass | Condition::EveryScale | Condition::Recovered => None,
        }
    }

    fn since(&self, condition: Condition, now: Timestamp) -> Timestamp {
        match condition {
            Condition::ReadingMissing => self.unread_since.unwrap_or(now),
            _ => now,
        }
    }

    /// The earlier size from which the fleet changed by more than was asked for.
    fn changed_from(&self, interest: &Interest) -> Option<u32> {
        let (most, now) = (interest.scale_diff_exceeds?, self.sizes.last()?.servers);
        self.sizes.iter().map(|size| size.servers).find(|servers| servers.abs_diff(now) > most)
    }

    /// If the clock was set back, what lies ahead of it is taken to be now.
    fn pull_back_to(&mut self, now: Timestamp) {
        let standing = self.standing.values_mut().flat_map(|s| [&mut s.since, &mut s.told]);
        let sizes = self.sizes.iter_mut().map(|size| &mut size.at);
        for instant in standing.chain(sizes).chain(self.unread_since.as_mut()) {
            *instant = now.min(*instant);
        }
    }

    fn note(&mut self, interest: &Interest, record: &Record) {
        if record.action != Action::Hold {
            self.moved = Some(record.time);
        }
        match (interest.wants(Condition::ReadingMissing, &record.group), unread(record)) {
            (true, Some(true)) => self.unread_since = self.unread_since.or(Some(record.time)),
            (true, None) => {}
            (true, Some(false)) | (false, _) => self.unread_since = None,
        }
        match interest.wants(Condition::ScaleDiffExceeds, &record.group) {
            true => self.note_size(interest.scale_diff_within, record),
            false => self.sizes.clear(),
        }
    }

    fn note_size(&mut self, within: Duration, record: &Record) {
        let executed = record.desired_to.filter(|_| record.outcome == Some(Outcome::Executed));
        for servers in [record.servers.desired, executed].into_iter().flatten() {
            if self.sizes.last().is_none_or(|last| last.servers != servers) {
                self.sizes.push(Size { at: record.time, servers });
            }
        }
        // A size counts until another took its place, which may have been within the time.
        let over = |next: &Size| elapsed(next.at, record.time) > within;
        while self.sizes.get(1).is_some_and(over) {
            self.sizes.remove(0);
        }
    }
}

/// Whether a pass had nothing to decide on; none where it did not look.
fn unread(record: &Record) -> Option<bool> {
    match record.reason.as_str() {
        "sign_in_refused" | "fleet_unreadable" | "journal_unusable" => Some(true),
        "no_reading" | "balancer_changing" | "stale_reading" | "reading_before_move" => Some(true),
        "unknown_capacity" | "outage" => Some(true),
        "paused" | "outside_limits" => None,
        _ => Some(false),
    }
}

/// A move that failed stands until one succeeds or none is called for.
fn scale_fails(record: &Record) -> Option<bool> {
    match (record.action, record.outcome, record.reason.as_str()) {
        (Action::Hold, _, "inside_band" | "right_size" | "at_max" | "at_min" | "pending_covers") => {
            Some(false)
        }
        (Action::Hold, ..) => None,
        // A pass that ended between its move and the move's outcome: nobody knows.
        (_, Some(Outcome::Failed | Outcome::Unknown) | None, _) => Some(true),
        (_, Some(Outcome::Executed), _) => Some(false),
        (_, Some(Outcome::Refused | Outcome::DryRun), _) => None,
    }
}

/// By the need where a load tells it, else by being at the limit and still too small.
fn needs_exceed_max(record: &Record) -> Option<bool> {
    if record.reason == "at_max" {
        return Some(true);
    }
    match (record.needed, record.servers.max) {
        (Some(needed), Some(max)) => Some(needed > max),
        _ => level(record).filter(|level| *level != Level::High).map(|_| false),
    }
}

/// The same at the other end; one server is as small as a fleet gets.
fn needs_below_min(record: &Record) -> Option<bool> {
    if record.reason == "at_min" {
        return Some(record.servers.desired.is_some_and(|desired| desired > 1));
    }
    match (record.needed, record.servers.min) {
        (Some(needed), Some(min)) => Some(needed < min && min > 1),
        _ => level(record).filter(|level| *level != Level::Low).map(|_| false),
    }
}

fn level(record: &Record) -> Option<Level> {
    record.signal.as_ref()?.level
}

fn outside_limits(record: &Record) -> Option<bool> {
    let servers = &record.servers;
    let (desired, min, max) = (servers.desired?, servers.min?, servers.max?);
    Some(desired < min || desired > max)
}

fn would_scale(record: &Record) -> Option<bool> {
    match (record.outcome, unread(record)) {
        (Some(Outcome::DryRun), _) => Some(true),
        (_, Some(false)) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
