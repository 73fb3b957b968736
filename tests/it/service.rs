//! `--interval`: passes until a signal or a reader that goes away.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;
use sandbox::{Ask, Fault, GroupPlan, Plan, RetryAfter};
use serde_json::Value;

use crate::cloud::{BALANCER, GROUP, HIGH, LONG_COOLDOWN, Stage, group_table, small};
use crate::running::Running;

/// Long enough that the second pass of a test never comes.
const ONCE: &str = "1h";

/// Brings a run into the middle of a pass that will act, and returns while the pass waits for statistics.
async fn in_mid_pass(stage: &Stage, args: &[&str]) -> Running {
    stage.warm().await;
    stage.load(HIGH);
    let before = stage.cloud.requests().count(Ask::Stats);
    stage.cloud.faults().next(Ask::Stats, Fault::retry_after(503, RetryAfter::Seconds(1)));
    let running = Running::start(stage.command(args));
    stage.cloud.requests().arrived(Ask::Stats, before + 1).await;
    running
}

#[tokio::test]
async fn a_signal_to_stop_finishes_the_pass_in_hand() {
    for signal in [Signal::TERM, Signal::INT] {
        let stage = Stage::start().await;
        let mut running = in_mid_pass(&stage, &["--interval", ONCE]).await;
        running.signal(signal);
        assert_eq!(running.record().await["outcome"], "executed");
        assert_eq!(running.end().await.code(), Some(0));
        assert_eq!(stage.executions(), 1);
        assert!(stage.journal().lines().last().is_some_and(|line| line.contains("settled")));
    }
}

#[tokio::test]
async fn a_single_pass_is_finished_too_and_leaves_with_its_own_status() {
    let stage = Stage::start().await;
    stage.cloud.faults().next(Ask::Execute, Fault::status(500));
    let mut running = in_mid_pass(&stage, &[]).await;
    running.signal(Signal::TERM);
    assert_eq!(running.record().await["outcome"], "unknown");
    assert_eq!(running.end().await.code(), Some(1));
}

#[tokio::test]
async fn passes_follow_each_other_and_act_once() {
    let stage = Stage::start().await;
    stage.rules(LONG_COOLDOWN);
    stage.load(HIGH);
    // The interval is each pass's deadline too.
    let mut running = Running::start(stage.command(&["--interval", "2s"]));
    assert_eq!(running.record().await["outcome"], "executed");
    assert_eq!(running.record().await["reason"], "pending_covers");
    running.signal(Signal::TERM);
    running.stop_reading();
    assert_eq!(running.end().await.code(), Some(0));
    assert_eq!(stage.executions(), 1);
}

#[tokio::test]
async fn a_service_at_rest_holds_no_group_and_minds_what_others_did() {
    let stage = Stage::with(Plan { boot_delay: Duration::ZERO, ..small() }).await;
    stage.rules(LONG_COOLDOWN);
    let mut running = Running::start(stage.command(&["--interval", "3s"]));
    assert_eq!(running.record().await["reason"], "inside_band");
    stage.load(HIGH);
    let other = stage.run(&[]).await.record();
    stage.cloud.settled().await;
    stage.load(2 * HIGH);
    // A busy machine may have let the service be first; then it is the other that holds.
    let acted = |record: &Value| record["outcome"] == "executed";
    let next = running.record_that(|record| record["reason"] == "cooling_down" || acted(record)).await;
    assert!(acted(&other) != acted(&next), "{other} {next}");
    running.kill().await;
    assert_eq!(stage.executions(), 1);
}

#[tokio::test]
async fn sighup_takes_new_settings_and_keeps_the_old_where_the_new_are_wrong() {
    let second = GroupPlan { name: "Group02".to_owned(), ..GroupPlan::default() };
    let plan = small();
    let stage = Stage::with(Plan { groups: vec![plan.groups[0].clone(), second], ..plan }).await;
    let mut running = Running::start(stage.command(&["--interval", "50ms"]));
    assert_eq!(running.record().await["group"], GROUP);

    stage.settings(&group_table("Group02", BALANCER, ""));
    running.signal(Signal::HUP);
    running.record_that(|record| record["group"] == "Group02").await;

    stage.settings(&group_table(GROUP, BALANCER, "scale_up_abov = 2.0"));
    running.signal(Signal::HUP);
    running.says("scale_up_abov").await;
    assert_eq!(running.record().await["group"], "Group02");
    assert_eq!(running.record().await["group"], "Group02");

    fs::remove_file(stage.home().join("credentials")).expect("removed");
    stage.settings(&group_table(GROUP, BALANCER, ""));
    running.signal(Signal::HUP);
    running.says("not reloaded").await;

    running.signal(Signal::TERM);
    running.stop_reading();
    assert_eq!(running.end().await.code(), Some(0));
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_it_in_peace() {
    let stage = Stage::start().await;
    let mut running = Running::start(stage.command(&["--interval", "50ms"]));
    running.record().await;
    running.stop_reading();
    assert_eq!(running.end().await.code(), Some(0));
}

#[tokio::test]
async fn a_closed_stdout_keeps_no_pass_from_acting() {
    let stage = Stage::start().await;
    let mut running = in_mid_pass(&stage, &[]).await;
    running.stop_reading();
    assert_eq!(running.end().await.code(), Some(0));
    assert_eq!(stage.executions(), 1);
}
