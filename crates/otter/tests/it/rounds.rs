//! Rounds of convergence when something is in the way: how they are paced, and what is told of it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use otter::balancer::{Balancer, Condition, Memory, NewNode, Pool};
use otter::launcher::{Failures, Fault, Launcher, Server, ServerStatus, Simulated, Tags};
use serde_json::{Value, json};

use crate::detour::{self, Detour};
use crate::support::{BOOT, Service, TENANT, balanced_group, change, failing, settings};

const INTERVAL: Duration = Duration::from_secs(10);

/// What history tells of a group's convergence, the oldest first.
async fn told(service: &Service, group: &str) -> Vec<String> {
    let page = service.get(&format!("/groups/{group}/history")).await;
    let lines = page["history"].as_array().unwrap().iter().rev();
    let lines = lines.filter(|line| line["cause"]["kind"] == "convergence");
    lines.map(|line| line["message"].as_str().unwrap().to_owned()).collect()
}

async fn status(service: &Service, group: &str) -> Value {
    service.state(group).await["status"].take()
}

#[tokio::test]
async fn a_fault_that_may_pass_is_told_once_and_tried_again_after_the_interval() {
    let (service, group) = failing(Failures { failing: 4, ..Failures::default() }, 1).await;
    for _ in 0..3 {
        service.pass(INTERVAL).await;
        assert_eq!(service.launcher.all().len(), 0, "one attempt an interval");
    }
    assert_eq!(status(&service, &group).await, "ACTIVE");
    assert_eq!(
        told(&service, &group).await,
        ["in the way for now: the simulated cloud cannot build servers now"]
    );
    service.pass(INTERVAL).await;
    service.booted().await;
    assert_eq!(service.capacities(&group).await, [1, 0, 1]);
    assert_eq!(told(&service, &group).await[1..], ["convergence works again"]);
}

#[tokio::test]
async fn servers_that_fail_to_boot_are_replaced_once_and_then_with_growing_pauses() {
    let (service, group) = failing(Failures { broken: 6, ..Failures::default() }, 2).await;
    service.pass(BOOT).await;
    assert_eq!(service.launcher.all().len(), 2, "replaced at once");
    assert_eq!(status(&service, &group).await, "ACTIVE");
    for pause in [120, 240] {
        service.pass(BOOT).await;
        let state = service.state(&group).await;
        assert_eq!((&state["status"], state["errors"].as_array().unwrap().len()), (&json!("ERROR"), 2));
        let error = state["errors"][0]["message"].as_str().unwrap();
        assert!(error.ends_with(" failed: the simulated server does not boot"), "{error}");
        service.pass(Duration::from_secs(pause - 1)).await;
        assert_eq!(service.launcher.all().len(), 0, "nothing is ordered during the pause");
        service.pass(Duration::from_secs(1)).await;
        assert_eq!(service.launcher.all().len(), 2);
        assert_eq!(status(&service, &group).await, "ERROR", "nothing shows yet that it works");
    }
    service.booted().await;
    assert_eq!(
        (service.capacities(&group).await, status(&service, &group).await),
        ([2, 0, 2], json!("ACTIVE"))
    );
    let told = told(&service, &group).await;
    assert!(told[0].starts_with("in the way for now: Server web-as"), "{told:?}");
    assert_eq!((told.len(), told[3].as_str()), (4, "convergence works again"));
}

#[tokio::test]
async fn many_servers_that_served_and_die_at_once_are_replaced_without_an_error() {
    let service = Service::start().await;
    let (group, _) = service.created(balanced_group(15, 20)).await;
    for _ in 0..2 {
        service.booted().await;
    }
    assert_eq!(service.capacities(&group).await, [15, 0, 15]);
    for server in service.launcher.all() {
        service.launcher.set_status(&server.id, ServerStatus::Error);
    }
    service.ask("POST", &format!("/groups/{group}/converge"), None).await;
    for _ in 0..3 {
        service.booted().await;
        assert_eq!(status(&service, &group).await, "ACTIVE");
    }
    assert_eq!((service.capacities(&group).await, service.launcher.all().len()), ([15, 0, 15], 15));
    let told = told(&service, &group).await;
    assert_eq!(told.last().unwrap(), "convergence works again");
    assert!(
        told.iter().all(|line| !line.starts_with("Server")),
        "ERROR tells its reasons as they are: {told:?}"
    );
}

#[tokio::test]
async fn a_group_in_error_stays_in_error_until_it_is_as_it_should_be() {
    let (service, group) = failing(Failures { refused: 1, ..Failures::default() }, 1).await;
    assert_eq!(status(&service, &group).await, "ERROR");
    service.launcher.fail(Failures { unreadable: 1, ..Failures::default() });
    service.pass(Duration::from_secs(60)).await;
    assert_eq!(status(&service, &group).await, "ERROR", "the cloud could not be read");
    service.pass(INTERVAL).await;
    assert_eq!((service.launcher.all().len(), status(&service, &group).await), (1, json!("ERROR")));
    service.booted().await;
    assert_eq!(status(&service, &group).await, "ACTIVE");
    let refused = "the simulated cloud refuses to build servers";
    assert_eq!(told(&service, &group).await, [refused, "convergence works again"]);
}

/// All servers are at one address, as when one gets that of another which is gone.
struct OneAddress;

#[async_trait]
impl Detour for OneAddress {
    async fn list(&self, there: &Simulated, tenant: &str) -> Result<Vec<Server>, Fault> {
        let mut servers = there.servers(tenant).await?;
        servers.iter_mut().for_each(|server| server.address = Some("10.0.0.1".to_owned()));
        Ok(servers)
    }
}

/// Servers are gone when they are to be tagged.
struct Vanishing;

#[async_trait]
impl Detour for Vanishing {
    async fn mark(&self, there: &Simulated, tenant: &str, id: &str, tags: &Tags) -> Result<(), Fault> {
        there.delete(tenant, id).await?;
        there.tag(tenant, id, tags).await
    }
}

/// A balancer that takes no nodes, or lets none go.
struct Stubborn {
    inner: Arc<Memory>,
    takes: bool,
}

fn refused() -> Fault {
    Fault::Retryable("the balancer does not do as asked".to_owned())
}

#[async_trait]
impl Balancer for Stubborn {
    async fn pool(&self, tenant: &str, balancer: &str) -> Result<Pool, Fault> {
        self.inner.pool(tenant, balancer).await
    }

    async fn add(&self, tenant: &str, balancer: &str, nodes: &[NewNode]) -> Result<(), Fault> {
        if self.takes { self.inner.add(tenant, balancer, nodes).await } else { Err(refused()) }
    }

    async fn change(
        &self,
        tenant: &str,
        balancer: &str,
        node: &str,
        condition: Condition,
    ) -> Result<(), Fault> {
        self.inner.change(tenant, balancer, node, condition).await
    }

    async fn remove(&self, tenant: &str, balancer: &str, nodes: &[String]) -> Result<(), Fault> {
        if self.takes { Err(refused()) } else { self.inner.remove(tenant, balancer, nodes).await }
    }
}

/// Whether a server that fails is deleted where this balancer is.
async fn failed_server_goes(takes: bool) -> bool {
    let balancer = |inner| Arc::new(Stubborn { inner, takes }) as Arc<dyn Balancer>;
    let service = Service::between(settings(), |launcher| launcher, balancer).await;
    let (group, _) = service.created(balanced_group(2, 5)).await;
    service.booted().await;
    let failed = service.launcher.all()[0].id.clone();
    service.launcher.set_status(&failed, ServerStatus::Error);
    service.ask("POST", &format!("/groups/{group}/converge"), None).await;
    service.app.settled().await;
    service.launcher.all().iter().all(|server| server.id != failed)
}

#[tokio::test]
async fn only_the_servers_that_a_balancer_holds_are_kept_for_its_sake() {
    assert!(failed_server_goes(false).await, "that others cannot join is no reason");
    assert!(!failed_server_goes(true).await, "its own node is still there");
}

#[tokio::test]
async fn a_server_that_goes_by_itself_before_it_is_drained_is_no_failure() {
    let (service, _) = detour::service(Vanishing).await;
    let mut body = balanced_group(1, 5);
    body["launchConfiguration"]["args"]["draining_timeout"] = json!(45);
    body["scalingPolicies"] = json!([change(1), change(-1)]);
    let (group, policies) = service.created(body).await;
    service.execute(&group, &policies[0]).await;
    service.booted().await;
    service.execute(&group, &policies[1]).await;
    service.app.settled().await;
    assert_eq!((service.launcher.all().len(), status(&service, &group).await), (1, json!("ACTIVE")));
    service.pass(INTERVAL).await;
    assert_eq!(service.capacities(&group).await, [1, 0, 1]);
    assert_eq!(service.balancer.pool(TENANT, "7").await.unwrap().nodes.len(), 1);
}

#[tokio::test]
async fn the_node_of_a_server_that_vanished_stays_if_a_server_of_another_group_has_its_address() {
    let (service, _) = detour::service(OneAddress).await;
    let body = balanced_group(1, 5);
    let (first, _) = service.created(body.clone()).await;
    service.booted().await;
    let node = service.balancer.pool(TENANT, "7").await.unwrap().nodes[0].id.clone();
    let vanished = service.launcher.all()[0].id.clone();
    service.launcher.delete(TENANT, &vanished).await.unwrap();
    let (second, _) = service.created(body).await;
    service.booted().await;
    assert_eq!(service.capacities(&second).await, [1, 0, 1]);
    service.ask("POST", &format!("/groups/{first}/converge"), None).await;
    service.app.settled().await;
    let nodes = service.balancer.pool(TENANT, "7").await.unwrap().nodes;
    assert_eq!(nodes.iter().map(|node| &node.id).collect::<Vec<_>>(), [&node]);
}
