//! `loadscale check`: what would be used, whether it is there, and whether it can be meant.

use std::time::Duration;

use anyhow::Result;
use cloud::Session;
use jiff::Timestamp;
use serde::Serialize;
use tokio::time::Instant;

use crate::cli::CommonArgs;
use crate::controller::{Controller, Group, tick_now};
use crate::exit::Exit;
use crate::model::{Direction, Observation, Signal, Step};
use crate::output::{Printer, count};
use crate::settings::duration::show;
use crate::settings::lint::Severity;
use crate::setup::Setup;
use crate::survey::{self, Finding};

/// How long the cloud is waited for.
const DEADLINE: Duration = Duration::from_secs(60);
/// How long the groups' pasts are looked at, all together.
const LOOKING_BACK: Duration = Duration::from_secs(10);

/// Everything that `check` found, as `--json` tells it.
#[derive(Debug, Serialize)]
struct Report {
    values: Vec<Value>,
    findings: Vec<Finding>,
}

/// One value in use and where it came from.
#[derive(Debug, Serialize)]
struct Value {
    key: String,
    value: String,
    origin: String,
}

/// Checks everything that passes depend on, and prints it.
///
/// # Errors
/// Settings or credentials that cannot be used; a sign-in that is refused or cannot be made.
pub async fn run(common: &CommonArgs, interval: Option<Duration>, strict: bool) -> Result<Exit> {
    let setup = Setup::load(common)?;
    let session = setup.session()?;
    let mut values = written(&setup);
    values.push(signed_in(&session).await?);
    let controller = setup.controller(true)?;
    let seen = controller.survey(tick_now(DEADLINE)).await;
    let mut findings = Vec::new();
    for ((group, settings), seen) in controller.groups.iter().zip(&setup.groups).zip(&seen) {
        values.extend(found(&group.name, settings.scaler.service(), seen));
        values.extend(limits(group, seen));
        findings.extend(survey::findings(group, settings, seen, interval));
    }
    findings.extend(of_pasts(&setup, &controller, interval));
    let report = Report { values, findings };
    print(common, &report);
    Ok(exit(&report.findings, strict))
}

/// What the groups' rules would have done on their own pasts, as far as the time for it goes.
fn of_pasts(setup: &Setup, controller: &Controller, interval: Option<Duration>) -> Vec<Finding> {
    let (journal, until) = (setup.journal(), Instant::now() + LOOKING_BACK);
    let mut findings = Vec::new();
    for (n, (group, settings)) in controller.groups.iter().zip(&setup.groups).enumerate() {
        if Instant::now() > until {
            let left = controller.groups.len() - n;
            tracing::warn!("the pasts of the last {left} groups were not looked at; check them with --group");
            break;
        }
        let (key, now) = (setup.group_key(settings), Timestamp::now());
        let of_past = survey::past::findings(&journal, &key, &group.rules, interval, now);
        findings.extend(of_past.into_iter().map(|(severity, message)| Finding {
            severity,
            group: group.name.clone(),
            message,
        }));
    }
    findings
}

fn exit(findings: &[Finding], strict: bool) -> Exit {
    let bad = |finding: &Finding| strict || finding.severity == Severity::Error;
    if findings.iter().any(bad) { Exit::Failed } else { Exit::Done }
}

/// What was set, and where each value stands.
fn written(setup: &Setup) -> Vec<Value> {
    let mut values = vec![
        value("settings", setup.settings.path.display(), ""),
        value("state folder", setup.state_dir.display(), ""),
        value("credentials", setup.credentials.account(), &setup.credentials.source),
    ];
    let rows = setup.settings.origins();
    values.extend(rows.into_iter().map(|row| value(&row.key, row.value, row.origin)));
    values
}

async fn signed_in(session: &Session) -> Result<Value> {
    let account = session.sign_in_afresh(Instant::now() + DEADLINE).await?;
    let user = account.user.unwrap_or_else(|| "by token or not at all".to_owned());
    let project = account.project.map_or(String::new(), |project| format!(", project {project}"));
    Ok(value("signed in", format!("{user}{project}"), "identity service"))
}

/// What the cloud says of a group.
fn found(group: &str, service: &str, seen: &Observation) -> Vec<Value> {
    let key = |what: &str| format!("{group}: {what}");
    let mut values = Vec::new();
    for balancer in seen.reading.iter().flat_map(|reading| &reading.balancers) {
        let text = format!("id {}, {} connections", balancer.id, balancer.connections);
        values.push(value(
            &key(&format!("load balancer {:?}", balancer.name)),
            text,
            "load balancer service",
        ));
    }
    values.extend(beat(seen).map(|text| value(&key("heartbeat"), text, "its pages")));
    if let Ok(fleet) = &seen.fleet {
        let text = format!(
            "{} active, {} desired, limits {}..{}, cooldown {}, flavor {}",
            fleet.active,
            fleet.desired,
            fleet.limits.min,
            if fleet.limits.max == u32::MAX { "any number".to_owned() } else { fleet.limits.max.to_string() },
            show(fleet.cooldown),
            fleet.flavor.as_deref().unwrap_or("unknown")
        );
        values.push(value(&key("scaling group"), text, service));
        values.extend(
            fleet.moves.steps().iter().map(|step| value(&key(&policy_key(step)), policy(step), service)),
        );
    }
    if let Ok(capacity) = &seen.capacity {
        let text = format!("{} ({} serving)", capacity.total(), count(Some(capacity.servers)));
        values.push(value(&key("capacity now"), text, "[capacity] and nodes"));
    }
    values
}

/// The next 24 hours of limits that go by the clock.
fn limits(group: &Group, seen: &Observation) -> Vec<Value> {
    let of_group = seen.fleet.as_ref().ok().map(|fleet| fleet.limits);
    let rows = survey::next_day(&group.rules, seen.at, of_group).into_iter();
    rows.map(|(key, text)| value(&format!("{}: {key}", group.name), text, "min and max by the clock"))
        .collect()
}

/// The worst heartbeat now.
fn beat(seen: &Observation) -> Option<String> {
    let reading = seen.reading.as_ref().ok()?;
    let (beat, Signal::Level { level, value }) = (reading.beat.as_ref()?, reading.signal) else {
        return None;
    };
    let part =
        |name: &str, took: Option<f64>| took.map_or(String::new(), |took| format!(", {name} {took} ms"));
    let (dns, connect) = (part("name", beat.dns), part("connection", beat.connect));
    Some(format!("{}: {} in {value} ms{dns}{connect}", beat.url, level.name()))
}

fn policy_key(step: &Step) -> String {
    let list = if step.direction == Direction::Up { "scale_up" } else { "scale_down" };
    format!("{list} {:?}", step.name)
}

fn policy(step: &Step) -> String {
    format!("id {}, {}, cooldown {}", step.id, survey::effect(step.effect), show(step.cooldown))
}

fn value(key: &str, value: impl ToString, origin: impl ToString) -> Value {
    Value { key: key.to_owned(), value: value.to_string(), origin: origin.to_string() }
}

fn print(common: &CommonArgs, report: &Report) {
    let mut printer = Printer::new(common.json, []);
    if common.json {
        return printer.json_line(report);
    }
    let rows = report.values.iter().map(|v| [v.key.clone(), v.value.clone(), v.origin.clone()]);
    printer.table(&rows.collect::<Vec<_>>());
    if report.findings.is_empty() {
        return printer.line("\nNothing to mend.");
    }
    printer.line("");
    for finding in &report.findings {
        let word = if finding.severity == Severity::Error { "error" } else { "warning" };
        printer.line(&format!("{word}: {}: {}", finding.group, finding.message));
    }
}
