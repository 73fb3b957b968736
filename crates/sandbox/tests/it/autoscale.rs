//! Groups on the sandbox's own servers and balancers.

use std::time::Duration;

use sandbox::{Account, Ask, Failure, Fault, GroupPlan, LoadBalancer, Plan, PolicyPlan};
use serde_json::{Value, json};

use crate::client::{Fixture, answer};

const BOOT: Duration = Duration::from_secs(30);

impl Fixture {
    fn group_url(&self) -> String {
        format!("{}/groups/{}", self.sandbox.autoscale_url(), self.sandbox.groups()[0].id)
    }

    async fn state(&self) -> Value {
        self.ok(&format!("{}/state", self.group_url())).await["group"].clone()
    }

    async fn execute(&self, policy: &str) -> reqwest::Result<reqwest::Response> {
        let id = &self.sandbox.groups()[0].policies[policy];
        let url = format!("{}/policies/{id}/execute", self.group_url());
        self.http.post(url).header("X-Auth-Token", &self.token).send().await
    }

    fn balancer(&self) -> &LoadBalancer {
        self.sandbox.load_balancer("load_balancer").unwrap()
    }
}

fn with(group: GroupPlan) -> Plan {
    Plan { boot_delay: BOOT, groups: vec![group], ..Plan::default() }
}

#[tokio::test]
async fn a_group_starts_with_what_it_is_planned_to_desire_and_without_a_cooldown() {
    let group = GroupPlan { desired: Some(3), cooldown: 3600, ..GroupPlan::default() };
    let fixture = Fixture::start(with(group)).await;
    let manifest = fixture.ok(&fixture.group_url()).await;
    let state = &manifest["group"]["state"];
    let capacities = ["desiredCapacity", "activeCapacity", "pendingCapacity"].map(|key| state[key].as_i64());
    assert_eq!(capacities, [Some(3), Some(3), Some(0)]);
    assert_eq!(manifest["group"]["groupConfiguration"]["minEntities"], 1);
    assert_eq!(fixture.balancer().nodes().len(), 3);
    assert_eq!(fixture.execute("remove_1").await.unwrap().status(), 202);
}

#[tokio::test]
async fn a_server_boots_by_the_clock_and_then_carries_connections() {
    let fixture = Fixture::start(with(GroupPlan::default())).await;
    fixture.sandbox.clock().freeze();
    assert_eq!(fixture.execute("add_on").await.unwrap().status(), 202);
    fixture.sandbox.settled().await;
    let state = fixture.state().await;
    assert_eq!((&state["activeCapacity"], &state["pendingCapacity"]), (&json!(1), &json!(1)));
    fixture.sandbox.advance(BOOT - Duration::from_secs(1)).await;
    assert_eq!(fixture.state().await["activeCapacity"], 1);
    fixture.sandbox.advance(Duration::from_secs(1)).await;
    assert_eq!(fixture.state().await["activeCapacity"], 2);
    fixture.sandbox.traffic("load_balancer").unwrap().set(10).await;
    let spread: Vec<u64> = fixture.balancer().nodes().iter().map(|node| node.connections()).collect();
    assert_eq!(spread, [5, 5]);

    assert_eq!(fixture.execute("remove_1").await.unwrap().status(), 202);
    fixture.sandbox.settled().await;
    assert_eq!(fixture.balancer().nodes().len(), 1);
    assert_eq!(fixture.sandbox.compute().servers().len(), 1);
    fixture.balancer().carries(5).await;
}

#[tokio::test]
async fn a_server_that_is_killed_is_replaced() {
    let fixture = Fixture::start(with(GroupPlan::default())).await;
    fixture.sandbox.clock().freeze();
    let killed = fixture.sandbox.compute().servers()[0].id.clone();
    assert!(fixture.sandbox.compute().kill(&killed));
    fixture.sandbox.advance(Duration::from_secs(600)).await;
    fixture.sandbox.advance(BOOT).await;
    let servers = fixture.sandbox.compute().servers();
    assert_eq!(servers.len(), 1);
    assert_ne!(servers[0].id, killed);
    assert_eq!(fixture.state().await["activeCapacity"], 1);
}

#[tokio::test]
async fn an_order_that_fails_for_good_puts_the_group_in_error() {
    let fixture = Fixture::start(with(GroupPlan::default())).await;
    fixture.sandbox.clock().freeze();
    fixture.sandbox.compute().fail_next([Failure::Refused]);
    assert_eq!(fixture.execute("add_on").await.unwrap().status(), 202);
    fixture.sandbox.settled().await;
    let state = fixture.state().await;
    assert_eq!(state["status"], "ERROR");
    assert!(!state["errors"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn an_execution_is_counted_when_it_happened_whatever_was_answered() {
    let fixture = Fixture::start(with(GroupPlan::default())).await;
    let executions = fixture.sandbox.executions();
    fixture.sandbox.faults().next(Ask::Execute, Fault::Drop);
    assert!(fixture.execute("add_on").await.is_err());
    fixture.sandbox.faults().next(Ask::Execute, Fault::status(503));
    assert_eq!(fixture.execute("add_on").await.unwrap().status(), 503);
    assert_eq!(executions.total(), 0);
    fixture.sandbox.faults().after_next(Ask::Execute, Fault::Drop);
    assert!(fixture.execute("add_on").await.is_err());
    fixture.sandbox.faults().after_next(Ask::Execute, Fault::status(500));
    assert_eq!(fixture.execute("add_on").await.unwrap().status(), 500);
    assert_eq!(executions.total(), 2);
    assert_eq!(fixture.execute("remove_1").await.unwrap().status(), 202);
    let group = &fixture.sandbox.groups()[0];
    let count =
        |policy: &str| executions.all().get(&(group.id.clone(), group.policies[policy].clone())).copied();
    assert_eq!((count("add_on"), count("remove_1")), (Some(2), Some(1)));
}

#[tokio::test]
async fn an_observer_may_look_and_a_stranger_may_not() {
    for (role, look, act) in [("observer", 200, 403), ("billing", 403, 403)] {
        let account = Account { roles: vec![role.to_owned()], ..Account::default() };
        let fixture = Fixture::start(Plan { account, real: false, ..Plan::default() }).await;
        assert_eq!(fixture.answer(&fixture.group_url()).await.0, look, "{role}");
        let (status, body) = answer(fixture.execute("add_on").await.unwrap()).await;
        assert_eq!((status, &body["error"]["code"]), (act, &json!(403)), "{role}");
    }
}

#[tokio::test]
async fn a_plan_that_names_an_unknown_balancer_is_refused() {
    let group = GroupPlan { load_balancers: vec!["elsewhere".to_owned()], ..GroupPlan::default() };
    let refused = sandbox::Sandbox::start(with(group)).await.err().unwrap();
    assert_eq!(
        format!("{refused:#}"),
        "cannot found the group \"Group01\": no load balancer \"elsewhere\" is planned"
    );
    let policies: Vec<PolicyPlan> = Vec::new();
    assert!(
        sandbox::Sandbox::start(with(GroupPlan { min: 5, max: 2, policies, ..GroupPlan::default() }))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_crowd_of_groups_is_founded_and_listed_page_by_page() {
    let fixture = Fixture::start(Plan::crowd(230, 5)).await;
    let mut url = Some(format!("{}/groups", fixture.sandbox.autoscale_url()));
    let mut names = Vec::new();
    while let Some(next) = url {
        let page = fixture.ok(&next).await;
        names.extend(page["groups"].as_array().unwrap().iter().map(|it| it["state"]["name"].clone()));
        url = page["groups_links"][0]["href"].as_str().map(str::to_owned);
    }
    assert_eq!(names.len(), 230);
    let nodes = fixture.sandbox.load_balancer("lb-005").unwrap().nodes().len();
    assert_eq!(nodes, 46);
}
