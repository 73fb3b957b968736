//! One cell, played: a pass with the fault, and two without it that must neither lose nor repeat anything.

use std::process::Command;

use sandbox::{Ask, Fault, Planned, RetryAfter, Times};
use serde_json::Value;

use super::kind::WAIT;
use super::table::{Cell, Lasting};
use crate::cloud::{HIGH, LONG_COOLDOWN, Stage, service_of, small};
use crate::heroku;
use crate::program::{Answer, answer_of};
use crate::secrets;

/// The deadline of a pass that would wait for ever, and long enough for all else that it does.
const DEADLINE: [&str; 2] = ["--deadline", "4s"];

/// Plays `cell` with these arguments for logs.
///
/// # Errors
/// What was not as the table says.
pub(super) async fn play(cell: Cell, logs: &[&str]) -> Result<(), String> {
    let stage = stage_of(cell).await;
    let faulted = faulted_pass(&stage, cell, logs).await;
    let known = Known { executed: executions(&stage, cell) };
    as_expected(cell, &known, &faulted).map_err(|why| format!("{cell:?}: {why}: {faulted:?}"))?;
    secrets::are_kept(&stage, &faulted);
    heal(&stage, cell).await;
    for follower in 1..=2 {
        let answer = stage.run(&[]).await;
        follows(cell, &known, follower, &answer)
            .map_err(|why| format!("{cell:?}: pass {follower} after it: {why}: {answer:?}"))?;
    }
    let unknown = cell.expected.outcome == "unknown";
    if unknown && !stage.journal().contains("\"found\"") {
        return Err(format!("{cell:?}: no later pass settled what was unknown"));
    }
    match executions(&stage, cell) {
        1 => Ok(()),
        0 if unknown => Ok(()),
        times => Err(format!("{cell:?}: executed {times} times in all")),
    }
}

/// How often a policy, or a change of a formation, really was executed.
fn executions(stage: &Stage, cell: Cell) -> u64 {
    if cell.is_herokus() { stage.cloud.heroku().changes() } else { stage.executions() }
}

/// What the cloud knows of the faulted pass.
struct Known {
    /// How often a policy really was executed.
    executed: u64,
}

async fn stage_of(cell: Cell) -> Stage {
    let plan = if cell.is_herokus() { heroku::app("standard-1x", 2) } else { small() };
    let mut stage = if cell.is_octavias() { Stage::openstack(plan).await } else { Stage::with(plan).await };
    if cell.is_herokus() {
        heroku::by_balancer(&mut stage, LONG_COOLDOWN);
    } else {
        let flavors = if cell.ask == Ask::Server { "flavors = \"servers\"" } else { "" };
        stage.rules(&format!("{LONG_COOLDOWN}\n{flavors}"));
    }
    if cell.warm() {
        stage.warm().await;
    }
    stage.load(HIGH);
    stage
}

async fn faulted_pass(stage: &Stage, cell: Cell, logs: &[&str]) -> Answer {
    let deadline = if cell.waits() { &DEADLINE[..] } else { &[] };
    let command = stage.command(&[logs, deadline].concat());
    let service = stage.cloud.service(service_of(cell.ask));
    match cell.kind.fault() {
        Some(fault) => {
            let times = if cell.lasting == Lasting::On { Times::Always } else { Times::Next(1) };
            stage.cloud.faults().plan(Planned { ask: cell.ask, fault, when: cell.when, times });
        }
        None if matches!(cell.ask, Ask::Execute | Ask::Quantity) => {
            return refused_execution(stage, cell, command).await;
        }
        None => service.down().await.expect("it stops listening"),
    }
    answer_of(command).await
}

/// Takes the scaling service down between what is read of it and the execution: the balancer is too busy for
/// statistics until that is done, and who asks for them a second time has long read the manifest.
async fn refused_execution(stage: &Stage, cell: Cell, command: Command) -> Answer {
    let asked = stage.cloud.requests().count(Ask::Stats);
    stage.cloud.faults().always(Ask::Stats, Fault::retry_after(503, RetryAfter::Seconds(WAIT)));
    let take_down = async {
        stage.cloud.requests().arrived(Ask::Stats, asked + 2).await;
        stage.cloud.service(service_of(cell.ask)).down().await.expect("it stops listening");
        stage.cloud.faults().clear();
    };
    tokio::join!(answer_of(command), take_down).0
}

async fn heal(stage: &Stage, cell: Cell) {
    stage.cloud.faults().clear();
    stage.cloud.service(service_of(cell.ask)).up().await.expect("it listens again");
}

fn as_expected(cell: Cell, known: &Known, answer: &Answer) -> Result<(), String> {
    let expected = cell.expected;
    let (outcome, reason, error) = told(answer)?;
    if (outcome.as_str(), reason.as_str(), answer.status)
        != (expected.outcome, expected.reason, expected.status)
    {
        return Err(format!("expected {expected:?}"));
    }
    if error != expected.error {
        return Err(format!("an error is told: {error}"));
    }
    // What is asked for again and again is asked for patiently, so a policy is executed as the record says.
    match (expected.outcome, known.executed) {
        ("executed", 1) | ("unknown", 0 | 1) | ("null" | "failed", 0) => Ok(()),
        (_, times) => Err(format!("executed {times} times")),
    }
}

/// What a pass after the faulted one must do: act if nothing was done, else leave it.
fn follows(cell: Cell, known: &Known, follower: u32, answer: &Answer) -> Result<(), String> {
    let (outcome, reason, _) = told(answer)?;
    let open = matches!(cell.expected.outcome, "null" | "failed");
    let expected = match (open, known.executed) {
        (true, _) if follower == 1 => ("executed", "above_band"),
        (false, 0) => ("null", "cooling_down"),
        _ => ("null", "pending_covers"),
    };
    match (outcome.as_str(), reason.as_str(), answer.status) == (expected.0, expected.1, 0) {
        true => Ok(()),
        false => Err(format!("expected {expected:?} and 0")),
    }
}

/// Outcome, reason, and whether there is an error.
fn told(answer: &Answer) -> Result<(String, String, bool), String> {
    let record: Value = serde_json::from_str(&answer.stdout).map_err(|_| "not one record".to_owned())?;
    let word = |key: &str| record[key].as_str().unwrap_or("null").to_owned();
    Ok((word("outcome"), word("reason"), !record["error"].is_null()))
}
