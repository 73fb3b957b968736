//! What the operator sees: health, metrics, and groups that are on their way out.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use otter::launcher::Failures;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{Service, change};

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
    service.pass(std::time::Duration::from_secs(60)).await;
    assert_eq!(service.launcher.all(), vec![]);
    let listed: Value = serde_json::from_str(&admin(&service, "/deleting", "*/*").await).unwrap();
    assert_eq!(listed["groups"], json!([]));
}
