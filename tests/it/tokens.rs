//! When one signs in, and when not.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sandbox::{Ask, Fault, GroupPlan, LoadBalancerPlan, Plan};
use serde_json::Value;

use crate::cloud::{HIGH, Stage, group_table, small};

fn sign_ins(asked: &[Ask]) -> usize {
    asked.iter().filter(|asked| **asked == Ask::SignIn).count()
}

#[tokio::test]
async fn the_next_process_uses_the_token_that_this_one_kept() {
    let stage = Stage::start().await;
    stage.warm().await;
    let mode = fs::metadata(stage.token_file()).expect("kept").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mark = stage.mark();
    stage.run(&[]).await.told("null", "inside_band", 0);
    stage.run(&["--dry-run"]).await.told("null", "inside_band", 0);
    assert_eq!(sign_ins(&stage.asked(mark)), 0);
}

#[tokio::test]
async fn a_token_that_others_could_have_written_is_not_used() {
    let stage = Stage::start().await;
    stage.warm().await;
    fs::set_permissions(stage.token_file(), fs::Permissions::from_mode(0o644)).expect("set");
    let mark = stage.mark();
    stage.run(&[]).await.told("null", "inside_band", 0);
    assert_eq!(sign_ins(&stage.asked(mark)), 1);
    let mode = fs::metadata(stage.token_file()).expect("kept").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "and is replaced by one that they could not");
}

#[tokio::test]
async fn a_kept_token_about_to_expire_is_replaced_before_it_is_refused() {
    let stage = Stage::start().await;
    stage.warm().await;
    let file = stage.token_file();
    let mut kept: Value = serde_json::from_str(&fs::read_to_string(&file).expect("kept")).expect("JSON");
    kept["received"] = "2026-01-01T00:00:00Z".into();
    kept["expires"] = "2026-01-02T00:00:00Z".into();
    fs::write(&file, kept.to_string()).expect("written");
    let mark = stage.mark();
    stage.run(&[]).await.told("null", "inside_band", 0);
    let log = stage.cloud.requests().since(mark);
    assert_eq!(sign_ins(&stage.asked(mark)), 1);
    assert!(log.iter().all(|entry| entry.status != Some(401)), "{log:?}");
}

#[tokio::test]
async fn a_token_refused_in_mid_pass_costs_one_sign_in_however_many_need_it() {
    let groups: Vec<GroupPlan> = (1..=6)
        .map(|number| GroupPlan {
            name: format!("g{number}"),
            load_balancers: vec![format!("lb{number}")],
            ..GroupPlan::default()
        })
        .collect();
    let balancers =
        (1..=6).map(|n| LoadBalancerPlan { name: format!("lb{n}"), ..LoadBalancerPlan::default() });
    let plan = Plan { load_balancers: balancers.collect(), groups, ..small() };
    let stage = Stage::with(plan).await;
    let tables = (1..=6).map(|n| group_table(&format!("g{n}"), &format!("lb{n}"), ""));
    stage.settings(&tables.collect::<String>());
    assert_eq!(stage.run(&[]).await.status, 0);
    stage.cloud.revoke_tokens();
    let mark = stage.mark();
    let answer = stage.run(&[]).await;
    assert_eq!((answer.status, answer.records().len()), (0, 6), "{answer:?}");
    assert_eq!(sign_ins(&stage.asked(mark)), 1);
}

#[tokio::test]
async fn a_token_refused_for_an_execution_is_replaced_and_the_execution_sent_once_more() {
    let stage = Stage::start().await;
    stage.warm().await;
    stage.load(HIGH);
    stage.cloud.faults().next(Ask::Execute, Fault::status(401));
    let mark = stage.mark();
    stage.run(&[]).await.told("executed", "above_band", 0);
    let asked = stage.asked(mark);
    let posts = asked.iter().filter(|asked| **asked == Ask::Execute).count();
    assert_eq!((sign_ins(&asked), posts, stage.executions()), (1, 2, 1));
}

#[tokio::test]
async fn a_wrong_key_is_refused_with_3_and_tried_once() {
    let stage = Stage::start().await;
    stage.credentials("api_key = 0123456789abcdef");
    let record = stage.run(&[]).await.told("null", "sign_in_refused", 3);
    assert!(record["error"].is_string());
    assert_eq!(stage.cloud.requests().count(Ask::SignIn), 1);
    assert_eq!(stage.run(&["check"]).await.status, 3);
}

#[tokio::test]
async fn a_password_will_do() {
    let stage = Stage::start().await;
    stage.credentials(&format!("password = {}", stage.cloud.plan().account.password));
    stage.run(&[]).await.told("null", "inside_band", 0);
}
