//! Servers: ordered, replaced, taken away, and what a group says when that does not work.

use std::collections::BTreeSet;
use std::time::Duration;

use otter::balancer::{Balancer, RackConnect};
use otter::launcher::{Failures, ServerStatus};
use otter::settings::Settings;
use serde_json::json;
use sqlx::{Connection, SqliteConnection};

use crate::support::{
    BOOT, Service, TENANT, balanced_group, change, database_in, failing, new_group, settings, sorted,
};

const INTERVAL: Duration = Duration::from_secs(10);

#[tokio::test]
async fn servers_are_ordered_with_the_metadata_that_makes_them_members() {
    let service = Service::start().await;
    let mut body = balanced_group(1, 5);
    body["launchConfiguration"]["args"]["server"]["metadata"] = json!({"mine": "yes"});
    let (group, _) = service.created(body).await;
    service.app.settled().await;
    assert_eq!(service.capacities(&group).await, [0, 1, 1]);
    let server = &service.launcher.all()[0];
    assert!(server.name.starts_with("web-as") && server.name.len() == "web-as".len() + 8, "{}", server.name);
    assert_eq!(
        sorted(&server.metadata),
        [
            ("mine", "yes"),
            ("rax:auto_scaling_group_id", group.as_str()),
            ("rax:autoscale:group:id", group.as_str()),
            ("rax:autoscale:lb:CloudLoadBalancer:7", "[{\"port\":80}]"),
        ]
    );
    service.booted().await;
    assert_eq!(service.capacities(&group).await, [1, 0, 1]);
    let nodes = service.balancer.pool(TENANT, "7").await.unwrap().nodes;
    assert_eq!((nodes[0].address.as_str(), nodes[0].port), (server.address.as_deref().unwrap(), 80));
}

#[tokio::test]
async fn surplus_is_taken_from_the_building_first_and_then_from_the_oldest() {
    let service = Service::start().await;
    let (group, policies) = service.group(2, 5, json!([change(1), change(-1)])).await;
    service.booted().await;
    let old: Vec<String> = service.launcher.all().into_iter().map(|server| server.id).collect();
    service.execute(&group, &policies[0]).await;
    service.app.settled().await;
    assert_eq!(service.launcher.all().len(), 3);
    service.execute(&group, &policies[1]).await;
    service.app.settled().await;
    let mut left: Vec<String> = service.launcher.all().into_iter().map(|server| server.id).collect();
    left.sort();
    assert_eq!(
        left,
        {
            let mut old = old.clone();
            old.sort();
            old
        },
        "the building one went"
    );
    service.execute(&group, &policies[0]).await;
    service.booted().await;
    service.execute(&group, &policies[1]).await;
    service.app.settled().await;
    let left = service.launcher.all();
    assert_eq!(left.iter().filter(|server| old.contains(&server.id)).count(), 1, "an old one went");
}

#[tokio::test]
async fn a_server_that_fails_is_replaced() {
    let service = Service::start().await;
    let (group, _) = service.group(2, 5, json!([])).await;
    service.booted().await;
    let failed = service.launcher.all()[0].id.clone();
    service.launcher.set_status(&failed, ServerStatus::Error);
    service.ask("POST", &format!("/groups/{group}/converge"), None).await;
    service.booted().await;
    assert_eq!(service.capacities(&group).await, [2, 0, 2]);
    assert!(service.launcher.all().iter().all(|server| server.id != failed));
}

#[tokio::test]
async fn self_heal_finds_what_nobody_told() {
    let service = Service::start().await;
    let (group, _) = service.group(1, 5, json!([])).await;
    service.booted().await;
    let failed = service.launcher.all()[0].id.clone();
    service.launcher.set_status(&failed, ServerStatus::Shutoff);
    service.pass(Duration::from_secs(300)).await;
    service.booted().await;
    assert_eq!(service.capacities(&group).await, [1, 0, 1]);
    assert_ne!(service.launcher.all()[0].id, failed);
}

#[tokio::test]
async fn self_heal_goes_on_past_a_group_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let database = database_in(folder.path());
    let service = Service::with(Settings { database: database.clone(), ..settings() }).await;
    let (broken, _) = service.group(1, 5, json!([])).await;
    service.booted().await;
    let of_broken = service.launcher.all()[0].id.clone();
    let (sound, _) = service.group(1, 5, json!([])).await;
    service.booted().await;
    assert_eq!(service.ask("POST", &format!("/groups/{broken}/pause"), None).await.status, 204);
    let mut other_hand = SqliteConnection::connect(&database).await.unwrap();
    let broke = sqlx::query("UPDATE groups SET metadata = '#' || metadata WHERE id = $1").bind(&broken);
    broke.execute(&mut other_hand).await.unwrap();

    let servers = service.launcher.all();
    let failed = servers.iter().find(|server| server.id != of_broken).unwrap();
    service.launcher.set_status(&failed.id, ServerStatus::Shutoff);
    service.pass(Duration::from_secs(300)).await;
    service.booted().await;
    assert_eq!(service.capacities(&sound).await, [1, 0, 1]);
    assert!(service.launcher.all().iter().all(|server| server.id != failed.id), "it was replaced");
}

#[tokio::test]
async fn a_refused_order_puts_the_group_in_error_and_is_tried_again_later() {
    let (service, group) = failing(Failures { refused: 1, ..Failures::default() }, 1).await;
    let state = service.state(&group).await;
    assert_eq!(state["status"], "ERROR");
    assert_eq!(state["errors"], json!([{"message": "the simulated cloud refuses to build servers"}]));
    service.pass(Duration::from_secs(60)).await;
    service.booted().await;
    assert_eq!(service.state(&group).await["status"], "ACTIVE");
    assert_eq!(service.capacities(&group).await, [1, 0, 1]);
}

#[tokio::test]
async fn a_fault_that_passes_is_no_error() {
    let (service, group) = failing(Failures { failing: 1, unreadable: 1, ..Failures::default() }, 1).await;
    assert_eq!(service.state(&group).await["status"], "ACTIVE");
    service.pass(INTERVAL).await;
    service.pass(INTERVAL).await;
    service.booted().await;
    assert_eq!(service.capacities(&group).await, [1, 0, 1]);
}

#[tokio::test]
async fn a_refused_execution_repairs_missing_servers_all_the_same() {
    let service = Service::start().await;
    let (group, policies) = service.group(1, 1, json!([change(1)])).await;
    service.booted().await;
    let failed = service.launcher.all()[0].id.clone();
    service.launcher.set_status(&failed, ServerStatus::Error);
    assert_eq!(service.execute(&group, &policies[0]).await.error(), (403, "CannotExecutePolicyError"));
    service.booted().await;
    assert_eq!(service.capacities(&group).await, [1, 0, 1]);
}

#[tokio::test]
async fn a_leaving_server_is_drained_for_its_time() {
    let service = Service::start().await;
    let mut body = balanced_group(1, 5);
    body["launchConfiguration"]["args"]["draining_timeout"] = json!(45);
    body["scalingPolicies"] = json!([change(1), change(-1)]);
    let (group, policies) = service.created(body).await;
    service.execute(&group, &policies[0]).await;
    service.booted().await;
    assert_eq!(service.capacities(&group).await, [2, 0, 2]);
    service.execute(&group, &policies[1]).await;
    service.app.settled().await;
    // While it drains, more servers are in service than are wanted: pending is negative.
    assert_eq!(service.capacities(&group).await, [2, -1, 1]);
    let nodes = service.balancer.pool(TENANT, "7").await.unwrap().nodes;
    assert_eq!(nodes.iter().filter(|node| node.condition == otter::balancer::Condition::Draining).count(), 1);
    service.pass(Duration::from_secs(44)).await;
    assert_eq!(service.launcher.all().len(), 2);
    service.pass(Duration::from_secs(1)).await;
    assert_eq!(service.launcher.all().len(), 1);
    assert_eq!(service.capacities(&group).await, [1, 0, 1]);
    assert_eq!(service.balancer.pool(TENANT, "7").await.unwrap().nodes.len(), 1);
}

#[tokio::test]
async fn a_rackconnect_pool_gets_the_servers_and_is_shown_as_it_was_given() {
    let service = Service::start().await;
    let mut body = new_group(1, 5);
    let pools =
        json!([{"loadBalancerId": "a-pool", "type": "RackConnectV3"}, {"loadBalancerId": 7, "port": 80}]);
    body["launchConfiguration"]["args"]["loadBalancers"] = pools.clone();
    body["scalingPolicies"] = json!([change(1), change(-1)]);
    let (group, policies) = service.created(body).await;
    let launch = service.get(&format!("/groups/{group}/launch")).await;
    assert_eq!(launch["launchConfiguration"]["args"]["loadBalancers"], pools);
    service.execute(&group, &policies[0]).await;
    service.booted().await;
    assert_eq!(service.capacities(&group).await, [2, 0, 2]);
    let servers = service.launcher.all();
    assert_eq!(servers[0].metadata["rax:autoscale:lb:RackConnectV3:a-pool"], "");
    let ids = || service.launcher.all().into_iter().map(|server| server.id).collect::<BTreeSet<_>>();
    assert_eq!(service.balancer.members(TENANT, "a-pool").await.unwrap(), ids());
    service.execute(&group, &policies[1]).await;
    service.booted().await;
    assert_eq!(ids().len(), 1);
    assert_eq!(service.balancer.members(TENANT, "a-pool").await.unwrap(), ids());
}

#[tokio::test]
async fn an_overdue_boot_counts_as_failed() {
    let mut settings = crate::support::settings();
    settings.converge.build_timeout = BOOT / 2;
    let service = Service::with(settings).await;
    let (_, _) = service.group(1, 5, json!([])).await;
    service.app.settled().await;
    let first = service.launcher.all()[0].id.clone();
    service.pass(Duration::from_secs(10)).await;
    assert_eq!(service.launcher.all()[0].id, first);
    service.pass(Duration::from_secs(10)).await;
    assert_ne!(service.launcher.all()[0].id, first);
}
