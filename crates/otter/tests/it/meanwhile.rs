//! What comes in the midst of something else: a deletion, a change, a client that goes away.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use otter::launcher::{Launcher, Order};
use serde_json::{Map, json};
use tower::ServiceExt;

use crate::held::{Call, service};
use crate::operator::deleting;
use crate::support::{Service, TENANT, change};

#[tokio::test]
async fn a_group_that_is_deleted_while_its_servers_are_ordered_leaves_none_behind() {
    let (service, launcher) = service().await;
    let mut ordered = launcher.hold(Call::Create);
    let (group, _) = service.group(2, 5, json!([])).await;
    ordered.done().await;
    let home = format!("/groups/{group}");
    assert_eq!(service.ask("DELETE", &format!("{home}?force=true"), None).await.status, 204);
    assert_eq!(service.ask("GET", &home, None).await.error(), (404, "NoSuchScalingGroupError"));
    assert_eq!(deleting(&service).await[0]["id"], group.as_str(), "the operator sees it");
    ordered.release();
    service.app.settled().await;
    assert_eq!(service.launcher.all(), vec![]);
    assert_eq!(deleting(&service).await, json!([]));
}

#[tokio::test]
async fn a_reading_from_before_a_deletion_does_not_end_it() {
    let (service, launcher) = service().await;
    let (group, _) = service.group(0, 5, json!([])).await;
    service.app.settled().await;
    let mut read = launcher.hold(Call::List);
    service.ask("POST", &format!("/groups/{group}/converge"), None).await;
    read.done().await;
    // An order that was thought to have failed has come through late; the reading does not have it.
    let metadata = BTreeMap::from([("rax:autoscale:group:id".to_owned(), group.clone())]);
    let late = Order { name: "late".to_owned(), server: Map::new(), metadata };
    service.launcher.create(TENANT, &late).await.unwrap();
    assert_eq!(service.ask("DELETE", &format!("/groups/{group}"), None).await.status, 204);
    read.release();
    service.app.settled().await;
    assert_eq!((service.launcher.all(), deleting(&service).await), (vec![], json!([])));
}

#[tokio::test]
async fn a_reading_from_before_a_server_was_taken_out_takes_no_other() {
    let (service, launcher) = service().await;
    let (group, policies) = service.group(0, 5, json!([change(2)])).await;
    service.execute(&group, &policies[0]).await;
    service.booted().await;
    let mut ids: Vec<String> = service.launcher.all().into_iter().map(|server| server.id).collect();
    ids.sort();
    // Of servers of one age the last goes first: seen without the mark, it would go in place of this one.
    let [goes, stays] = <[String; 2]>::try_from(ids).unwrap();
    let mut read = launcher.hold(Call::List);
    service.ask("POST", &format!("/groups/{group}/converge"), None).await;
    read.done().await;
    let path = format!("/groups/{group}/servers/{goes}?replace=false");
    assert_eq!(service.ask("DELETE", &path, None).await.status, 202);
    read.release();
    service.app.settled().await;
    let left: Vec<String> = service.launcher.all().into_iter().map(|server| server.id).collect();
    assert_eq!((left, service.capacities(&group).await), (vec![stays], [1, 0, 1]));
}

#[tokio::test]
async fn a_group_that_is_paused_in_the_midst_of_a_round_has_no_other_until_it_is_resumed() {
    let (service, launcher) = service().await;
    let mut ordered = launcher.hold(Call::Create);
    // One round orders ten.
    let (group, _) = service.group(12, 20, json!([])).await;
    ordered.done().await;
    let home = format!("/groups/{group}");
    assert_eq!(service.ask("POST", &format!("{home}/pause"), None).await.status, 204);
    ordered.release();
    service.booted().await;
    assert_eq!(service.launcher.all().len(), 10);
    assert_eq!(service.ask("POST", &format!("{home}/resume"), None).await.status, 204);
    service.booted().await;
    assert_eq!(service.capacities(&group).await, [12, 0, 12]);
}

#[tokio::test]
async fn a_paused_group_is_converged_when_its_configuration_or_its_servers_are_changed() {
    let service = Service::start().await;
    let (group, _) = service.group(1, 5, json!([])).await;
    service.booted().await;
    let home = format!("/groups/{group}");
    service.ask("POST", &format!("{home}/pause"), None).await;
    let config = json!({"name": "web", "cooldown": 0, "minEntities": 2, "maxEntities": 5, "metadata": {}});
    assert_eq!(service.ask("PUT", &format!("{home}/config"), Some(config)).await.status, 204);
    service.booted().await;
    assert_eq!(service.capacities(&group).await, [2, 0, 2]);
    let server = service.launcher.all()[0].id.clone();
    assert_eq!(service.ask("DELETE", &format!("{home}/servers/{server}"), None).await.status, 202);
    service.booted().await;
    assert_eq!(service.capacities(&group).await, [2, 0, 2]);
    assert!(service.launcher.all().iter().all(|there| there.id != server), "another has taken its place");
    assert_eq!(service.state(&group).await["paused"], true);
}

#[tokio::test]
async fn a_service_that_stops_finishes_the_round_in_hand_and_begins_no_other() {
    let (service, launcher) = service().await;
    let mut ordered = launcher.hold(Call::Create);
    service.group(12, 20, json!([])).await;
    ordered.done().await;
    let app = service.app.clone();
    let stopping = tokio::spawn(async move { app.stop().await });
    // Refused from then on: the service has begun to stop.
    while service.ask("GET", "/groups", None).await.status != 503 {
        tokio::task::yield_now().await;
    }
    assert!(!stopping.is_finished());
    ordered.release();
    stopping.await.unwrap();
    assert_eq!(service.launcher.all().len(), 10);
}

/// Sends a request and hangs up when its effect at the launcher is there and the answer is not.
async fn hang_up_in(service: &Service, call: &mut crate::held::Holding, method: &str, path: &str) {
    let request = Request::builder().method(method).uri(format!("/v1.0/{TENANT}{path}"));
    let request = request.body(Body::empty()).unwrap();
    let asking = tokio::spawn(otter::router(service.app.clone()).oneshot(request));
    call.done().await;
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_nothing_half_done() {
    let (service, launcher) = service().await;
    let (group, _) = service.group(2, 5, json!([])).await;
    service.booted().await;
    let server = service.launcher.all()[0].id.clone();
    let mut marked = launcher.hold(Call::Tag);
    let path = format!("/groups/{group}/servers/{server}");
    hang_up_in(&service, &mut marked, "DELETE", &path).await;
    marked.release();
    let told = async {
        loop {
            let page = service.get(&format!("/groups/{group}/history")).await;
            if page["history"][0]["cause"]["kind"] == "server_deleted" {
                break page["history"][0].clone();
            }
            tokio::task::yield_now().await;
        }
    };
    let line =
        tokio::time::timeout(Duration::from_secs(60), told).await.expect("what was begun is written down");
    assert_eq!(line["cause"]["serverId"], server.as_str(), "{line}");
    service.booted().await;
    assert_eq!(service.capacities(&group).await, [2, 0, 2], "another has taken its place");
    assert!(service.launcher.all().iter().all(|there| there.id != server));
}
