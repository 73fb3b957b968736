//! A scaling policy: by how much, how often, and what sets it off.

use jiff::Timestamp;
use serde_json::{Map, Number, Value};

use super::group::LONGEST_COOLDOWN;
use super::read::{Fields, Problems, items};
use crate::schedule::{At, Cron};

/// The most policies or webhooks in one request.
pub const MOST_AT_ONCE: usize = 100;

const KEYS: [&str; 7] = ["name", "cooldown", "type", "change", "changePercent", "desiredCapacity", "args"];

/// A policy that has been found in order, kept with its numbers as they were written.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// For people; need not be unique.
    pub name: String,
    /// Seconds after an execution in which it is not executed again; may have a fraction.
    pub cooldown: Number,
    /// What sets it off.
    pub kind: PolicyKind,
    /// What it does to desired capacity.
    pub adjustment: Adjustment,
}

/// What sets a policy off.
#[derive(Debug, Clone, PartialEq)]
pub enum PolicyKind {
    /// A request, by a user or through a capability.
    Webhook,
    /// The time; requests too.
    Schedule(When),
}

/// When a scheduled policy is due.
#[derive(Debug, Clone, PartialEq)]
pub enum When {
    /// Once.
    At(At),
    /// Again and again, in UTC.
    Cron(Cron),
}

/// What a policy does to desired capacity, before the group's limits.
#[derive(Debug, Clone, PartialEq)]
pub enum Adjustment {
    /// Adds so many, or takes them away.
    Change(i64),
    /// Adds a share of what there is, rounded away from zero.
    ChangePercent(Number),
    /// Sets it.
    DesiredCapacity(i64),
}

impl Policy {
    /// Reads the array of policies that one request may bring.
    pub fn read_list(path: &str, value: &Value, fewest: usize, problems: &mut Problems) -> Option<Vec<Self>> {
        let listed = items(path, value, fewest..=MOST_AT_ONCE, problems)?;
        let read =
            listed.iter().enumerate().map(|(at, item)| Self::read(&format!("{path}[{at}]"), item, problems));
        read.collect::<Vec<_>>().into_iter().collect()
    }

    /// Reads one policy. Its times are not yet held against the clock: see [`Policy::first_run`].
    pub fn read(path: &str, value: &Value, problems: &mut Problems) -> Option<Self> {
        let fields = Fields::open(path, value, &KEYS, problems)?;
        let name = fields.name("name", problems);
        fields.need("cooldown", problems);
        fields.number("cooldown", 0.0..=f64::from(LONGEST_COOLDOWN), problems);
        let cooldown = fields.get("cooldown").and_then(Value::as_number).cloned();
        let kind = read_kind(&fields, problems);
        let adjustment = read_adjustment(path, &fields, problems);
        Some(Self { name: name?, cooldown: cooldown?, kind: kind?, adjustment: adjustment? })
    }

    /// When a scheduled policy is due for the first time after `now`; `None` for the other type.
    ///
    /// # Errors
    /// Why it never would be: its time has passed, or its cron names a date that does not exist.
    pub fn first_run(&self, now: Timestamp) -> Result<Option<Timestamp>, &'static str> {
        match &self.kind {
            PolicyKind::Webhook => Ok(None),
            PolicyKind::Schedule(When::At(at)) if at.when() <= now => Err("args.at: must be in the future"),
            PolicyKind::Schedule(When::At(at)) => Ok(Some(at.when())),
            PolicyKind::Schedule(When::Cron(cron)) => {
                cron.next(now).map(Some).ok_or("args.cron: names a date that never comes")
            }
        }
    }

    /// The word for its type.
    pub fn kind_word(&self) -> &'static str {
        match self.kind {
            PolicyKind::Webhook => "webhook",
            PolicyKind::Schedule(_) => "schedule",
        }
    }

    /// Seconds of cooldown as a number to reckon with.
    pub fn cooldown_seconds(&self) -> f64 {
        self.cooldown.as_f64().unwrap_or_default()
    }

    /// The policy as it was given, as a JSON object.
    pub fn document(&self) -> Map<String, Value> {
        let mut document = Map::new();
        document.insert("name".to_owned(), self.name.clone().into());
        document.insert("cooldown".to_owned(), self.cooldown.clone().into());
        document.insert("type".to_owned(), self.kind_word().into());
        let (key, value) = match &self.adjustment {
            Adjustment::Change(n) => ("change", Value::from(*n)),
            Adjustment::ChangePercent(percent) => ("changePercent", percent.clone().into()),
            Adjustment::DesiredCapacity(n) => ("desiredCapacity", Value::from(*n)),
        };
        document.insert(key.to_owned(), value);
        if let PolicyKind::Schedule(when) = &self.kind {
            let (key, text) = match when {
                When::At(at) => ("at", at.text()),
                When::Cron(cron) => ("cron", cron.text()),
            };
            document.insert("args".to_owned(), serde_json::json!({key: text}));
        }
        document
    }
}

fn read_kind(fields: &Fields<'_>, problems: &mut Problems) -> Option<PolicyKind> {
    let kind = fields.need("type", problems)?;
    let args = fields.get("args");
    match (kind.as_str(), args) {
        (Some("webhook"), None) => Some(PolicyKind::Webhook),
        (Some("webhook"), Some(_)) => {
            problems.tell(&fields.at("args"), "has no place in a policy of type webhook");
            None
        }
        (Some("schedule"), _) => {
            let args = fields.need("args", problems)?;
            read_when(&fields.at("args"), args, problems).map(PolicyKind::Schedule)
        }
        (Some("cloud_monitoring"), _) => {
            problems.tell(&fields.at("type"), "cloud_monitoring is not offered here");
            None
        }
        _ => {
            problems.tell(&fields.at("type"), "must be webhook or schedule");
            None
        }
    }
}

fn read_when(path: &str, args: &Value, problems: &mut Problems) -> Option<When> {
    let fields = Fields::open(path, args, &["at", "cron"], problems)?;
    let read = match (fields.get("at"), fields.get("cron")) {
        (Some(at), None) => at.as_str().ok_or("must be a string").and_then(At::parse).map(When::At),
        (None, Some(cron)) => cron.as_str().ok_or("must be a string").and_then(Cron::parse).map(When::Cron),
        _ => Err("needs exactly one of at and cron"),
    };
    read.map_err(|what| problems.tell(path, what)).ok()
}

fn read_adjustment(path: &str, fields: &Fields<'_>, problems: &mut Problems) -> Option<Adjustment> {
    let given = ["change", "changePercent", "desiredCapacity"].map(|key| fields.get(key));
    let (read, what) = match given {
        [Some(n), None, None] => (
            n.as_i64().filter(|n| *n != 0).map(Adjustment::Change),
            "change: must be an integer other than 0",
        ),
        [None, Some(n), None] => (
            n.as_number().filter(|n| n.as_f64() != Some(0.0)).cloned().map(Adjustment::ChangePercent),
            "changePercent: must be a number other than 0",
        ),
        [None, None, Some(n)] => (
            n.as_i64().filter(|n| *n >= 0).map(Adjustment::DesiredCapacity),
            "desiredCapacity: must be an integer, 0 or more",
        ),
        _ => (None, "needs exactly one of change, changePercent and desiredCapacity"),
    };
    if read.is_none() {
        problems.tell(path, what);
    }
    read
}
