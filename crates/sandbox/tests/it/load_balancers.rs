//! Cloud Load Balancers v1.0.

use std::time::Duration;

use sandbox::{LoadBalancerPlan, Plan, Status};
use serde_json::{Value, json};

use crate::client::Fixture;

fn ids(page: &Value) -> Vec<u64> {
    page["loadBalancers"].as_array().unwrap().iter().map(|it| it["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_list_is_paged_by_an_inclusive_marker() {
    let fixture = Fixture::start(Plan { groups: Vec::new(), ..Plan::crowd(0, 130) }).await;
    let url = format!("{}/loadbalancers", fixture.sandbox.load_balancer_url());
    let first = fixture.ok(&format!("{url}?limit=1000")).await;
    assert_eq!(ids(&first).len(), 100);
    let last = ids(&first)[99];
    let second = fixture.ok(&format!("{url}?marker={last}")).await;
    assert_eq!(ids(&second).len(), 31);
    assert_eq!(ids(&second)[0], last);
    let listed = &first["loadBalancers"][0];
    assert_eq!((&listed["nodeCount"], listed.get("nodes")), (&json!(0), None));
    assert!(listed["created"]["time"].is_string());
}

#[tokio::test]
async fn details_have_nodes_and_statistics_stand_bare() {
    let balancer = LoadBalancerPlan { fixed_servers: 2, ..LoadBalancerPlan::default() };
    let plan = Plan { real: false, load_balancers: vec![balancer], groups: Vec::new(), ..Plan::default() };
    let fixture = Fixture::start(plan).await;
    let balancer = fixture.sandbox.load_balancer("load_balancer").unwrap();
    balancer.set_connections(Some((40, 2)));
    let url = format!("{}/loadbalancers/{}", fixture.sandbox.load_balancer_url(), balancer.id());
    let details = fixture.ok(&url).await;
    let details = &details["loadBalancer"];
    assert_eq!(details.get("nodeCount"), None);
    let node = &details["nodes"][1];
    assert_eq!(
        (&node["condition"], &node["status"], &node["type"]),
        (&json!("ENABLED"), &json!("ONLINE"), &json!("PRIMARY"))
    );
    assert_ne!(node["address"], details["nodes"][0]["address"]);
    let stats = fixture.ok(&format!("{url}/stats")).await;
    assert_eq!(stats.as_object().unwrap().len(), 14);
    assert_eq!((&stats["currentConn"], &stats["currentConnSsl"]), (&json!(40), &json!(2)));
    assert_eq!(fixture.ok(&format!("{url}/nodes")).await["nodes"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_balancer_that_is_changing_tells_no_statistics() {
    let fixture = Fixture::small().await;
    let balancer = fixture.sandbox.load_balancer("load_balancer").unwrap();
    let base = fixture.sandbox.load_balancer_url();
    let stats = format!("{base}/loadbalancers/{}/stats", balancer.id());
    balancer.set_status(Status::PendingUpdate);
    let (status, body) = fixture.answer(&stats).await;
    assert_eq!((status, &body["code"]), (422, &json!(422)));
    assert!(body["message"].as_str().unwrap().contains("PENDING_UPDATE"));
    balancer.set_status(Status::Deleted);
    assert!(ids(&fixture.ok(&format!("{base}/loadbalancers")).await).is_empty());
    assert_eq!(ids(&fixture.ok(&format!("{base}/loadbalancers?status=DELETED")).await), [balancer.id()]);
    assert_eq!(fixture.answer(&format!("{base}/loadbalancers?status=ODD")).await.0, 400);
    let (status, body) = fixture.answer(&format!("{base}/loadbalancers/9/stats")).await;
    assert_eq!((status, body), (404, json!({ "message": "Load balancer not found", "code": 404 })));
}

#[tokio::test]
async fn cached_statistics_are_shared_and_age_by_the_clock() {
    let balancer = LoadBalancerPlan { stats_cache: Duration::from_secs(300), ..LoadBalancerPlan::default() };
    let plan = Plan { real: false, load_balancers: vec![balancer], ..Plan::default() };
    let fixture = Fixture::start(plan).await;
    fixture.sandbox.clock().freeze();
    let balancer = fixture.sandbox.load_balancer("load_balancer").unwrap();
    let base = fixture.sandbox.load_balancer_url();
    let stats = format!("{base}/loadbalancers/{}/stats", balancer.id());
    assert_eq!(fixture.ok(&stats).await["currentConn"], 0);
    balancer.set_connections(Some((7, 0)));
    fixture.sandbox.clock().advance(Duration::from_secs(299));
    assert_eq!(fixture.ok(&stats).await["currentConn"], 0);
    fixture.sandbox.clock().advance(Duration::from_secs(1));
    assert_eq!(fixture.ok(&stats).await["currentConn"], 7);
}
