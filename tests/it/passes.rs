//! One pass and its record: up, down, hold, dry run, and what the cloud may answer.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use sandbox::{Ask, Failure, GroupPlan, LoadBalancerPlan, NodeStatus, Plan, Status};
use serde_json::{Value, json};

use crate::cloud::{BALANCER, BOOT, GROUP, HIGH, LONG_COOLDOWN, RIGHT, Stage, group_table, is_token, small};
use crate::program::{answer_of, loadscale};
use crate::running::Running;

/// The small cloud with four servers where two are enough.
fn roomy() -> Plan {
    let group = GroupPlan { min: 2, desired: Some(4), ..GroupPlan::default() };
    Plan { groups: vec![group], ..small() }
}

#[tokio::test]
async fn too_many_connections_move_the_group_up() {
    let stage = Stage::start().await;
    stage.load(HIGH);
    let record = stage.run(&[]).await.told("executed", "above_band", 0);
    assert_eq!(record["action"], "scale_up");
    assert_eq!(
        (&record["policy"], &record["desired_from"], &record["desired_to"]),
        (&json!("add_on"), &json!(2), &json!(3))
    );
    assert_eq!(
        (&record["connections"], &record["capacity"], &record["needed"]),
        (&json!(140), &json!(100.0), &json!(3))
    );
    assert_eq!(record["utilization"], 1.4);
    assert_eq!(stage.executions(), 1);
    let record = stage.run(&[]).await.told("null", "pending_covers", 0);
    assert_eq!(record["servers"]["pending"], 1);
    stage.cloud.advance(BOOT * 2).await;
    let record = stage.run(&[]).await.told("null", "inside_band", 0);
    assert_eq!(record["servers"]["serving"], 3);
    assert_eq!(stage.executions(), 1);
}

#[tokio::test]
async fn too_few_connections_move_the_group_down() {
    let stage = Stage::with(roomy()).await;
    stage.load(RIGHT);
    let record = stage.run(&[]).await.told("executed", "below_band", 0);
    assert_eq!(
        (&record["action"], &record["policy"], &record["desired_to"]),
        (&json!("scale_down"), &json!("remove_1"), &json!(3))
    );
    assert_eq!(stage.executions(), 1);
}

#[tokio::test]
async fn connections_of_all_balancers_add_up_and_a_server_on_two_counts_once() {
    let second = LoadBalancerPlan { name: "second".to_owned(), ..LoadBalancerPlan::default() };
    let both = vec![BALANCER.to_owned(), second.name.clone()];
    let group = GroupPlan { min: 2, load_balancers: both, ..GroupPlan::default() };
    let balancers = vec![LoadBalancerPlan::default(), second];
    let stage = Stage::with(Plan { load_balancers: balancers, groups: vec![group], ..small() }).await;
    stage.balancer().set_connections(Some((60, 10)));
    stage.cloud.load_balancer("second").expect("planned").set_connections(Some((20, 0)));
    let table = group_table(GROUP, BALANCER, "");
    stage.settings(&table.replace(&format!("[{BALANCER:?}]"), &format!("[{BALANCER:?}, \"second\"]")));
    let record = stage.run(&[]).await.told("null", "inside_band", 0);
    assert_eq!((&record["connections"], &record["servers"]["serving"]), (&json!(90), &json!(2)));
    assert_eq!(record["load_balancers"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn fixed_servers_carry_load_and_are_not_the_groups() {
    let balancer = LoadBalancerPlan { fixed_servers: 1, ..LoadBalancerPlan::default() };
    let stage = Stage::with(Plan { load_balancers: vec![balancer], ..small() }).await;
    stage.rules("fixed_servers = { \"general1-2\" = 1 }");
    stage.load(HIGH);
    let record = stage.run(&[]).await.told("null", "inside_band", 0);
    assert_eq!((&record["capacity"], &record["servers"]["serving"]), (&json!(150.0), &json!(2)));
}

#[tokio::test]
async fn a_record_has_these_members_and_no_others() {
    let stage = Stage::start().await;
    let record = stage.run(&[]).await.told("null", "inside_band", 0);
    let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<BTreeSet<_>>();
    let expected = "time group signal load_balancers connections reading_age_seconds servers capacity \
                    utilization needed action policy desired_from desired_to outcome reason explanation error";
    assert_eq!(keys(&record), expected.split_whitespace().map(str::to_owned).collect());
    assert_eq!(
        keys(&record["servers"]),
        ["serving", "active", "pending", "desired", "min", "max"].map(str::to_owned).into()
    );
    assert_eq!(
        record["signal"],
        json!({ "kind": "demand", "value": 90.0, "unit": "connections", "level": "right" })
    );
    assert_eq!(record["load_balancers"][0]["name"], BALANCER);
    assert_eq!(record["load_balancers"][0]["connections"], 90);
    assert_eq!(record["action"], "hold");
    for null in ["policy", "desired_from", "desired_to", "outcome", "error"] {
        assert!(record[null].is_null(), "{null}: {record}");
    }
}

#[tokio::test]
async fn the_text_form_is_one_line_a_group() {
    let stage = Stage::start().await;
    let mut command = loadscale(stage.home());
    command.arg("--state-dir").arg(stage.state());
    let answer = answer_of(command).await;
    assert_eq!((answer.status, answer.stdout.lines().count()), (0, 1), "{answer:?}");
    for words in [GROUP, "hold", "90 on 100", "0.90", "2/2/2", "inside the band"] {
        assert!(answer.stdout.contains(words), "{words} is not in {}", answer.stdout);
    }
}

#[tokio::test]
async fn a_dry_run_decides_and_writes_nothing_but_the_token() {
    let stage = Stage::start().await;
    stage.load(HIGH);
    let record = stage.run(&["--dry-run"]).await.told("dry_run", "above_band", 0);
    assert_eq!(record["desired_to"], 3);
    assert_eq!(stage.executions(), 0);
    let others: Vec<_> = stage.state_files().into_iter().filter(|(path, _)| !is_token(path)).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[tokio::test]
async fn a_repeated_dry_run_remembers_its_moves() {
    let stage = Stage::start().await;
    stage.rules(LONG_COOLDOWN);
    stage.load(HIGH);
    // The interval is each pass's deadline too.
    let mut running = Running::start(stage.command(&["--dry-run", "--interval", "2s"]));
    assert_eq!(running.record().await["outcome"], "dry_run");
    assert_eq!(running.record().await["reason"], "cooling_down");
    running.kill().await;
    assert_eq!((stage.executions(), stage.journal().as_str()), (0, ""));
}

#[tokio::test]
async fn a_cooldown_that_only_the_cloud_knows_is_a_refusal_and_no_failure() {
    let group = GroupPlan { min: 2, cooldown: 3600, ..GroupPlan::default() };
    let stage = Stage::with(Plan { groups: vec![group], boot_delay: Duration::ZERO, ..small() }).await;
    stage.load(HIGH);
    stage.run(&[]).await.told("executed", "above_band", 0);
    stage.cloud.settled().await;
    stage.load(HIGH + 50);
    // Another state folder: what another machine remembers, which is nothing.
    let elsewhere = stage.command_in(&stage.home().join("elsewhere"), &[]);
    let record = answer_of(elsewhere).await.told("refused", "above_band", 0);
    let error = record["error"].as_str().unwrap_or_default();
    assert!(error.contains("CannotExecutePolicyError"), "{error}");
    assert_eq!(stage.executions(), 1);
    stage.run(&[]).await.told("null", "cooling_down", 0);
}

#[tokio::test]
async fn a_paused_group_is_left_alone() {
    let stage = Stage::start().await;
    stage.warm().await;
    stage.pause().await;
    stage.load(HIGH);
    stage.run(&[]).await.told("null", "paused", 0);
    assert_eq!(stage.executions(), 0);
}

#[tokio::test]
async fn servers_of_a_group_in_error_are_not_waited_for() {
    let stage = Stage::start().await;
    stage.rules(LONG_COOLDOWN);
    stage.cloud.compute().fail_next([Failure::Refused]);
    stage.load(HIGH);
    stage.run(&[]).await.told("executed", "above_band", 0);
    stage.cloud.settled().await;
    let record = stage.run(&[]).await.told("null", "cooling_down", 0);
    assert!(record["error"].is_string(), "{record}");
    let explanation = record["explanation"].as_str().unwrap_or_default();
    assert!(explanation.contains("ERROR"), "{explanation}");
}

#[tokio::test]
async fn a_balancer_that_is_changing_is_a_hold() {
    let stage = Stage::start().await;
    stage.load(HIGH);
    stage.balancer().set_status(Status::PendingUpdate);
    stage.run(&[]).await.told("null", "balancer_changing", 0);
    stage.balancer().set_status(Status::Active);
    stage.run(&[]).await.told("executed", "above_band", 0);
}

#[tokio::test]
async fn limits_are_mended_without_a_reading() {
    let stage = Stage::with(roomy()).await;
    stage.rules("max = 3");
    stage.balancer().set_status(Status::PendingUpdate);
    let record = stage.run(&[]).await.told("executed", "outside_limits", 0);
    assert_eq!((&record["policy"], &record["desired_to"]), (&json!("remove_1"), &json!(3)));
    assert!(record["connections"].is_null());
}

#[tokio::test]
async fn limits_by_the_clock_are_mended_at_once_and_journalled_as_numbers() {
    let stage = Stage::with(roomy()).await;
    stage.rules("max = { zone = \"Asia/Kolkata\", \"0:00\" = 9, \"2000-01-01 to 2199-12-31\" = 3 }");
    let dry = stage.run(&["--dry-run"]).await.told("dry_run", "outside_limits", 0);
    assert_eq!((&dry["servers"]["max"], &dry["desired_to"]), (&json!(3), &json!(3)));
    stage.balancer().set_status(Status::PendingUpdate);
    let record = stage.run(&[]).await.told("executed", "outside_limits", 0);
    assert_eq!((&record["servers"]["max"], &record["desired_to"]), (&json!(3), &json!(3)));
    let journal = stage.journal();
    assert!(journal.contains("\"max\":3") && !journal.contains("Kolkata"), "{journal}");
}

#[tokio::test]
async fn servers_gone_offline_are_an_outage_and_no_quiet_hour() {
    let stage = Stage::with(roomy()).await;
    stage.load(0);
    let nodes = stage.balancer().nodes();
    stage.balancer().set_node_status(nodes[0].id, NodeStatus::Offline);
    stage.run(&[]).await.told("null", "outage", 1);
    assert_eq!(stage.executions(), 0);
}

#[tokio::test]
async fn a_group_that_is_being_worked_is_left_with_75() {
    let stage = Stage::start().await;
    stage.cloud.latency().set(BOOT);
    let first = Running::start(stage.command(&[]));
    stage.cloud.requests().arrived(Ask::SignIn, 1).await;
    let record = stage.run(&[]).await.told("null", "locked", 75);
    assert!(record["connections"].is_null());
    assert_eq!(stage.run(&["--dry-run", "--deadline", "100ms"]).await.record()["reason"], "fleet_unreadable");
    first.kill().await;
}

#[tokio::test]
async fn without_a_journal_nothing_is_done() {
    let stage = Stage::start().await;
    stage.load(HIGH);
    fs::create_dir(stage.state()).expect("made");
    fs::write(stage.state().join("groups"), "in the way").expect("written");
    let record = stage.run(&[]).await.told("null", "journal_unusable", 1);
    assert!(record["error"].as_str().is_some_and(|error| error.contains("groups")), "{record}");
    assert_eq!(stage.executions(), 0);
}

#[tokio::test]
async fn only_the_groups_asked_for_are_worked() {
    let second = GroupPlan { name: "Group02".to_owned(), ..GroupPlan::default() };
    let plan = small();
    let stage = Stage::with(Plan { groups: vec![plan.groups[0].clone(), second], ..plan }).await;
    stage.settings(&[GROUP, "Group02"].map(|group| group_table(group, BALANCER, "")).concat());
    let both = stage.run(&[]).await;
    let names: Vec<Value> = both.records().into_iter().map(|record| record["group"].clone()).collect();
    assert_eq!(names, [json!(GROUP), json!("Group02")], "in the order of the settings");
    assert_eq!(stage.run(&["-g", "Group02"]).await.record()["group"], "Group02");
    let unknown = stage.run(&["--group", "Group03"]).await;
    assert_eq!((unknown.status, unknown.stdout.as_str()), (2, ""));
    assert!(unknown.stderr.contains("Group03") && unknown.stderr.contains("Group02"), "{}", unknown.stderr);
}

#[tokio::test]
async fn the_worst_group_gives_the_status() {
    let stage = Stage::start().await;
    stage.settings(&[GROUP, "Nobody"].map(|group| group_table(group, BALANCER, "")).concat());
    stage.load(HIGH);
    let answer = stage.run(&[]).await;
    let reasons: Vec<Value> = answer.records().into_iter().map(|record| record["reason"].clone()).collect();
    assert_eq!((reasons, answer.status), (vec![json!("above_band"), json!("fleet_unreadable")], 1));
    assert_eq!(stage.executions(), 1, "a bad group is no reason to leave a good one");
}
