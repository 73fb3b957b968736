//! What the operator sees: health, metrics, and groups that are on their way out.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use otter::launcher::{Failures, ServerStatus};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{Service, TENANT, change};

/// Suspends a tenant or takes that back; the status and the answer.
async fn set_tenant(service: &Service, tenant: &str, body: Value) -> (u16, Value) {
    let request = Request::put(format!("/tenants/{tenant}")).body(Body::from(body.to_string())).unwrap();
    let answer = otter::admin_router(service.app.clone()).oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&to_bytes(answer.into_body(), usize::MAX).await.unwrap()).unwrap())
}

async fn admin(service: &Service, path: &str, accept: &str) -> String {
    let request = Request::get(path).header("accept", accept).body(Body::empty()).unwrap();
    let answer = otter::admin_router(service.app.clone()).oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    String::from_utf8(to_bytes(answer.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn health_names_each_part_and_answers_with_its_own_id() {
    let service = Service::start().await;
    let answer = service.ask_at("GET", "/health", None).await;
    assert_eq!(answer.headers["x-response-id"], "health_check");
    assert_eq!(answer.body["healthy"], true);
    service.app.halt();
    service.app.stop().await;
    let answer = service.ask_at("GET", "/health", None).await;
    assert_eq!((answer.status.as_u16(), &answer.body["healthy"]), (200, &json!(false)));
    assert_eq!(answer.body["store"]["healthy"], false);
    assert_eq!(answer.body["worker"]["healthy"], false);
}

#[tokio::test]
async fn metrics_come_for_prometheus_and_in_the_original_form() {
    let service = Service::start().await;
    let (group, policies) = service.group(1, 2, json!([change(1)])).await;
    service.execute(&group, &policies[0]).await;
    service.execute(&group, &policies[0]).await;
    service.booted().await;
    let text = admin(&service, "/metrics", "text/plain").await;
    for line in [
        "otter_executions_total{result=\"executed\"} 1",
        "otter_executions_total{result=\"CannotExecutePolicyError\"} 1",
        "otter_groups 1",
        "otter_policies 1",
        "otter_groups_deleting 0",
    ] {
        assert!(text.lines().any(|there| there == line), "{line} is missing in\n{text}");
    }
    let old: Value = serde_json::from_str(&admin(&service, "/metrics", "application/json").await).unwrap();
    let ids: Vec<_> = old["metrics"].as_array().unwrap().iter().map(|metric| metric["id"].clone()).collect();
    assert_eq!(
        json!(ids),
        json!(["otter.metrics.groups", "otter.metrics.policies", "otter.metrics.webhooks"])
    );
    assert_eq!(old["metrics"][0]["value"], 1);
}

#[tokio::test]
async fn a_group_whose_deletion_fails_keeps_trying_in_the_operators_sight() {
    let service = Service::start().await;
    let (group, _) = service.group(1, 2, json!([])).await;
    service.booted().await;
    service.launcher.fail(Failures { undeletable: 1, ..Failures::default() });
    service.ask("DELETE", &format!("/groups/{group}?force=true"), None).await;
    service.app.settled().await;
    let listed: Value = serde_json::from_str(&admin(&service, "/deleting", "*/*").await).unwrap();
    assert_eq!(listed["groups"][0]["id"], group.as_str());
    assert_eq!(listed["groups"][0]["errors"], json!(["the simulated cloud refuses to delete servers"]));
    assert_eq!(service.launcher.all().len(), 1);
    service.pass(Duration::from_secs(60)).await;
    assert_eq!(service.launcher.all(), vec![]);
    let listed: Value = serde_json::from_str(&admin(&service, "/deleting", "*/*").await).unwrap();
    assert_eq!(listed["groups"], json!([]));
}

#[tokio::test]
async fn a_suspended_tenants_groups_keep_their_servers_and_refuse_to_change() {
    let service = Service::start().await;
    let (group, policies) = service.group(1, 5, json!([change(1)])).await;
    service.booted().await;
    let suspended = set_tenant(&service, TENANT, json!({"suspended": true})).await;
    assert_eq!(suspended, (200, json!({"tenant": TENANT, "suspended": true, "groups": 1})));
    let other = set_tenant(&service, "another", json!({"suspended": true})).await;
    assert_eq!(other.1["groups"], 0);

    // Suspension comes before pause, as in the original.
    let home = format!("/groups/{group}");
    assert_eq!(service.ask("POST", &format!("{home}/pause"), None).await.status, 204);
    let server = service.launcher.all()[0].id.clone();
    let config = json!({"name": "x", "cooldown": 0, "minEntities": 2, "maxEntities": 5, "metadata": {}});
    for (method, path, body) in [
        ("POST", format!("{home}/policies/{}/execute", policies[0]), None),
        ("POST", format!("{home}/converge"), None),
        ("PUT", format!("{home}/config"), Some(config)),
        ("DELETE", format!("{home}/servers/{server}"), None),
    ] {
        let answer = service.ask(method, &path, body).await;
        assert_eq!(answer.error(), (403, "TenantSuspendedError"), "{method} {path}");
    }
    assert_eq!(service.ask("POST", &format!("{home}/resume"), None).await.status, 204);
    service.booted().await;
    assert_eq!(service.capacities(&group).await, [1, 0, 1]);
    assert_eq!(service.state(&group).await["name"], "web", "a refused configuration is not written");

    // Self-heal leaves it alone until it is reinstated.
    service.launcher.set_status(&server, ServerStatus::Error);
    service.pass(Duration::from_secs(300)).await;
    assert_eq!(service.launcher.all()[0].id, server);
    assert_eq!(set_tenant(&service, TENANT, json!({"suspended": false})).await.0, 200);
    service.booted().await;
    assert_ne!(service.launcher.all()[0].id, server);
    assert_eq!(service.execute(&group, &policies[0]).await.status, 202);
    let page = service.get(&format!("{home}/history")).await;
    let told: Vec<_> =
        page["history"].as_array().unwrap().iter().map(|line| &line["cause"]["kind"]).collect();
    assert!(told.contains(&&json!("suspended")) && told.contains(&&json!("reinstated")), "{told:?}");
    assert_eq!(set_tenant(&service, TENANT, json!({"suspended": "yes"})).await.0, 400);
}
