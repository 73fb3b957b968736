//! Identity v2.0 and Keystone v3.

use std::time::Duration;

use sandbox::Sandbox;
use serde_json::{Value, json};

use crate::client::{Fixture, answer, by_api_key};

async fn v2(fixture: &Fixture, body: &Value) -> (u16, Value) {
    let url = format!("{}/tokens", fixture.sandbox.identity_url());
    answer(fixture.http.post(url).json(body).send().await.unwrap()).await
}

async fn v3(fixture: &Fixture, body: &Value) -> (u16, Option<String>, Value) {
    let url = format!("{}/auth/tokens", fixture.sandbox.keystone_url());
    let response = fixture.http.post(url).json(body).send().await.unwrap();
    let token = response.headers().get("X-Subject-Token").map(|token| token.to_str().unwrap().to_owned());
    let (status, body) = answer(response).await;
    (status, token, body)
}

fn url_of(sandbox: &Sandbox, catalog: &Value, kind: &str, name: &str) -> String {
    let services = catalog.as_array().unwrap();
    let service = services.iter().find(|it| it["type"] == kind && it["name"] == name).unwrap();
    let endpoints = service["endpoints"].as_array().unwrap();
    let region = sandbox.plan().region.as_str();
    let endpoint = endpoints
        .iter()
        .find(|it| it["region"] == region && (it["interface"].is_null() || it["interface"] == "public"))
        .unwrap();
    let url = if endpoint["publicURL"].is_null() { &endpoint["url"] } else { &endpoint["publicURL"] };
    url.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_and_a_password_open_the_same_catalog() {
    let fixture = Fixture::small().await;
    let account = fixture.sandbox.plan().account.clone();
    let by_password = json!({ "auth": { "passwordCredentials": {
        "username": account.username, "password": account.password } } });
    for body in [by_api_key(&account.username, &account.api_key), by_password] {
        let (status, body) = v2(&fixture, &body).await;
        assert_eq!(status, 200);
        let access = &body["access"];
        assert_eq!(access["token"]["tenant"]["id"], account.tenant);
        assert!(access["token"]["expires"].as_str().unwrap().ends_with('Z'));
        let catalog = &access["serviceCatalog"];
        let sandbox = &fixture.sandbox;
        let found = |kind, name| url_of(sandbox, catalog, kind, name);
        assert_eq!(found("rax:load-balancer", "cloudLoadBalancers"), sandbox.load_balancer_url());
        assert_eq!(found("rax:autoscale", "autoscale"), sandbox.autoscale_url());
        assert_eq!(found("compute", "cloudServersOpenStack"), sandbox.compute_url());
        let decoy = catalog.as_array().unwrap().iter().find(|it| it["name"] == "cloudServers").unwrap();
        assert!(decoy["endpoints"][0]["region"].is_null());
    }
}

#[tokio::test]
async fn what_is_wrong_is_refused_as_the_real_ones_do() {
    let fixture = Fixture::small().await;
    let account = fixture.sandbox.plan().account.clone();
    let (status, body) = v2(&fixture, &by_api_key(&account.username, "wrong")).await;
    assert_eq!((status, &body["unauthorized"]["code"]), (401, &json!(401)));
    let (status, body) = v2(&fixture, &json!({ "auth": {} })).await;
    assert_eq!((status, &body["badRequest"]["code"]), (400, &json!(400)));
    let mut elsewhere = by_api_key(&account.username, &account.api_key);
    elsewhere["auth"]["tenantId"] = "999".into();
    assert_eq!(v2(&fixture, &elsewhere).await.0, 401);
    let by_token = json!({ "auth": { "token": { "id": "unknown" }, "tenantId": account.tenant } });
    assert_eq!(v2(&fixture, &by_token).await.0, 404);
    let (status, _, body) = v3(&fixture, &password("wrong", &account.username)).await;
    assert_eq!((status, &body["error"]["title"]), (401, &json!("Unauthorized")));
}

fn password(password: &str, username: &str) -> Value {
    let user = json!({ "name": username, "domain": { "name": "Default" }, "password": password });
    let scope = json!({ "project": { "name": "sandbox-project", "domain": { "id": "default" } } });
    json!({ "auth": { "identity": { "methods": ["password"], "password": { "user": user } }, "scope": scope } })
}

#[tokio::test]
async fn keystone_takes_a_password_and_an_application_credential() {
    let fixture = Fixture::small().await;
    let account = fixture.sandbox.plan().account.clone();
    let credential = json!({
        "id": account.application_credential_id, "secret": account.application_credential_secret,
    });
    let mut by_credential = json!({ "auth": { "identity": {
        "methods": ["application_credential"], "application_credential": credential } } });
    for body in [password(&account.password, &account.username), by_credential.clone()] {
        let (status, token, body) = v3(&fixture, &body).await;
        assert_eq!((status, token.is_some()), (201, true));
        assert_eq!(body["token"]["project"]["id"], account.tenant);
        let octavia = url_of(&fixture.sandbox, &body["token"]["catalog"], "load-balancer", "octavia");
        assert_eq!(octavia, fixture.sandbox.octavia_url());
    }
    by_credential["auth"]["scope"] = json!({ "project": { "id": account.tenant } });
    assert_eq!(v3(&fixture, &by_credential).await.0, 401);
}

#[tokio::test]
async fn a_token_is_good_until_it_expires_or_is_revoked() {
    let fixture = Fixture::small().await;
    let url = format!("{}/loadbalancers", fixture.sandbox.load_balancer_url());
    let check = format!("{}/tokens/{}", fixture.sandbox.identity_url(), fixture.token);
    assert_eq!(fixture.answer(&url).await.0, 200);
    let checked = fixture.ok(&check).await;
    assert_eq!(checked["access"]["user"]["roles"][0]["name"], "identity:user-admin");
    fixture.sandbox.clock().advance(Duration::from_secs(25 * 3600));
    let expired = fixture.get(&url).send().await.unwrap();
    assert_eq!(expired.status(), 401);
    assert_eq!(expired.bytes().await.unwrap().len(), 0, "Cloud Load Balancers sends no body");
    assert_eq!(fixture.answer(&check).await.0, 401);

    let fresh = Fixture { token: "none".to_owned(), ..Fixture::small().await };
    assert_eq!(fresh.answer(&format!("{}/flavors", fresh.sandbox.compute_url())).await.0, 401);
}
