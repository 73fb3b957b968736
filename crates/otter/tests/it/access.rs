//! Who may do what: tokens, roles, tenants, rates.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use otter::settings::Auth;
use serde_json::{Value, json};

use crate::noise::{DESCRIBED, OPERATOR, Operation};
use crate::support::{Answer, Service, capability, change, new_group};

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

async fn ask(service: &Service, token: Option<&str>, method: &str, path: &str, body: &str) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("user-agent", "loadscale/0.1.0");
    if let Some(token) = token {
        request = request.header("x-auth-token", token);
    }
    service.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

/// Every route of a tenant that is described, with the placeholders filled in.
fn routes(tenant: &str, group: &str, policy: &str, webhook: &str) -> Vec<(String, String)> {
    let real = [
        ("{tenant}", tenant),
        ("{group}", group),
        ("{policy}", policy),
        ("{webhook}", webhook),
        ("{server}", "s"),
    ];
    let fill =
        |path: &str| real.iter().fold(path.to_owned(), |path, (name, value)| path.replace(name, value));
    let of_tenants = DESCRIBED.iter().filter(|(_, path)| path.contains("{tenant}"));
    of_tenants.map(|(method, path)| (method.clone(), fill(path))).collect()
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
        let (method, body) = (method.as_str(), body(&method, &path));
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

/// Holds the methods that an answer to another one allows against those that are listed for the path.
fn has_no_others(listed: &[Operation], path: &str, answer: &Answer) {
    let listed = listed.iter().filter(|(_, there)| there == path);
    let mut listed: BTreeSet<&str> = listed.map(|(method, _)| method.as_str()).collect();
    if listed.contains("GET") {
        listed.insert("HEAD");
    }
    assert_eq!(answer.error(), (405, "MethodNotAllowedError"), "{path}");
    let allowed: BTreeSet<&str> = answer.headers["allow"].to_str().unwrap().split(',').collect();
    assert_eq!(allowed, listed, "{path}");
}

#[tokio::test]
async fn every_route_has_the_methods_that_are_listed_and_no_others() {
    let (service, _folder) = guarded().await;
    for (_, path) in DESCRIBED.iter() {
        let asked = path.replace("{tenant}", "123456").replace(['{', '}'], "");
        has_no_others(&DESCRIBED, path, &ask(&service, Some(ADMIN), "BREW", &asked, "").await);
    }
    for (_, path) in OPERATOR.iter() {
        let asked = Request::builder().method("BREW").uri(path.replace(['{', '}'], ""));
        let asked = asked.body(Body::empty()).unwrap();
        has_no_others(&OPERATOR, path, &service.send_to_operator(asked).await);
    }
}

#[tokio::test]
async fn tenants_and_operators_find_nothing_of_each_other() {
    let (service, _folder) = guarded().await;
    let on_both = ["/", "/health"];
    for (method, path) in OPERATOR.iter().filter(|(_, path)| !on_both.contains(&path.as_str())) {
        let path = path.replace("{tenant}", "123456").replace(['{', '}'], "");
        let answer = ask(&service, Some(ADMIN), method, &path, "{\"suspended\": true}").await;
        assert_eq!(answer.error(), (404, "NotFoundError"), "{method} {path}");
    }
    let capability = ("POST".to_owned(), "/v1.0/execute/1/capability".to_owned());
    for (method, path) in routes("123456", "g", "p", "w").into_iter().chain([capability]) {
        let request = Request::builder().method(method.as_str()).uri(&path).header("x-auth-token", ADMIN);
        let request = request.body(Body::from(body(&method, &path))).unwrap();
        let answer = service.send_to_operator(request).await;
        assert_eq!(answer.status, 404, "{method} {path} on the operator's listener");
    }
}

#[tokio::test]
async fn a_capability_touches_the_one_group_that_it_is_for_and_tells_nothing_of_it() {
    let (service, _folder) = guarded().await;
    let mut new = new_group(0, 5);
    new["scalingPolicies"] = json!([change(1)]);
    let mut made = Vec::new();
    for (token, tenant) in [(ADMIN, "123456"), (STRANGER, "654321")] {
        let group =
            ask(&service, Some(token), "POST", &format!("/v1.0/{tenant}/groups"), &new.to_string()).await;
        let group = &group.body["group"];
        let home = format!("/v1.0/{tenant}/groups/{}", group["id"].as_str().unwrap());
        let webhooks =
            format!("{home}/policies/{}/webhooks", group["scalingPolicies"][0]["id"].as_str().unwrap());
        let webhook = ask(&service, Some(token), "POST", &webhooks, "[{\"name\": \"w\"}]").await;
        let capability = capability(&webhook.body["webhooks"][0]).strip_prefix("http://otter.test").unwrap();
        made.push((token, format!("{home}/state"), capability.to_owned()));
    }
    let unknown = ask(&service, None, "POST", "/v1.0/execute/1/0000/", "").await;
    // Whose token comes along does not matter; the capability is all.
    for token in [None, Some(STRANGER)] {
        let answer = ask(&service, token, "POST", &made[0].2, "").await;
        assert_eq!((answer.status, &answer.text), (unknown.status, &unknown.text));
    }
    for ((token, state, _), desired) in made.iter().zip([2, 0]) {
        let state = ask(&service, Some(token), "GET", state, "").await;
        assert_eq!(state.body["group"]["desiredCapacity"], desired);
    }
}

#[tokio::test]
async fn history_is_kept_as_long_as_the_settings_want() {
    let mut settings = crate::support::settings();
    settings.limits.history = Duration::from_secs(86_400);
    settings.converge.self_heal = Duration::ZERO;
    let service = Service::with(settings).await;
    let (group, policies) = service.group(0, 5, json!([change(1)])).await;
    let kinds = async || {
        let page = service.get(&format!("/groups/{group}/history")).await;
        let lines = page["history"].as_array().unwrap().clone();
        lines.iter().map(|line| line["cause"]["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    service.pass(Duration::from_secs(80_000)).await;
    service.execute(&group, &policies[0]).await;
    assert_eq!(kinds().await, ["policy", "created"]);
    service.pass(Duration::from_secs(10_000)).await;
    assert_eq!(kinds().await, ["policy"]);
}

#[tokio::test]
async fn an_observer_reads_all_but_webhooks() {
    let (service, _folder) = guarded().await;
    for (method, path) in routes("123456", "g", "p", "w") {
        let answer = ask(&service, Some(OBSERVER), &method, &path, &body(&method, &path)).await;
        let may = method == "GET" && !path.contains("webhooks");
        assert_eq!(answer.status == 403, !may, "{method} {path}: {}", answer.status);
    }
}

#[tokio::test]
async fn an_observer_gets_no_capability_with_a_group_either() {
    let (service, _folder) = guarded().await;
    let mut new = new_group(0, 5);
    new["scalingPolicies"] = json!([change(1)]);
    let made = ask(&service, Some(ADMIN), "POST", "/v1.0/123456/groups", &new.to_string()).await;
    let made = &made.body["group"];
    let (group, policy) = (made["id"].as_str().unwrap(), made["scalingPolicies"][0]["id"].as_str().unwrap());
    let home = format!("/v1.0/123456/groups/{group}");
    let webhooks = format!("{home}/policies/{policy}/webhooks");
    ask(&service, Some(ADMIN), "POST", &webhooks, "[{\"name\": \"w\"}]").await;
    for query in ["?webhooks=true", "?webhooks=TRUE", "?webhook%73=true&webhooks=false"] {
        let path = format!("{home}{query}");
        let shown = ask(&service, Some(ADMIN), "GET", &path, "").await.text;
        assert!(shown.contains("/execute/1/"), "{query}: an admin gets the capability");
        let refused = ask(&service, Some(OBSERVER), "GET", &path, "").await;
        assert_eq!(refused.error(), (403, "ForbiddenError"), "{query}");
    }
    let plain = ask(&service, Some(OBSERVER), "GET", &format!("{home}?webhooks=false"), "").await;
    assert_eq!(plain.status, 200);
    assert!(!plain.text.contains("/execute/1/"));
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
async fn history_says_what_was_refused_and_why() {
    let service = Service::start().await;
    let mut slow = change(1);
    slow["cooldown"] = json!(60);
    let (group, policies) = service.group(1, 2, json!([slow, change(9)])).await;
    service.booted().await;
    let (home, server) = (format!("/groups/{group}"), service.launcher.all()[0].id.clone());
    service.ask("DELETE", &format!("{home}/servers/{server}?replace=false"), None).await;
    service.ask("DELETE", &home, None).await;
    for policy in [0, 0, 1] {
        service.execute(&group, &policies[policy]).await;
    }
    service.ask("POST", &format!("{home}/pause"), None).await;
    service.execute(&group, &policies[1]).await;
    let page = service.get(&format!("{home}/history")).await;
    let mut lines: Vec<&Value> = page["history"].as_array().unwrap().iter().collect();
    lines.reverse();
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            let refused = line["refused"].as_str().unwrap_or("-");
            (line["cause"]["kind"].as_str().unwrap(), line["from"].clone(), line["to"].clone(), refused)
        })
        .collect();
    let line = |kind, from: u8, to: u8, refused| (kind, json!(from), json!(to), refused);
    assert_eq!(
        told,
        [
            line("created", 0, 1, "-"),
            line("server_deleted", 1, 1, "CannotDeleteServerBelowMinError"),
            line("deleted", 1, 1, "GroupNotEmptyError"),
            line("policy", 1, 2, "-"),
            line("policy", 2, 2, "CannotExecutePolicyError"),
            line("policy", 2, 2, "CannotExecutePolicyError"),
            line("paused", 2, 2, "-"),
            line("policy", 2, 2, "GroupPausedError"),
        ]
    );
    assert_eq!(lines[3]["cause"]["policyId"], policies[0].as_str());
    let why = |at: usize| lines[at]["message"].as_str().unwrap();
    assert!(why(4).contains("cooldown is not over for another 60.000 seconds"), "{}", why(4));
    assert!(why(5).contains("stays at 2"), "{}", why(5));
}

#[tokio::test]
async fn history_is_paged_from_the_newest_line_by_its_links() {
    let service = Service::start().await;
    let (group, policies) = service.group(0, 9, json!([change(1)])).await;
    for _ in 0..4 {
        service.execute(&group, &policies[0]).await;
    }
    let home = format!("/groups/{group}/history");
    let (mut path, mut sizes) = (format!("{home}?limit=2"), Vec::new());
    let mut desired = Vec::new();
    loop {
        let page = service.get(&path).await;
        let lines = page["history"].as_array().unwrap();
        sizes.push(lines.len());
        desired.extend(lines.iter().map(|line| line["to"].as_i64().unwrap()));
        let Some(next) = page["history_links"][0]["href"].as_str() else { break };
        assert_eq!(page["history_links"][0]["rel"], "next");
        path = next.strip_prefix("http://otter.test/v1.0/123456").unwrap().to_owned();
    }
    assert_eq!((sizes, desired), (vec![2, 2, 1], vec![4, 3, 2, 1, 0]), "each line once");
    let wrong = service.ask("GET", &format!("{home}?marker=newest"), None).await;
    assert_eq!(wrong.error(), (400, "InvalidQueryArgument"));
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
    let rate = |uri: &str, regex: &str, value: u32, remaining: u32, unit: &str| {
        json!({"uri": uri, "regex": regex, "limit": [{
            "verb": "ALL", "value": value, "remaining": remaining, "unit": unit,
            "next-available": "2030-01-01T00:00:00.000Z"}]})
    };
    assert_eq!(
        limits["limits"]["rate"],
        json!([
            rate("/v1.0/execute/*", r"/v1\.0/execute/(.*)", 10, 10, "SECOND"),
            rate("/v1.0/*", r"/v1\.0/([^/]+)/.+", 1000, 999, "MINUTE"),
        ])
    );
    assert_eq!(
        limits["limits"]["absolute"],
        json!({"maxGroups": 1000, "maxPoliciesPerGroup": 100, "maxWebhooksPerPolicy": 25})
    );
    let request = Request::get("/v1.0/123456/limits").header("accept", "application/xml");
    let answer = service.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.headers["content-type"], "application/xml");
    assert!(answer.text.contains("xmlns=\"http://docs.openstack.org/common/api/v1.0\""));
    assert!(answer.text.contains("<limit name=\"maxGroups\" value=\"1000\"/>"), "{}", answer.text);
    let rate = "<rate uri=\"/v1.0/execute/*\" regex=\"/v1\\.0/execute/(.*)\"><limit verb=\"ALL\" value=\"10\" \
                remaining=\"10\" unit=\"SECOND\" next-available=\"2030-01-01T00:00:00.000Z\"/></rate>";
    assert!(answer.text.contains(rate), "{}", answer.text);
    let mut settings = crate::support::settings();
    settings.limits.rates = false;
    let unlimited = Service::with(settings).await.get("/limits").await;
    assert_eq!(unlimited["limits"]["rate"], json!([]));
}
