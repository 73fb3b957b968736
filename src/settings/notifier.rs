//! `[[notifier]]`: who is told what of the passes, and how; `means` has what each kind has of its own.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::duration;
use super::group::GroupSettings;
use super::origin::Rows;
use super::place::Place;
use super::problem::Report;
use super::schema::{Form, KIND, Key, Kind, join};
use crate::model::{Condition, Interest, Severity};

mod email;
mod means;

pub use email::EmailSettings;
pub use means::{Means, WebhookBody, WebhookSettings};

use email::SECURITY;
use means::{MeansTable, TEMPLATES};

/// The section's name.
pub(super) const SECTION: &str = "notifier";

/// The keys that every kind has, and those of one.
macro_rules! keys {
    ($($own:expr),*) => {
        &[
            Key::required(KIND, Form::Text),
            Key::new("name", Form::Text),
            Key::new("groups", Form::Names),
            Key::new("when", Form::Choices(&Condition::NAMES)),
            Key::new("level", Form::Choice(&Severity::NAMES)),
            Key::new("reading_missing_for", Form::DurationOrZero),
            Key::new("scale_diff_exceeds", Form::Count(0)),
            Key::new("scale_diff_within", Form::Duration),
            Key::new("again_after", Form::DurationOrZero),
            $($own),*
        ]
    };
}

/// Every kind of notifier with its keys.
pub(super) const KINDS: &[Kind] = &[
    Kind { name: "console", keys: keys![] },
    Kind { name: "log", keys: keys![] },
    Kind {
        name: "email",
        keys: keys![
            Key::required("host", Form::Text),
            Key::new("port", Form::Count(1)),
            Key::new("security", Form::Choice(&SECURITY)),
            Key::new("user", Form::Text),
            Key::required("from", Form::Text),
            Key::required("to", Form::Names),
            Key::new("ca_file", Form::Text)
        ],
    },
    Kind {
        name: "webhook",
        keys: keys![
            Key::new("template", Form::Choice(&TEMPLATES)),
            Key::new("body", Form::Lines),
            Key::new("url", Form::Url),
            Key::new("ca_file", Form::Text)
        ],
    },
    Kind {
        name: "command",
        keys: keys![Key::required("command", Form::Arguments), Key::new("timeout", Form::Duration)],
    },
];

/// Who is told what, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct NotifierSettings {
    /// Its name in messages, and in the names of its secrets.
    pub name: String,
    /// What it is told.
    pub interest: Interest,
    /// How it is told.
    pub means: Means,
}

/// The section after the check, before its values are put together.
#[derive(Debug, Deserialize)]
pub(super) struct NotifierTable {
    name: Option<String>,
    #[serde(flatten)]
    interest: InterestTable,
    #[serde(flatten)]
    means: MeansTable,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct InterestTable {
    groups: Option<BTreeSet<String>>,
    when: Option<BTreeSet<Condition>>,
    level: Severity,
    #[serde(deserialize_with = "duration::deserialize_some")]
    reading_missing_for: Option<Duration>,
    scale_diff_exceeds: Option<u32>,
    #[serde(deserialize_with = "duration::deserialize_some")]
    scale_diff_within: Option<Duration>,
    #[serde(deserialize_with = "duration::deserialize_some")]
    again_after: Option<Duration>,
}

/// What stands around one table, and where its faults are told.
pub(super) struct Resolving<'a> {
    /// The table's full name.
    pub(super) at: &'a str,
    pub(super) place: &'a Place<'a>,
    pub(super) groups: &'a [GroupSettings],
    pub(super) report: &'a mut Report,
}

impl Resolving<'_> {
    fn tell(&mut self, key: &str, value: Option<String>, fault: impl Into<String>) {
        self.report.tell(&join(self.at, key), value, fault);
    }

    fn path(&mut self, key: &str, written: Option<String>) -> Option<PathBuf> {
        self.place.path(&written?, &join(self.at, key), self.report)
    }
}

impl NotifierTable {
    /// Fills in the defaults, and tells what does not go together. None where that left nothing to use.
    pub(super) fn resolve(self, mut on: Resolving<'_>) -> Option<NotifierSettings> {
        let kind = self.means.kind();
        let name = self.name.unwrap_or_else(|| kind.to_owned());
        if !is_name(&name) {
            let fault = "must be lower-case letters, digits and single - between them: it is part of the names of \
                secrets; write it so, as in \"ops-mail\"";
            on.tell("name", Some(format!("{name:?}")), fault);
        }
        let interest = self.interest.resolve(&mut on);
        let means = self.means.resolve(&mut on)?;
        Some(NotifierSettings { name, interest, means })
    }
}

/// Words of lower-case letters and digits, with single hyphens between them.
fn is_name(name: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9'));
    name.split('-').all(word)
}

impl InterestTable {
    fn resolve(self, on: &mut Resolving<'_>) -> Interest {
        let default = Interest::default();
        let interest = Interest {
            when: self.when.unwrap_or(default.when),
            level: self.level,
            groups: self.groups,
            reading_missing_for: self.reading_missing_for.unwrap_or(default.reading_missing_for),
            scale_diff_exceeds: self.scale_diff_exceeds,
            scale_diff_within: self.scale_diff_within.unwrap_or(default.scale_diff_within),
            again_after: self.again_after.unwrap_or(default.again_after),
        };
        tell_unknown_groups(&interest, on);
        tell_scale_diff(&interest, on);
        interest
    }
}

fn tell_unknown_groups(interest: &Interest, on: &mut Resolving<'_>) {
    let known = |name: &String| on.groups.iter().any(|group| group.name == *name);
    let unknown: Vec<String> =
        interest.groups.iter().flatten().filter(|name| !known(name)).cloned().collect();
    for name in unknown {
        on.tell(
            "groups",
            Some(format!("{name:?}")),
            "names a group that there is not; write a [[group]]'s name",
        );
    }
}

/// A number without the condition, or the condition without its number.
fn tell_scale_diff(interest: &Interest, on: &mut Resolving<'_>) {
    let wanted = interest.when.contains(&Condition::ScaleDiffExceeds);
    match (wanted, interest.scale_diff_exceeds) {
        (true, None) => on.tell(
            "scale_diff_exceeds",
            None,
            "is missing; \"scale-diff-exceeds\" in when needs a number of servers, such as 5",
        ),
        (false, Some(exceeds)) => on.tell(
            "scale_diff_exceeds",
            Some(exceeds.to_string()),
            "has no use without \"scale-diff-exceeds\" in when; write it there, or leave this out",
        ),
        _ => {}
    }
}

impl NotifierSettings {
    pub(super) fn rows(&self, at: &str, rows: &mut Rows<'_>) {
        let key = |name| join(at, name);
        let list = |words: &BTreeSet<String>| words.iter().cloned().collect::<Vec<_>>().join(", ");
        let Interest { when, level, groups, .. } = &self.interest;
        rows.add(key(KIND), self.means.kind());
        rows.add(key("name"), &self.name);
        rows.add_some(key("groups"), groups.as_ref().map(list));
        rows.add(key("when"), when.iter().map(|c| c.name()).collect::<Vec<_>>().join(", "));
        rows.add(key("level"), level.name());
        if when.contains(&Condition::ReadingMissing) {
            rows.add(key("reading_missing_for"), duration::show(self.interest.reading_missing_for));
        }
        if let Some(exceeds) = self.interest.scale_diff_exceeds {
            rows.add(key("scale_diff_exceeds"), exceeds);
            rows.add(key("scale_diff_within"), duration::show(self.interest.scale_diff_within));
        }
        rows.add(key("again_after"), duration::show(self.interest.again_after));
        self.means.rows(at, rows);
    }
}

/// Two of one name would have the same secrets, and take each other's notices.
pub(super) fn tell_duplicates(notifiers: &[(usize, NotifierSettings)], report: &mut Report) {
    for (at, (index, notifier)) in notifiers.iter().enumerate() {
        if let Some((first, _)) = notifiers[..at].iter().find(|(_, before)| before.name == notifier.name) {
            let fault = format!("is the name of {SECTION}[{first}] too; give each a name of its own");
            report.tell(&format!("{SECTION}[{index}].name"), Some(format!("{:?}", notifier.name)), fault);
        }
    }
}

#[cfg(test)]
mod tests;
