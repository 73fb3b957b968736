//! Webhooks, and the capabilities with which anybody can execute a policy.

use std::sync::Arc;

use otter::balancer::Memory;
use otter::launcher::Simulated;
use otter::settings::Settings;
use otter::{App, Parts};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use crate::support::{self, BOOT, MovedClock, Service, TENANT, change, database_in, settings};

/// The path of a capability.
fn capability(webhook: &Value) -> &str {
    support::capability(webhook).strip_prefix("http://otter.test").unwrap()
}

async fn hooked(service: &Service) -> (String, String, Value) {
    let (group, policies) = service.group(0, 500, json!([change(1)])).await;
    let home = format!("/groups/{group}/policies/{}/webhooks", policies[0]);
    let answer = service.ask("POST", &home, Some(json!([{"name": "hook"}]))).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    (group, home, answer.body["webhooks"][0].clone())
}

#[tokio::test]
async fn a_capability_executes_and_tells_nothing() {
    let service = Service::start().await;
    let (group, home, webhook) = hooked(&service).await;
    let path = capability(&webhook).to_owned();
    assert_eq!(path.len(), "/v1.0/execute/1/".len() + 64 + 1);
    let answer = service.ask_at("POST", &path, None).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (202, ""));
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(service.state(&group).await["desiredCapacity"], 1);
    // The version means nothing, and neither does the slash at the end.
    let other = path.replace("/1/", "/ignored/");
    assert_eq!(service.ask_at("POST", other.trim_end_matches('/'), None).await.status, 202);
    assert_eq!(service.state(&group).await["desiredCapacity"], 2);
    assert_eq!(service.ask_at("GET", &path, None).await.error(), (405, "MethodNotAllowedError"));
    let id = webhook["id"].as_str().unwrap();
    assert_eq!(service.ask("DELETE", &format!("{home}/{id}"), None).await.status, 204);
    for path in [path, "/v1.0/execute/1/0000".to_owned()] {
        assert_eq!(service.ask_at("POST", &path, None).await.status, 202, "{path}");
    }
    assert_eq!(service.state(&group).await["desiredCapacity"], 2);
}

#[tokio::test]
async fn webhooks_are_listed_changed_and_keep_their_capability() {
    let service = Service::start().await;
    let (group, home, webhook) = hooked(&service).await;
    let path = format!("{home}/{}", webhook["id"].as_str().unwrap());
    assert_eq!(service.get(&path).await["webhook"], webhook);
    assert_eq!(service.ask("PUT", &path, Some(json!({"name": "x"}))).await.error(), (400, "ValidationError"));
    let renamed = json!({"name": "x", "metadata": {"a": "b"}});
    assert_eq!(service.ask("PUT", &path, Some(renamed)).await.status, 204);
    let shown = service.get(&path).await["webhook"].clone();
    assert_eq!((&shown["name"], &shown["metadata"]), (&json!("x"), &json!({"a": "b"})));
    assert_eq!(capability(&shown), capability(&webhook));
    assert_eq!(service.get(&home).await, json!({"webhooks": [shown], "webhooks_links": []}));
    assert_eq!(
        service.get(&format!("/groups/{group}?webhooks=TRUE")).await["group"]["scalingPolicies"][0]["webhooks"],
        json!([shown])
    );
    for plain in ["", "?webhooks=false", "?webhooks=7"] {
        let group = service.get(&format!("/groups/{group}{plain}")).await;
        assert_eq!(group["group"]["scalingPolicies"][0].get("webhooks"), None, "{plain}");
    }
    let many = json!(vec![json!({"name": "h"}); 25]);
    assert_eq!(service.ask("POST", &home, Some(many)).await.error(), (422, "WebhooksOverLimitError"));
    let nowhere = service.ask("GET", &format!("{home}/nothing"), None).await;
    assert_eq!(nowhere.error(), (404, "NoSuchWebhookError"));
}

#[tokio::test]
async fn two_hundred_calls_at_once_are_all_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _) = on_disk(folder.path(), unlimited()).await;
    let (group, _, webhook) = hooked(&service).await;
    let path = capability(&webhook);
    let calls = (0..200).map(|_| service.ask_at("POST", path, None));
    for answer in futures::future::join_all(calls).await {
        assert_eq!(answer.status, 202);
    }
    assert_eq!(service.state(&group).await["desiredCapacity"], 200);
    // Each of them is in the history once, after the line of the creation.
    let lines = history(&service, &group).await;
    let counted: Vec<_> =
        lines.iter().filter(|line| line["cause"]["kind"] == "webhook").map(|line| &line["to"]).collect();
    assert_eq!(json!(counted), json!((1..=200).rev().collect::<Vec<u8>>()));
    assert_eq!(lines.len(), 201);
}

/// All lines of a group's history, the newest first.
async fn history(service: &Service, group: &str) -> Vec<Value> {
    let mut lines = Vec::new();
    let mut next = Some(format!("/v1.0/{TENANT}/groups/{group}/history?limit=100"));
    while let Some(path) = next {
        let page = service.ask_at("GET", &path, None).await.body;
        lines.extend(page["history"].as_array().unwrap().iter().cloned());
        let link = page["history_links"][0]["href"].as_str();
        next = link.map(|link| link.strip_prefix("http://otter.test").unwrap().to_owned());
    }
    lines
}

#[tokio::test]
async fn too_many_calls_of_one_capability_are_told_to_wait() {
    let mut settings = settings();
    settings.limits.executions_per_second = 1;
    let service = Service::with(settings).await;
    let (_, _, webhook) = hooked(&service).await;
    let path = capability(&webhook);
    // On a machine that is busy elsewhere a second may pass between two calls, but not between any two.
    let mut refused = None;
    for _ in 0..100 {
        let answer = service.ask_at("POST", path, None).await;
        if answer.status != 202 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("the second within a second is one too many");
    assert_eq!(refused.error(), (413, "OverLimitError"));
    assert_eq!(refused.headers["retry-after"], "1");
}

/// A service with its database in this folder, written ahead and synced as users have it.
async fn on_disk(folder: &std::path::Path, settings: Settings) -> (Service, String) {
    let database = database_in(folder);
    let settings = Settings { database: database.clone(), ..settings };
    (Service::with(settings).await, database)
}

#[tokio::test]
async fn a_call_that_cannot_be_written_down_is_not_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let (service, database) = on_disk(folder.path(), settings()).await;
    let (group, _, webhook) = hooked(&service).await;
    let mut other_hand = SqliteConnection::connect(&database).await.unwrap();
    sqlx::query("ALTER TABLE history RENAME TO away").execute(&mut other_hand).await.unwrap();
    for (path, status) in [(capability(&webhook), 503), ("/v1.0/execute/1/0000", 202)] {
        assert_eq!(service.ask_at("POST", path, None).await.status.as_u16(), status, "{path}");
    }
    let answer = service.ask("POST", &format!("/groups/{group}/pause"), None).await;
    assert_eq!(answer.error(), (503, "ServiceUnavailableError"));
    assert_eq!(answer.headers["retry-after"], "1");
    let state = service.state(&group).await;
    assert_eq!((&state["desiredCapacity"], &state["paused"]), (&json!(0), &json!(false)));
    sqlx::query("ALTER TABLE away RENAME TO history").execute(&mut other_hand).await.unwrap();
    assert_eq!(service.ask_at("POST", capability(&webhook), None).await.status, 202);
    assert_eq!(service.state(&group).await["desiredCapacity"], 1);
}

#[tokio::test]
async fn a_stolen_database_can_call_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _) = on_disk(folder.path(), settings()).await;
    let (_, _, webhook) = hooked(&service).await;
    let secret = capability(&webhook).trim_end_matches('/').rsplit('/').next().unwrap().as_bytes();
    let mut looked_into = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        looked_into += usize::from(bytes.windows(4).any(|part| part == b"hook"));
        assert!(!bytes.windows(secret.len()).any(|part| part == secret));
    }
    assert!(looked_into > 0, "the webhook is in the files that were looked into");
}

fn unlimited() -> Settings {
    let mut settings = settings();
    settings.limits.rates = false;
    settings
}

#[tokio::test]
async fn a_database_with_webhooks_gets_no_new_key_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let settings = || Settings { database: database_in(folder.path()), ..settings() };
    let service = Service::with(settings()).await;
    let (group, policies) = service.group(0, 5, json!([change(1)])).await;
    let home = format!("/groups/{group}/policies/{}/webhooks", policies[0]);
    assert_eq!(service.ask("POST", &home, Some(json!([{"name": "w"}]))).await.status, 201);
    service.app.stop().await;
    drop(service);
    let key = folder.path().join("otter.db.key");
    let kept = folder.path().join("kept.key");
    std::fs::rename(&key, &kept).unwrap();
    let clock = MovedClock::new();
    let parts = |settings| Parts {
        settings,
        clock: clock.clone(),
        launcher: Arc::new(Simulated::new(clock.clone(), BOOT)),
        balancer: Arc::new(Memory::default()),
    };
    let error = App::start(parts(settings())).await.err().expect("a key is missing").to_string();
    assert!(error.contains("otter.db.key is missing") && error.contains("key_file"), "{error}");
    assert!(!key.exists());
    let mended = App::start(parts(Settings { key_file: Some(kept), ..settings() })).await.unwrap();
    mended.stop().await;
}
