//! The way in for another process.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Fixture, answer};

impl Fixture {
    async fn control(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/{path}", self.sandbox.control_url());
        let request = self.http.request(method, url);
        let request = if body.is_null() { request } else { request.json(&body) };
        answer(request.send().await.unwrap()).await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.control(Method::POST, path, body).await
    }
}

#[tokio::test]
async fn traffic_clock_and_balancers_are_driven_by_json() {
    let fixture = Fixture::start(sandbox::Plan::default()).await;
    let traffic = json!({ "load_balancer": "load_balancer", "connections": 12 });
    let (status, held) = fixture.post("traffic", traffic).await;
    assert_eq!((status, held), (200, json!({ "open": 12, "refused": 0, "lost": 0 })));
    let told = fixture.control(Method::GET, "load_balancers/load_balancer", Value::Null).await.1;
    assert_eq!((&told["connections"], &told["status"]), (&json!(12), &json!("ACTIVE")));
    let change = json!({ "status": "PENDING_UPDATE", "connections": [400, 3] });
    let told = fixture.post("load_balancers/load_balancer", change).await.1;
    assert_eq!((&told["connections"], &told["status"]), (&json!(403), &json!("PENDING_UPDATE")));

    assert_eq!(fixture.post("clock", json!({ "advance": "25h", "frozen": true })).await.0, 200);
    let url = format!("{}/loadbalancers", fixture.sandbox.load_balancer_url());
    assert_eq!(fixture.answer(&url).await.0, 401, "the token has expired by the clock");
}

#[tokio::test]
async fn faults_and_services_are_set_and_requests_told() {
    let fixture = Fixture::small().await;
    let fault = json!({ "ask": "load_balancer_list", "fault": { "kind": "status", "status": 503 } });
    assert_eq!(fixture.post("faults", fault).await.0, 200);
    let url = format!("{}/loadbalancers", fixture.sandbox.load_balancer_url());
    assert_eq!(fixture.answer(&url).await.0, 503);
    assert_eq!(fixture.answer(&url).await.0, 200);
    let told = fixture.control(Method::GET, "requests?since=1", Value::Null).await.1;
    let asks: Vec<(&Value, &Value)> =
        told["requests"].as_array().unwrap().iter().map(|it| (&it["ask"], &it["status"])).collect();
    let list = json!("load_balancer_list");
    assert_eq!(asks, [(&list, &json!(503)), (&list, &json!(200))]);

    let down = json!({ "service": "load_balancer", "up": false });
    assert_eq!(fixture.post("services", down).await.0, 204);
    assert!(fixture.get(&url).send().await.is_err());
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_with_its_reason() {
    let fixture = Fixture::small().await;
    let fault = json!({ "ask": "stats", "fault": { "kind": "status", "status": 99 } });
    let (status, body) = fixture.post("faults", fault).await;
    assert_eq!(status, 422);
    assert!(body["error"].as_str().unwrap().contains("fault.status"));
    assert_eq!(fixture.post("latency", json!({ "delai": "1s" })).await.0, 422);
    assert_eq!(fixture.post("nothing", json!({})).await.0, 404);
}
