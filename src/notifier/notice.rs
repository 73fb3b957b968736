//! A notice: one event of one group, in words for people and in fields for machines. What is sent is made of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::conditions::{Event, Phase};
use super::words;
use crate::model::{Condition, Interest, Severity};
use crate::record::Record;

/// One message to one notifier. Its JSON is what a `command` reads and what a plain `webhook` gets: names are stable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// The same when it is sent again, and for nothing else.
    pub id: String,
    /// The same from a condition's beginning to its end.
    pub key: String,
    /// The instant of the pass that it tells of.
    pub time: Timestamp,
    /// The group's name in the settings.
    pub group: String,
    /// What it tells of.
    pub condition: Condition,
    /// Where that stands.
    pub phase: Phase,
    /// Since when it holds, or held.
    pub since: Timestamp,
    /// How grave it is.
    pub level: Severity,
    /// What, where, and from how many to how many, in one line.
    pub title: String,
    /// The same with why, a line a fact.
    pub text: String,
    /// What to do now.
    pub next_step: String,
    /// The pass.
    pub record: Record,
}

/// Whom a notice is for, and of what.
pub(super) struct Address<'a> {
    /// The notifier's name.
    pub(super) notifier: &'a str,
    /// The key of the group's journal, which tells groups of several clouds apart.
    pub(super) group_key: &'a str,
}

impl Notice {
    pub(super) fn new(to: &Address<'_>, event: &Event, interest: &Interest, record: &Record) -> Notice {
        let Event { condition, phase, since, .. } = *event;
        Notice {
            id: id(to, event, record.time),
            key: format!("{}/{condition}", to.group_key),
            time: record.time,
            group: record.group.clone(),
            condition,
            phase,
            since,
            level: condition.severity(),
            title: words::title(event, interest, record),
            text: words::text(event, record),
            next_step: words::next_step(event, record).to_owned(),
            record: record.clone(),
        }
    }

    /// Everything in words: for those who get no title apart.
    pub fn body(&self) -> String {
        format!("{}\nNext step: {}", self.text, self.next_step)
    }
}

/// 96 bits of a digest of what makes the notice: made again after a crash, it has the same id.
fn id(to: &Address<'_>, event: &Event, time: Timestamp) -> String {
    let made_of =
        format!("{}\n{}\n{}\n{:?}\n{time}", to.notifier, to.group_key, event.condition, event.phase);
    Sha256::digest(made_of).iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}
