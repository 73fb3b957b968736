//! Groups: create, list, show, change, delete, pause.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Service, balanced_group, change, keys, new_group};

#[tokio::test]
async fn a_new_group_is_shown_whole_with_defaults_and_links() {
    let service = Service::start().await;
    let mut body = new_group(2, 10);
    body["groupConfiguration"].as_object_mut().unwrap().remove("maxEntities");
    body["scalingPolicies"] = json!([change(2), change(-1)]);
    let answer = service.ask("POST", "/groups", Some(body)).await;
    assert_eq!(answer.status, 201);
    let group = &answer.body["group"];
    let id = group["id"].as_str().unwrap();
    let home = format!("http://otter.test/v1.0/123456/groups/{id}/");
    assert_eq!(answer.headers["location"], home.as_str());
    assert_eq!(group["links"], json!([{"href": home, "rel": "self"}]));
    assert_eq!(group["groupConfiguration"]["maxEntities"], 1000);
    assert_eq!(group["groupConfiguration"]["metadata"], json!({}));
    assert_eq!(group["scalingPolicies"][0]["change"], 2);
    assert_eq!(
        group["scalingPolicies_links"],
        json!([{"href": format!("{home}policies/"), "rel": "policies"}])
    );
    // The answer to a creation has all zeros; the next look has the truth.
    assert_eq!(group["state"]["desiredCapacity"], 0);
    assert_eq!(service.capacities(id).await, [0, 2, 2]);
    let mut shown = service.get(&format!("/groups/{id}")).await;
    let policies = shown["group"]["scalingPolicies"].as_array_mut().unwrap();
    assert!(policies[0]["id"].as_str() < policies[1]["id"].as_str());
    assert_eq!(keys(&shown["group"]["state"]).len(), 7, "errors are shown in ERROR only");
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_clients_of_the_original_demand() {
    let service = Service::start().await;
    let (group, _) = service.group(0, 1, json!([])).await;
    for (method, path, status) in [
        ("GET", "/groups".to_owned(), 200),
        ("GET", format!("/groups/{group}/"), 200),
        ("POST", format!("/groups/{group}/pause"), 204),
        ("DELETE", format!("/groups/{group}/"), 204),
        ("GET", format!("/groups/{group}"), 404),
        ("PATCH", "/groups".to_owned(), 405),
        ("GET", "/nothing".to_owned(), 404),
    ] {
        let answer = service.ask(method, &path, None).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {path}");
        assert_eq!(answer.headers["content-type"], "application/json", "{method} {path}");
        assert!(answer.headers.contains_key("server"));
        assert_eq!(answer.headers["x-response-id"].len(), 36);
        if status >= 400 {
            assert_eq!(keys(&answer.body["error"]), ["code", "details", "message", "type"]);
            assert_eq!(answer.body["error"]["code"], status);
        }
    }
}

#[tokio::test]
async fn a_list_is_paged_by_the_last_id_seen() {
    let service = Service::start().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(service.group(0, 1, json!([])).await.0);
    }
    ids.sort();
    let first = service.get("/groups?limit=2").await;
    let next = format!("http://otter.test/v1.0/123456/groups/?limit=2&marker={}", ids[1]);
    assert_eq!(first["groups_links"], json!([{"href": next, "rel": "next"}]));
    let second = service.get(&format!("/groups/?limit=2&marker={}", ids[1])).await;
    assert_eq!(second["groups"][0]["id"], ids[2].as_str());
    // A page that ends exactly at the end still has a next one.
    let third = service.get(&format!("/groups?limit=1&marker={}", ids[3])).await;
    assert_eq!(third["groups_links"].as_array().unwrap().len(), 1);
    let last = service.get(&format!("/groups?marker={}", ids[4])).await;
    assert_eq!((&last["groups"], &last["groups_links"]), (&json!([]), &json!([])));
    let bad = service.ask("GET", "/groups?limit=3.0", None).await;
    assert_eq!(bad.error(), (400, "InvalidQueryArgument"));
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_told_all_at_once() {
    let service = Service::start().await;
    let body = json!({
        "groupConfiguration": {"name": " ", "cooldown": 1.0, "minEntities": true, "extra": 1},
        "launchConfiguration": {"type": "launch_server", "args": {"server": {"flavorRef": 3}}},
        "scalingPolicies": [{"name": "x", "cooldown": 0, "type": "webhook", "change": 0}],
    });
    let answer = service.ask("POST", "/groups", Some(body)).await;
    assert_eq!(answer.error(), (400, "ValidationError"));
    let message = answer.body["error"]["message"].as_str().unwrap();
    for path in [
        "groupConfiguration.name",
        "groupConfiguration.cooldown",
        "groupConfiguration.minEntities",
        "groupConfiguration.extra",
        "launchConfiguration.args.server.flavorRef",
        "launchConfiguration.args.server.imageRef",
        "scalingPolicies[0]: change",
    ] {
        assert!(message.contains(path), "{path} is missing in {message}");
    }
}

#[tokio::test]
async fn bodies_are_refused_with_the_type_that_the_original_had() {
    let service = Service::start().await;
    let with = |pointer: &str, value: Value| {
        let mut body = new_group(1, 2);
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    for (body, kind) in [
        (with("/groupConfiguration/minEntities", json!(3)), "InvalidMinEntities"),
        (with("/groupConfiguration/maxEntities", Value::Null), "ValidationError"),
        (with("/groupConfiguration/maxEntities", json!(1001)), "ValidationError"),
        (with("/groupConfiguration/cooldown", json!(86_401)), "ValidationError"),
        (with("/launchConfiguration/type", json!("launch_stack")), "ValidationError"),
        (with("/launchConfiguration/args", json!({"server": {}, "x": 1})), "ValidationError"),
        (json!([]), "ValidationError"),
    ] {
        let answer = service.ask("POST", "/groups", Some(body.clone())).await;
        assert_eq!(answer.error(), (400, kind), "{body}");
    }
    let empty = service.ask("POST", "/groups", None).await;
    assert_eq!(empty.error(), (400, "InvalidJsonError"));
    assert_eq!(empty.body["error"]["message"], "");
    // The body is looked at before the group is.
    let nowhere = service.ask("PUT", "/groups/nowhere/config", Some(json!({}))).await;
    assert_eq!(nowhere.error(), (400, "ValidationError"));
}

#[tokio::test]
async fn a_cloud_load_balancer_needs_service_net_among_the_networks() {
    let service = Service::start().await;
    let mut body = balanced_group(0, 1);
    body["launchConfiguration"]["args"]["server"]["networks"] = json!([{"uuid": "another"}]);
    let answer = service.ask("POST", "/groups", Some(body.clone())).await;
    assert_eq!(answer.error(), (400, "ValidationError"));
    body["launchConfiguration"]["args"]["server"]["networks"] =
        json!([{"uuid": "11111111-1111-1111-1111-111111111111"}]);
    assert_eq!(service.ask("POST", "/groups", Some(body)).await.status, 201);
}

#[tokio::test]
async fn a_new_configuration_moves_desired_capacity_into_its_limits() {
    let service = Service::start().await;
    let (group, _) = service.group(1, 10, json!([])).await;
    let config = |min: u32, max: u32| json!({"name": "web", "cooldown": 0, "minEntities": min, "maxEntities": max, "metadata": {"a": "b"}});
    let path = format!("/groups/{group}/config");
    for (min, max, desired) in [(4, 10, 4), (1, 10, 4), (1, 3, 3)] {
        assert_eq!(service.ask("PUT", &path, Some(config(min, max))).await.status, 204);
        assert_eq!(service.state(&group).await["desiredCapacity"], desired, "{min} to {max}");
    }
    assert_eq!(service.get(&path).await["groupConfiguration"], config(1, 3));
    assert_eq!(service.ask("PUT", &path, Some(config(5, 3))).await.error(), (400, "InvalidMinEntities"));
    let partial = json!({"name": "web", "cooldown": 0, "minEntities": 1});
    assert_eq!(service.ask("PUT", &path, Some(partial)).await.error(), (400, "ValidationError"));
}

#[tokio::test]
async fn a_paused_group_refuses_executions_and_can_be_resumed() {
    let service = Service::start().await;
    let (group, policies) = service.group(0, 5, json!([change(1)])).await;
    for _ in 0..2 {
        assert_eq!(service.ask("POST", &format!("/groups/{group}/pause"), None).await.status, 204);
    }
    assert_eq!(service.state(&group).await["paused"], true);
    assert_eq!(service.execute(&group, &policies[0]).await.error(), (403, "GroupPausedError"));
    assert_eq!(service.execute(&group, "nothing").await.error(), (403, "GroupPausedError"));
    let converge = service.ask("POST", &format!("/groups/{group}/converge"), None).await;
    assert_eq!(converge.error(), (403, "GroupPausedError"));
    assert_eq!(service.ask("POST", &format!("/groups/{group}/resume"), None).await.status, 204);
    assert_eq!(service.execute(&group, &policies[0]).await.status, 202);
    for verb in ["pause", "resume", "converge"] {
        let answer = service.ask("POST", &format!("/groups/nowhere/{verb}"), None).await;
        assert_eq!(answer.error(), (404, "NoSuchScalingGroupError"));
    }
}

#[tokio::test]
async fn a_group_that_wants_servers_is_deleted_by_force_only() {
    let service = Service::start().await;
    let (group, _) = service.group(2, 5, json!([])).await;
    service.booted().await;
    assert_eq!(service.launcher.all().len(), 2);
    let path = format!("/groups/{group}");
    assert_eq!(service.ask("DELETE", &path, None).await.error(), (403, "GroupNotEmptyError"));
    for bad in ["maybe", ""] {
        let answer = service.ask("DELETE", &format!("{path}?force={bad}"), None).await;
        assert_eq!(answer.error(), (400, "InvalidQueryArgument"));
    }
    assert_eq!(service.ask("DELETE", &format!("{path}/?force=TRUE"), None).await.status, 204);
    assert_eq!(service.ask("GET", &path, None).await.error(), (404, "NoSuchScalingGroupError"));
    assert_eq!(service.get("/groups").await["groups"], json!([]));
    service.pass(Duration::from_secs(10)).await;
    assert_eq!(service.launcher.all(), vec![], "its servers go with it");
}

#[tokio::test]
async fn a_tenant_may_have_so_many_groups_and_no_more() {
    let mut settings = crate::support::settings();
    settings.limits.max_groups = 2;
    let service = Service::with(settings).await;
    for _ in 0..2 {
        service.group(0, 1, json!([])).await;
    }
    let answer = service.ask("POST", "/groups", Some(new_group(0, 1))).await;
    assert_eq!(answer.error(), (422, "ScalingGroupOverLimitError"));
}

#[tokio::test]
async fn what_the_cloud_would_refuse_is_told_together() {
    let service = Service::start().await;
    let mut body = new_group(0, 1);
    let args = &mut body["launchConfiguration"]["args"];
    args["server"]["personality"] = json!([{"path": "/a", "contents": "aGVsbG8="}, {"path": "/b", "contents": "not base64!"},
            {"path": "/c", "contents": "="}]);
    let answer = service.ask("POST", "/groups", Some(body)).await;
    assert_eq!(answer.error(), (400, "InvalidLaunchConfiguration"));
    let message = answer.body["error"]["message"].as_str().unwrap();
    assert!(message.contains("\"/b\"") && !message.contains("\"/a\"") && message.contains("\"/c\""));
}
