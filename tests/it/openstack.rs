//! The main path on Keystone v3 and Octavia.

use std::process::Command;

use sandbox::{Ask, Fault, GroupPlan, Plan, Status};
use serde_json::json;

use crate::cloud::{BALANCER, BOOT, GROUP, HIGH, RIGHT, Stage, group_table, small};
use crate::program::{Answer, answer_of};

/// The small cloud as an OpenStack one: where it is stands in the environment.
struct OpenStack {
    stage: Stage,
    secrets: Vec<(&'static str, String)>,
}

impl OpenStack {
    async fn start(plan: Plan) -> OpenStack {
        let stage = Stage::with(plan).await;
        let settings = format!(
            "[cloud]\nkind = \"openstack\"\nregion = {:?}\n[cloud.rates]\nload_balancer = \"unlimited\"\n\
             [capacity]\n\"general1-2\" = 50\n{}",
            stage.cloud.plan().region,
            group_table(GROUP, BALANCER, "")
        );
        std::fs::write(stage.home().join("settings.toml"), settings).expect("written");
        let account = &stage.cloud.plan().account;
        let secrets = vec![
            ("OS_APPLICATION_CREDENTIAL_ID", account.application_credential_id.clone()),
            ("OS_APPLICATION_CREDENTIAL_SECRET", account.application_credential_secret.clone()),
        ];
        OpenStack { stage, secrets }
    }

    fn with_password(mut self) -> OpenStack {
        let account = &self.stage.cloud.plan().account;
        self.secrets = vec![
            ("OS_USERNAME", account.username.clone()),
            ("OS_PASSWORD", account.password.clone()),
            ("OS_USER_DOMAIN_NAME", "Default".to_owned()),
            ("OS_PROJECT_ID", account.tenant.clone()),
        ];
        self
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.stage.command(args);
        command.env("OS_AUTH_URL", self.stage.cloud.keystone_url());
        command.envs(self.secrets.iter().map(|(name, value)| (name, value)));
        command
    }

    async fn run(&self) -> Answer {
        answer_of(self.command(&[])).await
    }
}

#[tokio::test]
async fn up_and_hold_with_an_application_credential() {
    let cloud = OpenStack::start(small()).await;
    cloud.run().await.told("null", "inside_band", 0);
    cloud.stage.load(HIGH);
    let mark = cloud.stage.mark();
    let record = cloud.run().await.told("executed", "above_band", 0);
    assert_eq!((&record["desired_from"], &record["desired_to"]), (&json!(2), &json!(3)));
    assert_eq!(record["load_balancers"][0]["name"], BALANCER, "the name is known though statistics lack it");
    let mut asked = cloud.stage.asked(mark);
    asked.sort_by_key(|ask| format!("{ask:?}"));
    assert_eq!(asked, [Ask::Execute, Ask::Manifest, Ask::Members, Ask::OctaviaStats, Ask::Pools]);
    cloud.run().await.told("null", "pending_covers", 0);
    cloud.stage.cloud.advance(BOOT * 2).await;
    cloud.run().await.told("null", "inside_band", 0);
    assert_eq!(cloud.stage.executions(), 1);
}

#[tokio::test]
async fn down_with_a_password() {
    let group = GroupPlan { min: 2, desired: Some(4), ..GroupPlan::default() };
    let cloud = OpenStack::start(Plan { groups: vec![group], ..small() }).await.with_password();
    cloud.stage.load(RIGHT);
    let record = cloud.run().await.told("executed", "below_band", 0);
    assert_eq!(record["desired_to"], 3);
    assert_eq!(cloud.stage.executions(), 1);
}

#[tokio::test]
async fn a_wrong_secret_is_refused_with_3() {
    let mut cloud = OpenStack::start(small()).await;
    cloud.secrets[1].1 = "wrong".to_owned();
    cloud.run().await.told("null", "sign_in_refused", 3);
}

#[tokio::test]
async fn a_revoked_token_costs_one_sign_in() {
    let cloud = OpenStack::start(small()).await;
    cloud.run().await.told("null", "inside_band", 0);
    cloud.stage.cloud.revoke_tokens();
    let mark = cloud.stage.mark();
    cloud.run().await.told("null", "inside_band", 0);
    assert_eq!(cloud.stage.asked(mark).iter().filter(|ask| **ask == Ask::SignIn).count(), 1);
}

#[tokio::test]
async fn a_balancer_that_is_changing_still_tells_its_statistics() {
    let cloud = OpenStack::start(small()).await;
    cloud.stage.load(HIGH);
    cloud.stage.balancer().set_status(Status::PendingUpdate);
    cloud.run().await.told("executed", "above_band", 0);
}

#[tokio::test]
async fn a_busy_octavia_is_a_hold() {
    let cloud = OpenStack::start(small()).await;
    cloud.stage.load(HIGH);
    cloud.stage.cloud.faults().next(Ask::OctaviaStats, Fault::status(409));
    cloud.run().await.told("null", "balancer_changing", 0);
    assert_eq!(cloud.stage.executions(), 0);
}
