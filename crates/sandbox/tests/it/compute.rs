//! Compute v2.

use sandbox::{LoadBalancerPlan, Plan};
use serde_json::json;

use crate::client::Fixture;

#[tokio::test]
async fn flavors_are_paged_to_the_end() {
    let fixture = Fixture::small().await;
    let mut url = Some(format!("{}/flavors/detail?limit=7", fixture.sandbox.compute_url()));
    let mut ids = Vec::new();
    while let Some(next) = url {
        let page = fixture.ok(&next).await;
        ids.extend(
            page["flavors"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()),
        );
        url = page["flavors_links"][0]["href"].as_str().map(str::to_owned);
    }
    assert_eq!(ids.len(), 20);
    assert!(ids.contains(&"general1-2".to_owned()));
}

#[tokio::test]
async fn a_server_tells_its_flavor_and_an_unknown_one_is_not_found() {
    let balancer = LoadBalancerPlan { fixed_servers: 1, ..LoadBalancerPlan::default() };
    let plan = Plan { real: false, load_balancers: vec![balancer], groups: Vec::new(), ..Plan::default() };
    let fixture = Fixture::start(plan).await;
    let server = &fixture.sandbox.compute().servers()[0];
    let base = fixture.sandbox.compute_url();
    let told = fixture.ok(&format!("{base}/servers/{}", server.id)).await;
    assert_eq!(told["server"]["flavor"]["id"], "general1-2");
    assert_eq!(told["server"]["status"], "ACTIVE");
    assert!(told["server"]["addresses"]["private"][0]["addr"].as_str().unwrap().starts_with("10."));
    let (status, body) = fixture.answer(&format!("{base}/servers/none")).await;
    assert_eq!((status, &body["itemNotFound"]["code"]), (404, &json!(404)));
}
