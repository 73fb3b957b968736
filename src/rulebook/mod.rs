//! The rulebook: what the user set for one group, with limits that may go by the clock. Pure.
//!
//! At each instant it comes down to plain [`Rules`]. Only those are decided by and journalled, so no decision
//! ever depends on a time zone: what ran live replays to the bit, whatever the zones have become since.
//!
//! Reading order: [`Rulebook`] here, `timetable` (numbers by local time), `when` (how a time is written),
//! `shown` (what a zone's clock has shown so far, on the days it is put forward or back too).

use std::borrow::Cow;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

mod shown;
#[cfg(test)]
mod tests;
mod timetable;
mod when;

pub use shown::{Jump, jumps};
pub use timetable::{Fault, Timetable};
pub use when::minute_of;

use crate::model::Rules;

/// The rules of one group at all times.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rulebook {
    /// What holds at all times. Its limits are those that do not go by the clock.
    pub rules: Rules,
    /// The lower limit by the clock, which then stands for that of `rules`.
    pub min: Option<Timetable>,
    /// The upper limit by the clock, likewise.
    pub max: Option<Timetable>,
}

/// Limits of ours that hold from an instant on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// From when on.
    pub from: Timestamp,
    /// The lower limit.
    pub min: Option<u32>,
    /// The upper limit.
    pub max: Option<u32>,
}

impl From<Rules> for Rulebook {
    fn from(rules: Rules) -> Self {
        Rulebook { rules, min: None, max: None }
    }
}

impl Rulebook {
    /// The rules as they are at `now`.
    pub fn at(&self, now: Timestamp) -> Cow<'_, Rules> {
        if self.zone().is_none() {
            return Cow::Borrowed(&self.rules);
        }
        self.with(|timetable| timetable.at(now), |timetable| timetable.at(now))
    }

    /// The zone whose clock the limits go by; none where none does.
    pub fn zone(&self) -> Option<&TimeZone> {
        self.min.as_ref().or(self.max.as_ref()).map(Timetable::zone)
    }

    /// The rules with the widest limits that hold at any time.
    pub fn widest(&self) -> Cow<'_, Rules> {
        self.with(|min| min.numbers().min(), |max| max.numbers().max())
    }

    /// The rules with the highest lower limit and the lowest upper one, which need not hold at one time.
    pub fn tightest(&self) -> Cow<'_, Rules> {
        self.with(|min| min.numbers().max(), |max| max.numbers().min())
    }

    /// The limits from the minute of `from` to `until`, a stretch for each change.
    pub fn stretches(&self, from: Timestamp, until: Timestamp) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        let first = from.as_second().div_euclid(60) * 60;
        let minutes = (0..).map_while(|n| Timestamp::from_second(first).ok()?.checked_add(minutes(n)).ok());
        for from in minutes.take_while(|minute| *minute < until) {
            let rules = self.at(from);
            let changed = stretches.last().is_none_or(|last| (last.min, last.max) != (rules.min, rules.max));
            if changed {
                stretches.push(Stretch { from, min: rules.min, max: rules.max });
            }
        }
        stretches
    }

    fn with(
        &self,
        min: impl Fn(&Timetable) -> Option<u32>,
        max: impl Fn(&Timetable) -> Option<u32>,
    ) -> Cow<'_, Rules> {
        Cow::Owned(Rules {
            min: self.min.as_ref().map_or(self.rules.min, min),
            max: self.max.as_ref().map_or(self.rules.max, max),
            ..self.rules.clone()
        })
    }
}

fn minutes(n: i64) -> SignedDuration {
    SignedDuration::from_mins(n)
}
