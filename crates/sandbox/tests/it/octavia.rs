//! Octavia v2, for the same balancers.

use sandbox::{LoadBalancerPlan, NodeStatus, Plan};
use serde_json::json;

use crate::client::Fixture;

#[tokio::test]
async fn a_list_is_paged_by_an_exclusive_marker_and_may_end_in_an_empty_page() {
    let fixture = Fixture::start(Plan { groups: Vec::new(), ..Plan::crowd(0, 4) }).await;
    let mut url = Some(format!("{}/v2.0/lbaas/loadbalancers?limit=2", fixture.sandbox.octavia_url()));
    let mut sizes = Vec::new();
    let mut ids = Vec::new();
    while let Some(next) = url {
        let page = fixture.ok(&next).await;
        let listed = page["loadbalancers"].as_array().unwrap();
        sizes.push(listed.len());
        ids.extend(listed.iter().map(|it| it["id"].as_str().unwrap().to_owned()));
        url = page["loadbalancers_links"][0]["href"].as_str().map(str::to_owned);
    }
    assert_eq!(sizes, [2, 2, 0]);
    ids.dedup();
    assert_eq!(ids.len(), 4);
}

#[tokio::test]
async fn statistics_are_wrapped_and_members_tell_whether_they_serve() {
    let balancer = LoadBalancerPlan { fixed_servers: 2, ..LoadBalancerPlan::default() };
    let plan = Plan { real: false, load_balancers: vec![balancer], groups: Vec::new(), ..Plan::default() };
    let fixture = Fixture::start(plan).await;
    let balancer = fixture.sandbox.load_balancer("load_balancer").unwrap();
    balancer.set_connections(Some((40, 2)));
    let node = balancer.nodes()[0].id;
    assert!(balancer.set_node_status(node, NodeStatus::Offline));
    let base = format!("{}/v2/lbaas", fixture.sandbox.octavia_url());
    let id = balancer.uuid();
    assert_eq!(
        fixture.ok(&format!("{base}/loadbalancers/{id}/stats")).await["stats"]["active_connections"],
        42
    );
    let pools = fixture.ok(&format!("{base}/pools?loadbalancer_id={id}")).await;
    let pool = pools["pools"][0]["id"].as_str().unwrap().to_owned();
    let members = fixture.ok(&format!("{base}/pools/{pool}/members")).await;
    let mut told: Vec<&str> = members["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["operating_status"].as_str().unwrap())
        .collect();
    told.sort_unstable();
    assert_eq!(told, ["ERROR", "NO_MONITOR"]);
    let (status, body) = fixture.answer(&format!("{base}/loadbalancers/{}", uuid())).await;
    assert_eq!((status, &body["faultcode"]), (404, &json!("Client")));
}

fn uuid() -> &'static str {
    "00000000-0000-4000-8000-000000000000"
}
