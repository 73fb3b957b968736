//! What `check` asks of a group: everything a pass would read, all of it anew, and what does not fit.

use std::time::Duration;

use serde::Serialize;

use crate::controller::Group;
use crate::model::{Direction, Effect, Fleet, NoReading, Observation, Signal, Step};
use crate::settings::lint::{self, Known, Severity};
use crate::settings::{GroupSettings, ScalerSettings};

mod limits;
pub mod past;

pub use limits::next_day;

/// One thing to mend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The group's name in the settings.
    pub group: String,
    /// What is wrong and what would mend it.
    pub message: String,
}

/// All findings on one group: of its settings, of what was seen, and of how they fit together.
pub fn findings(
    group: &Group,
    settings: &GroupSettings,
    seen: &Observation,
    interval: Option<Duration>,
) -> Vec<Finding> {
    let fleet = seen.fleet.as_ref().ok();
    let known = Known {
        interval,
        cooldown: fleet.map(|fleet| fleet.cooldown),
        limits: fleet.map(|fleet| fleet.limits),
    };
    let of_settings =
        lint::lint_group(settings, &known).into_iter().map(|lint| (lint.severity, lint.kind.to_string()));
    let all = of_settings
        .chain(limits::gaps(&settings.rules))
        .chain(unread(seen))
        .chain(failed_beat(seen))
        .chain(fleet.and_then(|fleet| single(settings, fleet)))
        .chain(fleet.into_iter().flat_map(wrong_ways))
        .chain(unexplained(group, seen));
    all.map(|(severity, message)| Finding { severity, group: group.name.clone(), message }).collect()
}

/// What a pass would need and could not get.
fn unread(seen: &Observation) -> Vec<(Severity, String)> {
    let mut found = Vec::new();
    found.extend(seen.fleet.as_ref().err().map(|why| (Severity::Error, why.to_string())));
    found.extend(seen.reading.as_ref().err().map(|why| match why {
        NoReading::Changing(_) => (Severity::Warning, format!("the balancer is just being changed: {why}")),
        why => (Severity::Error, why.to_string()),
    }));
    let of_level = seen.reading.as_ref().is_ok_and(|reading| matches!(reading.signal, Signal::Level { .. }));
    if seen.fleet.is_ok() && !of_level {
        found.extend(seen.capacity.as_ref().err().map(|why| (Severity::Error, why.to_string())));
    }
    found
}

/// Policies that are listed for one direction and move the group the other way.
fn wrong_ways(fleet: &Fleet) -> Vec<(Severity, String)> {
    let steps = fleet.moves.steps();
    let message = |step: &Step| {
        let (listed, does) = match step.direction {
            Direction::Up => ("scale_up", "removes servers"),
            Direction::Down => ("scale_down", "adds servers"),
        };
        format!("policy {:?} is listed under {listed} but {does} ({})", step.name, effect(step.effect))
    };
    steps.iter().filter(|step| is_wrong_way(step)).map(|step| (Severity::Error, message(step))).collect()
}

fn is_wrong_way(step: &Step) -> bool {
    let sign = match step.effect {
        Effect::Change(n) => n as f64,
        Effect::Percent(p) => p,
        Effect::Desired(_) => return false,
    };
    match step.direction {
        Direction::Up => sign < 0.0,
        Direction::Down => sign > 0.0,
    }
}

/// Dynos of which there cannot be a second.
fn single(settings: &GroupSettings, fleet: &Fleet) -> Option<(Severity, String)> {
    let is_dynos = matches!(settings.scaler, ScalerSettings::Heroku { .. });
    let max = settings.rules.widest().max.filter(|max| is_dynos && *max > fleet.limits.max)?;
    let size = fleet.flavor.as_deref().unwrap_or_default();
    let message = format!(
        "max is {max}, but there cannot be more than {} dyno of size {size} of a process type; choose a \
         larger size (heroku ps:type), or set max = {}",
        fleet.limits.max, fleet.limits.max
    );
    Some((Severity::Error, message))
}

/// A page that is not right when somebody looks is most likely one that is not meant.
fn failed_beat(seen: &Observation) -> Option<(Severity, String)> {
    let beat = seen.reading.as_ref().ok()?.beat.as_ref()?;
    let error = beat.error.as_ref()?;
    let message =
        format!("the heartbeat of {} fails: {error}; it counts as high, and the group would grow", beat.url);
    Some((Severity::Error, message))
}

/// Servers on the balancers that neither the group nor `fixed_servers` accounts for.
fn unexplained(group: &Group, seen: &Observation) -> Option<(Severity, String)> {
    let nodes = seen.reading.as_ref().ok()?.nodes?.total;
    let active = seen.fleet.as_ref().ok()?.active;
    let fixed: u32 = group.fixed.values().sum();
    (nodes > active.saturating_add(fixed)).then(|| {
        let message = format!(
            "the balancers have {nodes} nodes, but the group has {active} active servers and fixed_servers names \
             {fixed}: the others carry load that their capacity is not counted for; name them in fixed_servers"
        );
        (Severity::Warning, message)
    })
}

/// What a policy does, as its author would write it.
pub fn effect(effect: Effect) -> String {
    match effect {
        Effect::Change(n) => format!("{n:+} servers"),
        Effect::Percent(p) => format!("{p:+} %"),
        Effect::Desired(n) => format!("exactly {n} servers"),
    }
}
