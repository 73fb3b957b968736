//! What the operator sees and does: health, metrics, groups that are on their way out, schedules that are stopped
//! or cannot be read.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use otter::launcher::{Failures, ServerStatus};
use otter::settings::Settings;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use crate::machine::{Program, backend, eventually};
use crate::support::{Answer, Service, TENANT, change, database_in, failing, new_group, settings};

/// Suspends a tenant or takes that back; the status and the answer.
async fn set_tenant(service: &Service, tenant: &str, body: Value) -> (u16, Value) {
    let request = Request::put(format!("/tenants/{tenant}")).body(Body::from(body.to_string())).unwrap();
    let answer = service.send_to_operator(request).await;
    (answer.status.as_u16(), answer.body)
}

/// A POST to the operator's listener.
async fn post(service: &Service, path: &str) -> Answer {
    service.send_to_operator(Request::post(path).body(Body::empty()).unwrap()).await
}

/// The same for a page of somebody else's; the status.
async fn post_from_elsewhere(service: &Service, path: &str) -> u16 {
    let request = Request::post(path).header("origin", "http://elsewhere.test").body(Body::empty()).unwrap();
    service.send_to_operator(request).await.status.as_u16()
}

async fn admin(service: &Service, path: &str, accept: &str) -> Answer {
    let request = Request::get(path).header("accept", accept).body(Body::empty()).unwrap();
    let answer = service.send_to_operator(request).await;
    assert_eq!(answer.status, 200, "{path}");
    answer
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
    let text = admin(&service, "/metrics", "text/plain").await.text;
    for line in [
        "otter_executions_total{result=\"executed\"} 1",
        "otter_executions_total{result=\"CannotExecutePolicyError\"} 1",
        "otter_groups 1",
        "otter_policies 1",
        "otter_groups_deleting 0",
    ] {
        assert!(text.lines().any(|there| there == line), "{line} is missing in\n{text}");
    }
    let old = admin(&service, "/metrics", "application/json").await.body;
    let ids: Vec<_> = old["metrics"].as_array().unwrap().iter().map(|metric| metric["id"].clone()).collect();
    assert_eq!(
        json!(ids),
        json!(["otter.metrics.groups", "otter.metrics.policies", "otter.metrics.webhooks"])
    );
    assert_eq!(old["metrics"][0]["value"], 1);
}

/// The groups on their way out, as the operator sees them.
pub(crate) async fn deleting(service: &Service) -> Value {
    let listed = admin(service, "/deleting", "*/*").await.body;
    listed["groups"].clone()
}

/// Rounds of convergence that failed.
async fn failed_rounds(service: &Service) -> u32 {
    let text = admin(service, "/metrics", "text/plain").await.text;
    let line = text.lines().find_map(|line| line.strip_prefix("otter_rounds_total{verdict=\"failed\"} "));
    line.map_or(0, |count| count.parse().unwrap())
}

#[tokio::test]
async fn a_group_whose_deletion_fails_keeps_trying_in_the_operators_sight() {
    let service = Service::start().await;
    let (group, _) = service.group(1, 2, json!([])).await;
    service.booted().await;
    service.launcher.fail(Failures { undeletable: 3, ..Failures::default() });
    service.ask("DELETE", &format!("/groups/{group}?force=true"), None).await;
    service.app.settled().await;
    for (failures, pause) in [(1, 60), (2, 120), (3, 240)] {
        let listed = deleting(&service).await[0].clone();
        let next = service.app.now() + Duration::from_secs(pause);
        assert_eq!((&listed["id"], &listed["tenant"]), (&json!(group), &json!(TENANT)));
        assert_eq!(listed["errors"], json!(["the simulated cloud refuses to delete servers"]));
        assert_eq!((&listed["failures"], &listed["nextTry"]), (&json!(failures), &json!(next.to_string())));
        assert_eq!(service.ask("GET", &format!("/groups/{group}"), None).await.status, 404);
        assert_eq!(service.launcher.all().len(), 1);
        service.pass(Duration::from_secs(pause)).await;
    }
    assert_eq!(service.launcher.all(), vec![]);
    assert_eq!(deleting(&service).await, json!([]));
}

#[tokio::test]
async fn the_operator_has_a_deletion_tried_again_before_its_time() {
    let service = Service::start().await;
    let (group, _) = service.group(1, 2, json!([])).await;
    service.booted().await;
    let path = format!("/deleting/{TENANT}/{group}/converge");
    assert_eq!(post(&service, &path).await.status, 404, "it is not being deleted");
    service.launcher.fail(Failures { undeletable: 1, ..Failures::default() });
    service.ask("DELETE", &format!("/groups/{group}?force=true"), None).await;
    service.app.settled().await;
    assert_eq!(deleting(&service).await[0]["status"], "ERROR");
    assert_eq!(post_from_elsewhere(&service, &path).await, 403);
    assert_eq!(post(&service, &path).await.status, 204);
    service.app.settled().await;
    assert_eq!((service.launcher.all(), deleting(&service).await), (vec![], json!([])));
}

#[tokio::test]
async fn a_group_in_error_says_why_and_is_tried_again_after_growing_pauses() {
    let (service, group) = failing(Failures { refused: 4, ..Failures::default() }, 1).await;
    let why = "the simulated cloud refuses to build servers";
    for (tries, pause) in [(1, 60), (2, 120), (3, 240), (4, 480)] {
        let state = service.state(&group).await;
        assert_eq!((&state["status"], &state["errors"]), (&json!("ERROR"), &json!([{"message": why}])));
        service.pass(Duration::from_secs(pause - 1)).await;
        assert_eq!(failed_rounds(&service).await, tries, "not before {pause} seconds are over");
        service.pass(Duration::from_secs(1)).await;
    }
    service.booted().await;
    let state = service.state(&group).await;
    assert_eq!((&state["status"], state.get("errors")), (&json!("ACTIVE"), None));
    let page = service.get(&format!("/groups/{group}/history")).await;
    let lines = page["history"].as_array().unwrap().iter();
    let told: Vec<_> =
        lines.map(|line| (line["cause"]["kind"].as_str().unwrap(), &line["message"])).collect();
    let works = json!("convergence works again");
    // Once, although it was found out four times.
    assert_eq!(told, [("convergence", &works), ("convergence", &json!(why)), ("created", &Value::Null)]);
}

#[tokio::test]
async fn an_operator_who_cannot_wait_has_a_group_in_error_tried_at_once() {
    let (service, group) = failing(Failures { refused: 3, ..Failures::default() }, 1).await;
    service.pass(Duration::from_secs(60)).await;
    assert_eq!(failed_rounds(&service).await, 2);
    let converge = format!("/groups/{group}/converge");
    assert_eq!(service.ask("POST", &converge, None).await.status, 204);
    service.app.settled().await;
    assert_eq!(failed_rounds(&service).await, 3);
    // What was wrong is mended now, and the operator says so again.
    assert_eq!(service.ask("POST", &converge, None).await.status, 204);
    service.app.settled().await;
    assert_eq!(service.state(&group).await["status"], "ACTIVE");
    service.booted().await;
    assert_eq!(service.capacities(&group).await, [1, 0, 1]);
}

#[tokio::test]
async fn pauses_after_failures_begin_anew_when_the_operator_has_tried() {
    let (service, group) = failing(Failures { refused: 4, ..Failures::default() }, 1).await;
    service.pass(Duration::from_secs(60)).await;
    service.ask("POST", &format!("/groups/{group}/converge"), None).await;
    service.app.settled().await;
    service.pass(Duration::from_secs(60)).await;
    assert_eq!(failed_rounds(&service).await, 4, "a minute after the third, not four");
}

#[test]
fn the_converge_command_brings_a_group_back_whose_program_was_missing() {
    let folder = tempfile::tempdir().unwrap();
    let server = folder.path().join("server");
    let program = Program::patient(&server);
    let created = program.ask("POST", "t/groups", &new_group(1, 1).to_string()).1;
    let group = created["group"]["id"].as_str().unwrap();
    let state = || program.ask("GET", &format!("t/groups/{group}/state"), "").1["group"].clone();
    eventually("the group is in ERROR", || state()["status"] == "ERROR");
    let why = state()["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(why.contains("server cannot be started"), "{why}");
    std::os::unix::fs::symlink(backend(), &server).unwrap();
    assert_eq!(program.command(&["converge", group]).0, 0);
    eventually("a server is in service", || program.capacities(group) == [1, 1]);
    assert_eq!(state()["status"], "ACTIVE");
    let (status, text) = program.command(&["history", group]);
    assert!(status == 0 && text.contains(&why) && text.contains("convergence works again"), "{text}");
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

/// A policy that adds so many at a minute past the start of the clock.
fn at_one(change: i64) -> Value {
    json!({"name": "s", "cooldown": 0, "type": "schedule", "change": change,
           "args": {"at": "2030-01-01T00:01:00Z"}})
}

#[tokio::test]
async fn schedules_that_are_stopped_run_late_when_they_are_started_again() {
    let service = Service::start().await;
    let (group, policies) = service.group(0, 10, json!([at_one(1), change(5)])).await;
    let desired = async || service.state(&group).await["desiredCapacity"].clone();
    assert_eq!(post(&service, "/scheduler/stop").await.status, 200);
    service.pass(Duration::from_secs(120)).await;
    assert_eq!(desired().await, 0);
    let health = service.ask_at("GET", "/health", None).await.body;
    assert_eq!(health["scheduler"]["healthy"], false);
    assert_eq!(
        health["scheduler"]["details"],
        json!({"seconds_late": 60.0, "stopped": true, "set_aside": 0})
    );
    // All else goes on.
    assert_eq!(service.execute(&group, &policies[1]).await.status, 202);
    service.booted().await;
    assert_eq!(service.capacities(&group).await, [5, 0, 5]);

    assert_eq!(post(&service, "/scheduler/reset?path=/a").await.status, 200);
    service.app.settled().await;
    assert_eq!(desired().await, 6);
    let line = service.get(&format!("/groups/{group}/history")).await["history"][0].clone();
    assert_eq!(line["cause"]["due"], "2030-01-01T00:01:00Z");
    assert_eq!(service.ask_at("GET", "/health", None).await.body["healthy"], true);
    let refused = post(&service, "/scheduler/reset?path=/a").await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert_eq!(refused.headers["content-type"], "text/plain; charset=utf-8");
    assert_eq!(post(&service, "/scheduler/reset?path=/b").await.status, 200);
}

#[tokio::test]
async fn only_the_operator_stops_schedules() {
    let service = Service::start().await;
    for path in ["/scheduler/stop", "/scheduler/reset?path=/a"] {
        assert_eq!(
            service.ask_at("POST", path, None).await.error(),
            (404, "NotFoundError"),
            "on the API's listener"
        );
        assert_eq!(post_from_elsewhere(&service, path).await, 403, "from a page in a browser");
    }
    // None was named yet, and none is now.
    assert_eq!(post(&service, "/scheduler/reset").await.status, 400);
    assert_eq!(service.ask_at("GET", "/health", None).await.body["scheduler"]["healthy"], true);
}

#[tokio::test]
async fn a_schedule_that_cannot_be_read_holds_up_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let database = database_in(folder.path());
    let service = Service::with(Settings { database: database.clone(), ..settings() }).await;
    let (broken, policies) = service.group(0, 9, json!([at_one(1), at_one(1)])).await;
    let (sound, _) = service.group(0, 9, json!([at_one(2)])).await;
    let mut other_hand = SqliteConnection::connect(&database).await.unwrap();
    let broke =
        sqlx::query("UPDATE policies SET document = '#' || document WHERE group_id = $1").bind(&broken);
    broke.execute(&mut other_hand).await.unwrap();
    service.pass(Duration::from_secs(60)).await;
    service.booted().await;
    assert_eq!(service.capacities(&sound).await, [2, 0, 2], "schedules and convergence go on");

    let set_aside = async || {
        let listed = admin(&service, "/set-aside", "*/*").await.body;
        listed["policies"].as_array().unwrap().clone()
    };
    let line =
        |id: &String| json!({"tenant": TENANT, "group": broken, "id": id, "due": "2030-01-01T00:01:00Z"});
    let mut expected: Vec<_> = policies.iter().map(line).collect();
    expected.sort_by_key(|line| line["id"].to_string());
    assert_eq!(set_aside().await, expected);
    let health = service.ask_at("GET", "/health", None).await.body;
    assert_eq!((&health["healthy"], &health["scheduler"]["details"]["set_aside"]), (&json!(true), &json!(2)));

    // What cannot be read is a fault of one policy, and is not told to be one of the store.
    assert_eq!(service.execute(&broken, &policies[0]).await.error(), (500, "InternalError"));
    let path = format!("/groups/{broken}/policies/{}", policies[0]);
    assert_eq!(service.ask("DELETE", &path, None).await.status, 204);
    assert_eq!(set_aside().await, [line(&policies[1])]);
    let mended =
        sqlx::query("UPDATE policies SET document = substr(document, 2) WHERE group_id = $1").bind(&broken);
    mended.execute(&mut other_hand).await.unwrap();
    assert_eq!(post(&service, "/scheduler/reset?path=/again").await.status, 200);
    service.app.settled().await;
    assert_eq!(service.state(&broken).await["desiredCapacity"], 1);
    assert_eq!(set_aside().await, Vec::<Value>::new());
}
