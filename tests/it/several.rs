//! Moves of several executions: each is written down before it is made, and the first that is not simply taken
//! is the last.

use sandbox::{Ask, Entry, Fault, Planned, Times, When};
use serde_json::Value;

use crate::cloud::{HIGH, Stage};
use crate::running::Running;

/// Connections for which five servers are right at the usual target.
const THREE_MORE: u64 = 170;

/// A group of two servers by steps of one that calls for four, without any cooldown.
async fn two_short() -> Stage {
    let stage = Stage::start().await;
    stage.warm().await;
    stage.rules("strategy = \"target-tracking\"");
    stage.load(HIGH);
    stage
}

/// How often each pass of the group's journal began an execution, beside how often its decision said.
fn begun(stage: &Stage) -> Vec<(u64, u64)> {
    let mut passes = Vec::new();
    for line in stage.journal().lines() {
        let entry: Value = serde_json::from_str(line).expect("an entry");
        if let Some(pass) = entry.get("pass") {
            let change = &pass["decision"]["verdict"]["scale"][0];
            let decided = if change.is_object() { change["times"].as_u64().unwrap_or(1) } else { 0 };
            passes.push((0, decided));
        } else if let (true, Some(last)) = (entry.get("started").is_some(), passes.last_mut()) {
            last.0 += 1;
        }
    }
    passes
}

/// Every execution was written down before it was made, and there were no more than were decided.
fn assert_accounted_for(stage: &Stage) {
    let begun = begun(stage);
    assert!(begun.iter().all(|(begun, decided)| begun <= decided), "{begun:?}");
    assert!(stage.executions() <= begun.iter().map(|(begun, _)| begun).sum(), "{begun:?}");
}

#[tokio::test]
async fn steps_of_one_make_a_larger_move_in_one_pass() {
    let stage = two_short().await;
    let record = stage.run(&[]).await.told("executed", "too_small", 0);
    assert_eq!((&record["desired_from"], &record["desired_to"]), (&2.into(), &4.into()), "{record}");
    assert!(record["explanation"].as_str().is_some_and(|it| it.ends_with("in 2 executions.")), "{record}");
    assert_eq!((stage.executions(), begun(&stage)), (2, vec![(0, 0), (2, 2)]));
    stage.run(&[]).await.told("null", "right_size", 0);
    assert_eq!(stage.executions(), 2);
}

#[tokio::test]
async fn a_lost_answer_ends_the_move_and_the_next_pass_goes_on_from_what_it_finds() {
    let stage = two_short().await;
    stage.cloud.faults().after_next(Ask::Execute, Fault::status(500));
    let record = stage.run(&[]).await.told("unknown", "too_small", 1);
    assert!(record["error"].as_str().is_some_and(|it| it.starts_with("0 of 2 executions")), "{record}");
    assert_eq!(stage.executions(), 1);
    let next = stage.run(&[]).await.told("executed", "too_small", 0);
    assert_eq!((&next["desired_from"], &next["desired_to"]), (&3.into(), &4.into()), "{next}");
    assert_accounted_for(&stage);
    assert_eq!(stage.executions(), 2);
}

#[tokio::test]
async fn a_failure_ends_the_move() {
    let stage = two_short().await;
    stage.cloud.faults().next(Ask::Execute, Fault::status(422));
    stage.run(&[]).await.told("failed", "too_small", 1);
    assert_eq!((stage.executions(), begun(&stage)), (0, vec![(0, 0), (1, 2)]));
}

/// What the executions of the last pass came to, by its journal.
fn settled(stage: &Stage) -> Vec<String> {
    let mut outcomes = Vec::new();
    for line in stage.journal().lines() {
        let entry: Value = serde_json::from_str(line).expect("an entry");
        if entry.get("pass").is_some() {
            outcomes.clear();
        }
        outcomes.extend(entry["settled"]["outcome"].as_str().map(str::to_owned));
    }
    outcomes
}

/// The second of three executions goes wrong in every way that there is: not done and said so, not done or done and
/// nobody knows. The first stands, the third is not tried, and the next pass goes on from what it finds.
#[tokio::test]
async fn whatever_befalls_the_second_of_several_nothing_is_made_or_counted_twice() {
    let (before, after) = (When::Before, When::After);
    for (fault, when, outcome, made) in [
        (Fault::status(403), before, "failed", 1),
        (Fault::status(422), before, "failed", 1),
        (Fault::status(503), before, "unknown", 1),
        (Fault::status(503), after, "unknown", 2),
        (Fault::Drop, before, "unknown", 1),
        (Fault::Drop, after, "unknown", 2),
    ] {
        let stage = Stage::start().await;
        stage.warm().await;
        stage.rules("strategy = \"target-tracking\"");
        stage.load(THREE_MORE);
        // The first answer loses its second half, which says nothing that its status has not said.
        stage.cloud.faults().after_next(Ask::Execute, Fault::TruncatedJson);
        stage.cloud.faults().plan(Planned {
            ask: Ask::Execute,
            fault: fault.clone(),
            when,
            times: Times::Next(1),
        });
        let record = stage.run(&[]).await.told(outcome, "too_small", 1);
        let error = record["error"].as_str().unwrap_or_default();
        assert!(error.starts_with("1 of 3 executions"), "{fault:?} {when:?}: {record}");
        assert_eq!(settled(&stage), ["executed", outcome], "{fault:?} {when:?}");
        assert_eq!((stage.executions(), begun(&stage).last()), (made, Some(&(2, 3))), "{fault:?} {when:?}");

        let next = stage.run(&[]).await.told("executed", "too_small", 0);
        let from = 2 + made;
        assert_eq!((&next["desired_from"], &next["desired_to"]), (&from.into(), &5.into()), "{next}");
        assert_eq!(stage.journal().contains("\"found\""), outcome == "unknown", "{fault:?} {when:?}");
        stage.run(&[]).await.told("null", "right_size", 0);
        assert_eq!(stage.executions(), 3, "{fault:?} {when:?}");
        assert_accounted_for(&stage);
    }
}

#[tokio::test]
async fn killed_between_executions_it_has_made_no_more_than_it_wrote() {
    // The reads are requests 0 to 2 of a warm pass, its executions 3 and 4.
    for (request, answered) in [(3, false), (3, true), (4, false), (4, true)] {
        let stage = two_short().await;
        let number = stage.mark() + request;
        let running = Running::start(stage.command(&[]));
        let there = |entry: &Entry| entry.number == number && (!answered || entry.status.is_some());
        stage.cloud.requests().seen(there).await;
        running.kill().await;
        for _ in 0..2 {
            let follower = stage.run(&[]).await;
            assert_eq!(follower.status, 0, "{follower:?}");
        }
        assert_accounted_for(&stage);
    }
}
