//! The rules of a group as they stand in settings; what they mean and their defaults are the model's.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::duration;
use super::hours::{self, Limit, LimitTable};
use super::origin::Rows;
use super::problem::{Problem, Report};
use super::schema::{Form, Key, join};
use crate::model::{Pace, Rules, Strategy, TargetTracking};
use crate::rulebook::Rulebook;

/// The keys of `tracking`.
pub(super) const TRACKING: &[Key] = &[
    Key::new("target", Form::Number),
    Key::new("tolerance_up", Form::NumberOrZero),
    Key::new("tolerance_down", Form::NumberOrZero),
    Key::new("stabilization_up", Form::DurationOrZero),
    Key::new("stabilization_down", Form::DurationOrZero),
    Key::new("servers_up", Form::Count(0)),
    Key::new("servers_down", Form::Count(0)),
    Key::new("percent_up", Form::NumberOrZero),
    Key::new("percent_down", Form::NumberOrZero),
    Key::new("period_up", Form::Duration),
    Key::new("period_down", Form::Duration),
];

/// Each rule that was written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RulesTable {
    scale_up_above: Option<f64>,
    scale_down_below: Option<f64>,
    scale_up_after: Option<u32>,
    scale_down_after: Option<u32>,
    #[serde(deserialize_with = "duration::deserialize_some")]
    cooldown: Option<Duration>,
    #[serde(deserialize_with = "duration::deserialize_some")]
    scale_up_cooldown: Option<Duration>,
    #[serde(deserialize_with = "duration::deserialize_some")]
    scale_down_cooldown: Option<Duration>,
    increment: Option<u32>,
    #[serde(deserialize_with = "duration::deserialize_some")]
    stats_max_age: Option<Duration>,
    #[serde(deserialize_with = "duration::deserialize_some")]
    boot_timeout: Option<Duration>,
    min: Option<LimitTable>,
    max: Option<LimitTable>,
    strategy: Option<Strategy>,
    #[serde(deserialize_with = "duration::deserialize_some")]
    boot: Option<Duration>,
    tracking: TrackingTable,
}

/// Each rule of target tracking that was written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TrackingTable {
    target: Option<f64>,
    tolerance_up: Option<f64>,
    tolerance_down: Option<f64>,
    #[serde(deserialize_with = "duration::deserialize_some")]
    stabilization_up: Option<Duration>,
    #[serde(deserialize_with = "duration::deserialize_some")]
    stabilization_down: Option<Duration>,
    servers_up: Option<u32>,
    servers_down: Option<u32>,
    percent_up: Option<f64>,
    percent_down: Option<f64>,
    #[serde(deserialize_with = "duration::deserialize_some")]
    period_up: Option<Duration>,
    #[serde(deserialize_with = "duration::deserialize_some")]
    period_down: Option<Duration>,
}

impl TrackingTable {
    fn resolve(self) -> TargetTracking {
        let TargetTracking { target, up, down } = TargetTracking::default();
        let up = Pace {
            tolerance: self.tolerance_up.unwrap_or(up.tolerance),
            stabilization: self.stabilization_up.unwrap_or(up.stabilization),
            servers: self.servers_up.unwrap_or(up.servers),
            percent: self.percent_up.unwrap_or(up.percent),
            period: self.period_up.unwrap_or(up.period),
        };
        let down = Pace {
            tolerance: self.tolerance_down.unwrap_or(down.tolerance),
            stabilization: self.stabilization_down.unwrap_or(down.stabilization),
            servers: self.servers_down.unwrap_or(down.servers),
            percent: self.percent_down.unwrap_or(down.percent),
            period: self.period_down.unwrap_or(down.period),
        };
        TargetTracking { target: self.target.unwrap_or(target), up, down }
    }
}

/// One slow answer is no trend, and one quick answer less so: the confirmations that a level asks for.
const LEVELS_UP_AFTER: u32 = 3;
const LEVELS_DOWN_AFTER: u32 = 5;

impl RulesTable {
    /// The same for a monitor that says high, right or low itself.
    pub(super) fn of_levels(self) -> Self {
        RulesTable {
            scale_up_after: self.scale_up_after.or(Some(LEVELS_UP_AFTER)),
            scale_down_after: self.scale_down_after.or(Some(LEVELS_DOWN_AFTER)),
            ..self
        }
    }

    /// Fills in the defaults, and tells what contradicts itself.
    pub(super) fn resolve(self, at: &str, report: &mut Report) -> Rulebook {
        let default = Rules::default();
        let limit = |table: Option<LimitTable>, name, report: &mut Report| {
            table.map(|table| table.resolve(&join(at, name), report)).unwrap_or_default()
        };
        let (min, max) = (limit(self.min, "min", report), limit(self.max, "max", report));
        hours::tell_contradictions(&min, &max, at, report);
        let rules = Rules {
            scale_up_above: self.scale_up_above.unwrap_or(default.scale_up_above),
            scale_down_below: self.scale_down_below.unwrap_or(default.scale_down_below),
            scale_up_after: self.scale_up_after.unwrap_or(default.scale_up_after),
            scale_down_after: self.scale_down_after.unwrap_or(default.scale_down_after),
            cooldown: self.cooldown.unwrap_or(default.cooldown),
            scale_up_cooldown: self.scale_up_cooldown.or(default.scale_up_cooldown),
            scale_down_cooldown: self.scale_down_cooldown.or(default.scale_down_cooldown),
            increment: self.increment.or(default.increment),
            stats_max_age: self.stats_max_age.unwrap_or(default.stats_max_age),
            boot_timeout: self.boot_timeout.unwrap_or(default.boot_timeout),
            min: min.always,
            max: max.always,
            strategy: self.strategy.unwrap_or(default.strategy),
            boot: self.boot.or(default.boot),
            tracking: self.tracking.resolve(),
        };
        tell_contradictions(&rules, at, report);
        Rulebook { rules, min: min.by_the_clock, max: max.by_the_clock }
    }
}

fn tell_contradictions(rules: &Rules, at: &str, report: &mut Report) {
    if rules.scale_down_below >= rules.scale_up_above {
        let fault = format!(
            "must be below scale_up_above, which is {}; between the two lies what is right",
            rules.scale_up_above
        );
        report.tell(&join(at, "scale_down_below"), Some(rules.scale_down_below.to_string()), fault);
    }
    let up = &rules.tracking.up;
    if up.servers == 0 && up.percent == 0.0 {
        let fault = "is 0 and so is servers_up: the group could never grow; raise one of them";
        report.tell(&join(&join(at, "tracking"), "percent_up"), Some("0".to_owned()), fault);
    }
}

/// What settings would be refused for that had these rules, each with its key and value.
pub(super) fn contradictions(book: &Rulebook) -> Vec<String> {
    let mut report = Report::new(Path::new(""));
    let limit = |always, by_the_clock: &Option<_>| Limit { always, by_the_clock: by_the_clock.clone() };
    let (min, max) = (limit(book.rules.min, &book.min), limit(book.rules.max, &book.max));
    hours::tell_contradictions(&min, &max, "", &mut report);
    tell_contradictions(&book.rules, "", &mut report);
    let told = |Problem { key, value, fault, .. }: Problem| match value {
        Some(value) => format!("{key} = {value}: {fault}"),
        None => format!("{key} {fault}"),
    };
    report.finish().err().map_or(Vec::new(), |problems| problems.0.into_iter().map(told).collect())
}

pub(super) fn rows(book: &Rulebook, at: &str, rows: &mut Rows<'_>) {
    let rules = &book.rules;
    rows.add(join(at, "scale_up_above"), rules.scale_up_above);
    rows.add(join(at, "scale_down_below"), rules.scale_down_below);
    rows.add(join(at, "scale_up_after"), rules.scale_up_after);
    rows.add(join(at, "scale_down_after"), rules.scale_down_after);
    rows.add(join(at, "cooldown"), duration::show(rules.cooldown));
    rows.add_some(join(at, "scale_up_cooldown"), rules.scale_up_cooldown.map(duration::show));
    rows.add_some(join(at, "scale_down_cooldown"), rules.scale_down_cooldown.map(duration::show));
    rows.add_some(join(at, "increment"), rules.increment);
    rows.add(join(at, "stats_max_age"), duration::show(rules.stats_max_age));
    rows.add(join(at, "boot_timeout"), duration::show(rules.boot_timeout));
    hours::rows(rules.min, book.min.as_ref(), &join(at, "min"), rows);
    hours::rows(rules.max, book.max.as_ref(), &join(at, "max"), rows);
    rows.add(join(at, "strategy"), rules.strategy.name());
    rows.add_some(join(at, "boot"), rules.boot.map(duration::show));
    if rules.strategy != Strategy::Threshold {
        tracking_rows(&rules.tracking, &join(at, "tracking"), rows);
    }
}

fn tracking_rows(TargetTracking { target, up, down }: &TargetTracking, at: &str, rows: &mut Rows<'_>) {
    rows.add(join(at, "target"), target);
    for (side, pace) in [("up", up), ("down", down)] {
        let key = |name: &str| join(at, &format!("{name}_{side}"));
        rows.add(key("tolerance"), pace.tolerance);
        rows.add(key("stabilization"), duration::show(pace.stabilization));
        rows.add(key("servers"), pace.servers);
        rows.add(key("percent"), pace.percent);
        rows.add(key("period"), duration::show(pace.period));
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::rules_in_force;
    use crate::settings::tests::{GROUP, problem, read};

    fn tracking(keys: &str) -> String {
        format!("{GROUP}strategy = \"target-tracking\"\ntracking = {{ {keys} }}\n")
    }

    #[test]
    fn a_tolerance_and_a_percent_may_be_nothing_but_not_less() {
        let up = read(&tracking("tolerance_up = 0, percent_up = 0.0")).groups[0].rules.rules.tracking.up;
        assert_eq!((up.tolerance, up.percent, up.servers), (0.0, 0.0, 4));
        let told = problem(&tracking("tolerance_down = -0.1"));
        assert!(told.contains("tolerance_down") && told.contains("zero or more"), "{told}");
    }

    #[test]
    fn a_group_that_could_never_grow_is_refused_one_that_never_shrinks_is_not() {
        let told = problem(&tracking("percent_up = 0, servers_up = 0"));
        assert!(told.contains("percent_up") && told.contains("never grow"), "{told}");
        read(&tracking("percent_down = 0, servers_down = 0"));
    }

    #[test]
    fn rules_in_force_go_by_their_keys() {
        let rows = rules_in_force(&read(&tracking("period_up = \"30s\"")).groups[0].rules);
        let has = |key: &str, value: &str| rows.contains(&(key.to_owned(), value.to_owned()));
        assert!(has("scale_up_above", "1") && has("tracking.period_up", "30s"), "{rows:?}");
    }
}
