//! The main path on Keystone v3 and Octavia.

use sandbox::{Ask, Fault, GroupPlan, Plan, Status};
use serde_json::json;

use crate::cloud::{BALANCER, BOOT, HIGH, RIGHT, Stage, small};
use crate::secrets::{self, LOGS};

#[tokio::test]
async fn up_and_hold_with_an_application_credential() {
    let stage = Stage::openstack(small()).await;
    stage.run(&[]).await.told("null", "inside_band", 0);
    stage.load(HIGH);
    let mark = stage.mark();
    let record = stage.run(&[]).await.told("executed", "above_band", 0);
    assert_eq!((&record["desired_from"], &record["desired_to"]), (&json!(2), &json!(3)));
    assert_eq!(record["load_balancers"][0]["name"], BALANCER, "the name is known though statistics lack it");
    let mut asked = stage.asked(mark);
    asked.sort_by_key(|ask| format!("{ask:?}"));
    assert_eq!(asked, [Ask::Execute, Ask::Manifest, Ask::Members, Ask::OctaviaStats, Ask::Pools]);
    stage.run(&[]).await.told("null", "pending_covers", 0);
    stage.cloud.advance(BOOT * 2).await;
    stage.run(&[]).await.told("null", "inside_band", 0);
    assert_eq!(stage.executions(), 1);
}

#[tokio::test]
async fn down_with_a_password() {
    let group = GroupPlan { min: 2, desired: Some(4), ..GroupPlan::default() };
    let mut stage = Stage::openstack(Plan { groups: vec![group], ..small() }).await;
    let account = stage.cloud.plan().account.clone();
    stage.variables(vec![
        ("OS_USERNAME", account.username),
        ("OS_PASSWORD", account.password),
        ("OS_USER_DOMAIN_NAME", "Default".to_owned()),
        ("OS_PROJECT_ID", account.tenant),
    ]);
    stage.load(RIGHT);
    let record = stage.run(&[]).await.told("executed", "below_band", 0);
    assert_eq!(record["desired_to"], 3);
    assert_eq!(stage.executions(), 1);
}

#[tokio::test]
async fn a_wrong_secret_is_refused_with_3() {
    let mut stage = Stage::openstack(small()).await;
    let id = stage.cloud.plan().account.application_credential_id.clone();
    let wrong = "wrong".to_owned();
    stage.variables(vec![("OS_APPLICATION_CREDENTIAL_ID", id), ("OS_APPLICATION_CREDENTIAL_SECRET", wrong)]);
    stage.run(&[]).await.told("null", "sign_in_refused", 3);
}

#[tokio::test]
async fn a_revoked_token_costs_one_sign_in() {
    let stage = Stage::openstack(small()).await;
    stage.run(&[]).await.told("null", "inside_band", 0);
    stage.cloud.revoke_tokens();
    let mark = stage.mark();
    stage.run(&[]).await.told("null", "inside_band", 0);
    assert_eq!(stage.asked(mark).iter().filter(|ask| **ask == Ask::SignIn).count(), 1);
}

#[tokio::test]
async fn a_balancer_that_is_changing_still_tells_its_statistics() {
    let stage = Stage::openstack(small()).await;
    stage.load(HIGH);
    stage.balancer().set_status(Status::PendingUpdate);
    stage.run(&[]).await.told("executed", "above_band", 0);
}

#[tokio::test]
async fn a_busy_octavia_is_a_hold() {
    let stage = Stage::openstack(small()).await;
    stage.load(HIGH);
    stage.cloud.faults().next(Ask::OctaviaStats, Fault::status(409));
    stage.run(&[]).await.told("null", "balancer_changing", 0);
    assert_eq!(stage.executions(), 0);
}

#[tokio::test]
async fn the_application_secret_is_kept() {
    let stage = Stage::openstack(small()).await;
    for logs in LOGS {
        let answer = stage.run(logs).await;
        assert_eq!(answer.status, 0, "{answer:?}");
        secrets::are_kept(&stage, &answer);
    }
}
