//! Taking one server out of a group.

use std::time::Duration;

use async_trait::async_trait;
use otter::balancer::Balancer;
use otter::launcher::{Fault, Launcher, Server, Simulated, Tags};
use serde_json::json;
use tokio::sync::watch;

use crate::detour::{self, Detour};
use crate::support::{Service, TENANT, balanced_group, change};

#[tokio::test]
async fn a_server_is_replaced_removed_or_let_go() {
    let service = Service::start().await;
    let (group, _) = service
        .group(1, 5, json!([{"name": "2", "cooldown": 0, "type": "webhook", "desiredCapacity": 2}]))
        .await;
    let policies = service.get(&format!("/groups/{group}/policies")).await;
    service.execute(&group, policies["policies"][0]["id"].as_str().unwrap()).await;
    service.booted().await;
    let ids = || service.launcher.all().into_iter().map(|server| server.id).collect::<Vec<_>>();
    let path = |id: &str, query: &str| format!("/groups/{group}/servers/{id}{query}");

    let first = ids()[0].clone();
    for (query, error) in
        [("?replace=maybe", (400, "InvalidQueryArgument")), ("?purge=", (400, "InvalidQueryArgument"))]
    {
        assert_eq!(service.ask("DELETE", &path("nothing", query), None).await.error(), error);
    }
    assert_eq!(service.ask("DELETE", &path("nothing", ""), None).await.error(), (404, "ServerNotFoundError"));

    let answer = service.ask("DELETE", &path(&first, ""), None).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (202, ""));
    service.booted().await;
    assert_eq!(service.capacities(&group).await, [2, 0, 2], "another took its place");
    assert!(!ids().contains(&first));

    let second = ids()[0].clone();
    assert_eq!(service.ask("DELETE", &path(&second, "?replace=false"), None).await.status, 202);
    service.booted().await;
    assert_eq!(service.capacities(&group).await, [1, 0, 1]);

    let third = ids()[0].clone();
    let below = service.ask("DELETE", &path(&third, "?replace=false"), None).await;
    assert_eq!(below.error(), (403, "CannotDeleteServerBelowMinError"));
    assert_eq!(service.ask("DELETE", &path(&third, "?purge=false"), None).await.status, 202);
    service.booted().await;
    assert_eq!(service.capacities(&group).await, [1, 0, 1]);
    let servers = service.launcher.servers(TENANT).await.unwrap();
    let let_go = servers.iter().find(|server| server.id == third).expect("it runs on");
    assert!(let_go.metadata.keys().all(|key| !key.starts_with("rax:")));
}

#[tokio::test]
async fn a_server_that_is_asked_to_go_twice_takes_one_place_with_it() {
    let service = Service::start().await;
    let mut body = balanced_group(1, 5);
    body["launchConfiguration"]["args"]["draining_timeout"] = json!(600);
    body["scalingPolicies"] = json!([change(2)]);
    let (group, policies) = service.created(body).await;
    service.execute(&group, &policies[0]).await;
    service.booted().await;
    let path = format!("/groups/{group}/servers/{}?replace=false", service.launcher.all()[0].id);
    for _ in 0..3 {
        assert_eq!(service.ask("DELETE", &path, None).await.status, 202);
        service.app.settled().await;
    }
    assert_eq!(service.capacities(&group).await, [3, -1, 2]);
}

/// A server is marked only after somebody else has asked what there is, if anybody does.
struct Overtaken(watch::Sender<u64>);

#[async_trait]
impl Detour for Overtaken {
    async fn list(&self, there: &Simulated, tenant: &str) -> Result<Vec<Server>, Fault> {
        let servers = there.servers(tenant).await;
        self.0.send_modify(|lists| *lists += 1);
        servers
    }

    async fn mark(&self, there: &Simulated, tenant: &str, id: &str, tags: &Tags) -> Result<(), Fault> {
        let mut lists = self.0.subscribe();
        lists.mark_unchanged();
        // That nobody comes in between cannot be awaited; a wait that is too short lets a fault pass, no more.
        let _ = tokio::time::timeout(Duration::from_millis(300), lists.changed()).await;
        there.tag(tenant, id, tags).await
    }
}

#[tokio::test]
async fn callers_who_ask_for_the_same_server_at_the_same_time_take_one_place() {
    let (service, _) = detour::service(Overtaken(watch::channel(0).0)).await;
    let mut body = balanced_group(1, 5);
    body["launchConfiguration"]["args"]["draining_timeout"] = json!(600);
    body["scalingPolicies"] = json!([change(3)]);
    let (group, policies) = service.created(body).await;
    service.execute(&group, &policies[0]).await;
    service.booted().await;
    let path = format!("/groups/{group}/servers/{}?replace=false", service.launcher.all()[0].id);
    let answers = futures::future::join_all((0..3).map(|_| service.ask("DELETE", &path, None))).await;
    assert!(answers.iter().all(|answer| answer.status == 202), "{answers:#?}");
    assert_eq!(service.state(&group).await["desiredCapacity"], 3);
}

#[tokio::test]
async fn a_server_that_is_let_go_keeps_its_place_on_the_balancer() {
    let service = Service::start().await;
    let (group, _) = service.created(balanced_group(1, 5)).await;
    service.booted().await;
    let first = service.launcher.all()[0].clone();
    let path = format!("/groups/{group}/servers/{}?purge=false", first.id);
    assert_eq!(service.ask("DELETE", &path, None).await.status, 202);
    service.booted().await;
    assert_eq!(service.capacities(&group).await, [1, 0, 1], "another took its place in the group");
    let nodes = service.balancer.pool(TENANT, "7").await.unwrap().nodes;
    assert_eq!(nodes.len(), 2);
    assert!(nodes.iter().any(|node| Some(&node.address) == first.address.as_ref()));
}

#[tokio::test]
async fn reading_servers_was_declared_and_never_offered() {
    let service = Service::start().await;
    for path in ["/groups/g/servers", "/groups/g/servers/s/"] {
        assert_eq!(service.ask("GET", path, None).await.error(), (501, "NotImplementedError"));
    }
}
