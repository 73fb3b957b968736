//! `[[group]]`: one scaling group, what it is measured by, moved by, and by which rules.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::Deserialize;

use super::capacity::Capacities;
use super::cloud::CloudKind;
use super::duration;
use super::monitor::{self, MonitorSettings, MonitorTable};
use super::origin::Rows;
use super::place::Place;
use super::problem::Report;
use super::rules::{self, RulesTable};
use super::scaler::{self, ScalerSettings, ScalerTable};
use super::schema::{Form, Key, join};
use crate::model::Strategy;
use crate::rulebook::{Rulebook, Timetable};

/// The section's name.
pub(super) const SECTION: &str = "group";

const FLAVORS: [&str; 2] = ["launch", "servers"];

/// The keys of `[[group]]`.
pub(super) const KEYS: &[Key] = &[
    Key::required("name", Form::Text),
    Key::new("monitor", Form::Kinds(monitor::KINDS)),
    Key::new("load_balancers", Form::Names),
    Key::new("stats_cache", Form::DurationOrZero),
    Key::new("scaler", Form::Kinds(scaler::KINDS)),
    Key::new("scale_up", Form::Names),
    Key::new("scale_down", Form::Names),
    Key::new("fixed_servers", Form::PerFlavor { value: &Form::Count(1), known: &[] }),
    Key::new("flavors", Form::Choice(&FLAVORS)),
    Key::new("scale_up_above", Form::Number),
    Key::new("scale_down_below", Form::Number),
    Key::new("scale_up_after", Form::Count(1)),
    Key::new("scale_down_after", Form::Count(1)),
    Key::new("cooldown", Form::DurationOrZero),
    Key::new("scale_up_cooldown", Form::DurationOrZero),
    Key::new("scale_down_cooldown", Form::DurationOrZero),
    Key::new("increment", Form::Count(1)),
    Key::new("stats_max_age", Form::Duration),
    Key::new("boot_timeout", Form::DurationOrZero),
    Key::new("min", Form::Limit),
    Key::new("max", Form::Limit),
    Key::new("strategy", Form::Choice(&Strategy::NAMES)),
    Key::new("boot", Form::DurationOrZero),
    Key::new("tracking", Form::Table(rules::TRACKING)),
];

/// One scaling group as the user set it.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupSettings {
    /// The group's name here, in records and in the journal.
    pub name: String,
    /// What it measures its load by.
    pub monitor: MonitorSettings,
    /// What it is moved by.
    pub scaler: ScalerSettings,
    /// When to move it.
    pub rules: Rulebook,
    /// Servers on the same balancers that do not belong to the scaling group: how many of which flavor.
    pub fixed_servers: BTreeMap<String, u32>,
    /// How the flavors of the group's servers are known.
    pub flavors: Flavors,
}

/// How the flavors of a group's servers are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flavors {
    /// All are taken to be of the launch configuration's flavor.
    #[default]
    Launch,
    /// Each server is looked up once, for fleets of several flavors.
    Servers,
}

/// The section after the layering, before both of its forms are brought to one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct GroupTable {
    name: String,
    monitor: Option<MonitorTable>,
    load_balancers: Option<Vec<String>>,
    #[serde(deserialize_with = "duration::deserialize_some")]
    stats_cache: Option<Duration>,
    scaler: Option<ScalerTable>,
    scale_up: Option<Vec<String>>,
    scale_down: Option<Vec<String>>,
    fixed_servers: BTreeMap<String, u32>,
    flavors: Flavors,
    #[serde(flatten)]
    rules: RulesTable,
}

/// What the sections beside `[[group]]` say that a group depends on.
pub(super) struct Beside<'a> {
    pub(super) cloud: CloudKind,
    pub(super) capacities: &'a Capacities,
    pub(super) place: Place<'a>,
}

impl GroupTable {
    /// Brings short and long form to one, and tells what does not go together.
    pub(super) fn resolve(self, at: &str, beside: &Beside<'_>, report: &mut Report) -> GroupSettings {
        tell_forms(at, "monitor", &["load_balancers", "stats_cache"], &["load_balancers"], report);
        tell_forms(at, "scaler", &["scale_up", "scale_down"], &["scale_up", "scale_down"], report);
        tell_unknown_capacity(at, &self.fixed_servers, beside.capacities, report);
        let monitor = match self.monitor {
            Some(monitor) => monitor.resolve(&join(at, "monitor"), &beside.place, report),
            None => MonitorSettings::balancers(
                beside.cloud,
                self.load_balancers.unwrap_or_default(),
                self.stats_cache,
            ),
        };
        let rules = if monitor.judges() { self.rules.of_levels() } else { self.rules };
        let scaler = self.scaler.unwrap_or_else(|| ScalerTable::Autoscale {
            group: None,
            scale_up: self.scale_up.unwrap_or_default(),
            scale_down: self.scale_down.unwrap_or_default(),
        });
        let scaler = scaler.resolve(&self.name);
        tell_missing_max(at, &scaler, report);
        let rules = rules.resolve(at, report);
        tell_gaps(at, &scaler, &rules, report);
        GroupSettings {
            monitor,
            scaler,
            rules,
            fixed_servers: self.fixed_servers,
            flavors: self.flavors,
            name: self.name,
        }
    }
}

/// A table and its short form: exactly one of them, and the short form whole.
fn tell_forms(at: &str, table: &str, short: &[&str], needed: &[&str], report: &mut Report) {
    let has = |name: &str| report.origins.has(&join(at, name));
    let written: Vec<_> = short.iter().copied().filter(|name| has(name)).collect();
    if has(table) {
        for name in written {
            let fault = format!("is the short form of {at}.{table}, which is there too; keep one of them");
            report.tell(&join(at, name), None, fault);
        }
        return;
    }
    let missing: Vec<_> = needed.iter().copied().filter(|name| !has(name)).collect();
    for name in missing {
        let fault = format!("is missing; it must be {} (or write a {table} table)", Form::Names.wanted());
        report.tell(&join(at, name), None, fault);
    }
}

fn tell_unknown_capacity(at: &str, fixed: &BTreeMap<String, u32>, known: &Capacities, report: &mut Report) {
    for (flavor, count) in fixed.iter().filter(|(flavor, _)| known.of(flavor).is_none()) {
        let key = join(&join(at, "fixed_servers"), flavor);
        if !report.origins.has(&Capacities::key(flavor)) && !report.origins.has(&Capacities::key("default")) {
            let fault =
                format!("what one such server carries is not known; add {flavor:?} or default to [capacity]");
            report.tell(&key, Some(count.to_string()), fault);
        }
    }
}

impl Flavors {
    /// As it stands in settings.
    pub fn name(self) -> &'static str {
        FLAVORS[self as usize]
    }
}

impl GroupSettings {
    pub(super) fn rows(&self, at: &str, rows: &mut Rows<'_>) {
        rows.add(join(at, "name"), &self.name);
        self.monitor.rows(at, rows);
        self.scaler.rows(at, rows);
        for (flavor, count) in &self.fixed_servers {
            rows.add(join(&join(at, "fixed_servers"), flavor), count);
        }
        rows.add(join(at, "flavors"), self.flavors.name());
        rules::rows(&self.rules, at, rows);
    }
}

/// Where the service sets no limit, somebody must: a page that fails for a night would cost a fortune.
fn tell_missing_max(at: &str, scaler: &ScalerSettings, report: &mut Report) {
    let key = join(at, "max");
    if matches!(scaler, ScalerSettings::Heroku { .. }) && !report.origins.has(&key) {
        let fault =
            "is missing; Heroku sets no limit that fits every app, so write how many dynos there may be";
        report.tell(&key, None, fault);
    }
}

/// Nor at the times of which a table says nothing; and 0 dynos on some dates must not stand for all the others.
fn tell_gaps(at: &str, scaler: &ScalerSettings, rules: &Rulebook, report: &mut Report) {
    let has_gaps = |limit: &Option<Timetable>| limit.as_ref().is_some_and(Timetable::has_gaps);
    if !matches!(scaler, ScalerSettings::Heroku { .. }) {
        return;
    }
    if has_gaps(&rules.max) {
        let fault = "holds on its dates only, and Heroku sets no limit at other times; add what holds then, such as \
            \"0:00\" = 3";
        report.tell(&join(at, "max"), None, fault);
    }
    if has_gaps(&rules.min) && rules.widest().min == Some(0) {
        let fault = "lets the app be shut down on dates only and says nothing of other times; add what holds then, \
            such as \"0:00\" = 1";
        report.tell(&join(at, "min"), None, fault);
    }
}

/// Two tables of one name, or two that move the same scaling group, would work against each other.
pub(super) fn tell_duplicates(groups: &[GroupSettings], report: &mut Report) {
    let (mut names, mut targets) = (HashMap::new(), HashMap::new());
    for (index, group) in groups.iter().enumerate().filter(|(_, group)| !group.name.is_empty()) {
        let at = format!("{SECTION}[{index}]");
        let named_before = names.insert(&group.name, index);
        let scaler = &group.scaler;
        let moved_before = targets.insert((scaler.kind(), scaler.target()), index);
        if let Some(first) = named_before {
            let fault = format!("is the name of {SECTION}[{first}] too; every group needs a name of its own");
            report.tell(&join(&at, "name"), Some(format!("{:?}", group.name)), fault);
        } else if let Some(first) = moved_before {
            let fault = format!(
                "moves the same scaling group as {SECTION}[{first}]; they would work against each other"
            );
            let key = join(&join(&at, "scaler"), scaler.target_key());
            report.tell(&key, Some(format!("{:?}", scaler.target())), fault);
        }
    }
}
