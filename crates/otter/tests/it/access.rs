//! Who may do what: tokens, roles, tenants, rates.

use axum::body::Body;
use axum::http::Request;
use otter::settings::Auth;
use serde_json::json;

use crate::support::{Service, change, new_group};

const ADMIN: &str = "admin-token-0123456789";
const OBSERVER: &str = "observer-token-0123456789";
const STRANGER: &str = "stranger-token-0123456789";

/// A service for tenants 123456 (an admin and an observer) and 654321 (an admin).
async fn guarded() -> (Service, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.toml");
    let entry = |token: &str, tenant: &str, role: &str| {
        format!("[[token]]\ntoken = \"{token}\"\ntenant = \"{tenant}\"\nrole = \"{role}\"\nuser = \"u\"\n")
    };
    let text = [
        entry(ADMIN, "123456", "admin"),
        entry(OBSERVER, "123456", "observer"),
        entry(STRANGER, "654321", "admin"),
    ];
    std::fs::write(&path, text.concat()).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let mut settings = crate::support::settings();
    settings.auth = Auth::Static;
    settings.tokens = Some(path);
    (Service::with(settings).await, folder)
}

async fn ask(
    service: &Service,
    token: Option<&str>,
    method: &str,
    path: &str,
    body: &str,
) -> crate::support::Answer {
    let mut request = Request::builder().method(method).uri(path).header("user-agent", "loadscale/0.1.0");
    if let Some(token) = token {
        request = request.header("x-auth-token", token);
    }
    service.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

/// Every route of a tenant, with the placeholders filled in.
fn routes(tenant: &str, group: &str, policy: &str, webhook: &str) -> Vec<(&'static str, String)> {
    let g = format!("/v1.0/{tenant}/groups/{group}");
    let p = format!("{g}/policies/{policy}");
    let w = format!("{p}/webhooks/{webhook}");
    let all: [(&[&str], String); 16] = [
        (&["GET", "POST"], format!("/v1.0/{tenant}/groups")),
        (&["GET"], format!("/v1.0/{tenant}/limits")),
        (&["GET", "DELETE"], g.clone()),
        (&["GET"], format!("{g}/state")),
        (&["GET", "PUT"], format!("{g}/config")),
        (&["GET", "PUT"], format!("{g}/launch")),
        (&["POST"], format!("{g}/pause")),
        (&["POST"], format!("{g}/resume")),
        (&["POST"], format!("{g}/converge")),
        (&["GET"], format!("{g}/history")),
        (&["GET", "POST"], format!("{g}/policies")),
        (&["GET", "PUT", "DELETE"], p.clone()),
        (&["POST"], format!("{p}/execute")),
        (&["GET", "POST"], format!("{p}/webhooks")),
        (&["GET", "PUT", "DELETE"], w),
        (&["GET", "DELETE"], format!("{g}/servers/s")),
    ];
    all.into_iter()
        .flat_map(|(methods, path)| methods.iter().map(move |method| (*method, path.clone())))
        .collect()
}

/// A body that is right for the route, so that only the tenant can be what is wrong.
fn body(method: &str, path: &str) -> String {
    let body = match (method, path.rsplit('/').next().unwrap_or_default()) {
        ("POST", "groups") => new_group(0, 1),
        ("PUT", "config") => {
            json!({"name": "n", "cooldown": 0, "minEntities": 0, "maxEntities": 1, "metadata": {}})
        }
        ("PUT", "launch") => new_group(0, 1)["launchConfiguration"].clone(),
        ("POST", "policies") => json!([change(1)]),
        ("POST", "webhooks") => json!([{"name": "w"}]),
        ("PUT", _) if path.contains("webhooks") => json!({"name": "w", "metadata": {}}),
        ("PUT", _) => change(1),
        _ => return String::new(),
    };
    body.to_string()
}

#[tokio::test]
async fn no_route_lets_a_tenant_see_or_touch_anothers() {
    let (service, _folder) = guarded().await;
    let mut new = new_group(1, 5);
    new["scalingPolicies"] = json!([change(1)]);
    let made = ask(&service, Some(ADMIN), "POST", "/v1.0/123456/groups", &new.to_string()).await;
    let made = made.body["group"].clone();
    let (group, policy) = (made["id"].as_str().unwrap(), made["scalingPolicies"][0]["id"].as_str().unwrap());
    let home = format!("/v1.0/123456/groups/{group}/policies/{policy}/webhooks");
    let made = ask(&service, Some(ADMIN), "POST", &home, "[{\"name\": \"w\"}]").await;
    let webhook = made.body["webhooks"][0]["id"].as_str().unwrap().to_owned();
    let manifest = format!("/v1.0/123456/groups/{group}?webhooks=true");
    let before = ask(&service, Some(ADMIN), "GET", &manifest, "").await.text;

    for (method, path) in routes("123456", group, policy, &webhook) {
        let body = body(method, &path);
        let none = ask(&service, None, method, &path, &body).await;
        assert_eq!(none.error(), (401, "UnauthorizedError"), "{method} {path}");
        let wrong = ask(&service, Some("nobody-knows-this-token"), method, &path, &body).await;
        assert_eq!(wrong.error(), (401, "UnauthorizedError"), "{method} {path}");
        let stranger = ask(&service, Some(STRANGER), method, &path, &body).await;
        assert_eq!(stranger.error(), (403, "ForbiddenError"), "{method} {path}");
        // The same ids under the stranger's own tenant name nothing.
        let own = path.replace("123456", "654321");
        let answer = ask(&service, Some(STRANGER), method, &own, &body).await;
        let of_its_own = own.ends_with("groups") || own.ends_with("limits") || answer.status == 501;
        assert!(of_its_own || answer.status == 404, "{method} {own}: {}", answer.status);
        assert!(!answer.text.contains(&webhook) && !answer.text.contains(group) || answer.status == 404);
    }
    assert_eq!(ask(&service, Some(ADMIN), "GET", &manifest, "").await.text, before, "nothing was touched");
}

#[tokio::test]
async fn an_observer_reads_all_but_webhooks() {
    let (service, _folder) = guarded().await;
    for (method, path) in routes("123456", "g", "p", "w") {
        let answer = ask(&service, Some(OBSERVER), method, &path, &body(method, &path)).await;
        let may = method == "GET" && !path.contains("webhooks");
        assert_eq!(answer.status == 403, !may, "{method} {path}: {}", answer.status);
    }
}

#[tokio::test]
async fn history_says_who_did_it_with_what() {
    let (service, _folder) = guarded().await;
    let made = ask(&service, Some(ADMIN), "POST", "/v1.0/123456/groups", &new_group(1, 5).to_string()).await;
    let group = made.body["group"]["id"].as_str().unwrap().to_owned();
    let page =
        ask(&service, Some(OBSERVER), "GET", &format!("/v1.0/123456/groups/{group}/history"), "").await;
    let line = &page.body["history"][0];
    assert_eq!(line["by"], json!({"user": "u", "agent": "loadscale/0.1.0"}));
    assert_eq!(
        (&line["cause"]["kind"], &line["from"], &line["to"]),
        (&json!("created"), &json!(0), &json!(1))
    );
}

#[tokio::test]
async fn a_tenant_that_asks_too_often_is_told_to_wait() {
    let mut settings = crate::support::settings();
    settings.limits.requests_per_minute = 2;
    settings.limits.over_limit_status = 429;
    let service = Service::with(settings).await;
    for status in [200, 200, 429] {
        let answer = service.ask("GET", "/limits", None).await;
        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(answer.headers.contains_key("retry-after"), status == 429);
    }
    assert_eq!(service.ask_at("GET", "/v1.0/another/limits", None).await.status, 200);
}

#[tokio::test]
async fn limits_come_in_json_and_for_old_clients_in_xml() {
    let service = Service::start().await;
    let limits = service.get("/limits").await;
    assert_eq!(
        limits["limits"]["absolute"],
        json!({"maxGroups": 1000, "maxPoliciesPerGroup": 100, "maxWebhooksPerPolicy": 25})
    );
    let request = Request::get("/v1.0/123456/limits").header("accept", "application/xml");
    let answer = service.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.headers["content-type"], "application/xml");
    assert!(answer.text.contains("xmlns=\"http://docs.openstack.org/common/api/v1.0\""));
    assert!(answer.text.contains("<limit name=\"maxGroups\" value=\"1000\"/>"), "{}", answer.text);
}
