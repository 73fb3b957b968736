//! Tokens that an identity service vouches for, over real HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use otter::settings::{Auth, Identity, Settings};
use serde_json::{Value, json};

use crate::support::{Answer, Service, TENANT};

const TOKEN: &str = "a-token+with/odd characters";

/// An identity service that knows one token; its status can be set, and it counts what it is asked.
#[derive(Clone, Default)]
struct Fake {
    asked: Arc<AtomicUsize>,
    status: Arc<AtomicU16>,
}

impl Fake {
    fn answer(&self, token: &str, asker: &HeaderMap, body: Value) -> (StatusCode, Json<Value>) {
        self.asked.fetch_add(1, Ordering::Relaxed);
        assert_eq!(asker["x-auth-token"], token, "a token is asked about with itself");
        let status = match self.status.load(Ordering::Relaxed) {
            0 if token == TOKEN => 200,
            0 => 404,
            set => set,
        };
        (StatusCode::from_u16(status).unwrap(), Json(body))
    }

    async fn start(&self) -> String {
        let router = Router::new().route("/v2.0/tokens/{token}", get(v2)).route("/v3/auth/tokens", get(v3));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = router.with_state(self.clone());
        tokio::spawn(async { axum::serve(listener, router).await });
        url
    }
}

async fn v2(
    State(fake): State<Fake>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> (StatusCode, Json<Value>) {
    let body = json!({"access": {
        "token": {"id": token, "expires": "2030-01-01T01:00:00.000Z", "tenant": {"id": TENANT, "name": TENANT}},
        "user": {"id": "1", "name": "ann", "roles": [{"id": "1", "name": "autoscale:admin"}]},
        "serviceCatalog": []}});
    fake.answer(&token, &headers, body)
}

async fn v3(State(fake): State<Fake>, headers: HeaderMap) -> (StatusCode, Json<Value>) {
    let token = headers["x-subject-token"].to_str().unwrap().to_owned();
    let body = json!({"token": {
        "expires_at": "2030-01-01T01:00:00.000000Z", "project": {"id": TENANT, "name": "p"},
        "user": {"name": "ann"}, "roles": [{"name": "observer"}]}});
    fake.answer(&token, &headers, body)
}

async fn guarded(fake: &Fake, version: &str) -> Service {
    let url = format!("{}/{version}", fake.start().await);
    let identity = Identity { url, cache: Duration::from_secs(60) };
    Service::with(Settings { auth: Auth::Identity, identity, ..crate::support::settings() }).await
}

async fn ask(service: &Service, token: &str, method: &str, tenant: &str) -> Answer {
    let request =
        Request::builder().method(method).uri(format!("/v1.0/{tenant}/groups")).header("x-auth-token", token);
    service.send(request.body(Body::from("{}")).unwrap()).await
}

#[tokio::test]
async fn a_token_is_asked_about_once_a_minute_and_holds_for_its_tenant_only() {
    let fake = Fake::default();
    let service = guarded(&fake, "v2.0").await;
    for _ in 0..3 {
        assert_eq!(ask(&service, TOKEN, "GET", TENANT).await.status, 200);
    }
    assert_eq!(ask(&service, TOKEN, "POST", TENANT).await.error(), (400, "ValidationError"), "an admin may");
    assert_eq!(ask(&service, TOKEN, "GET", "654321").await.error(), (403, "ForbiddenError"));
    assert_eq!(fake.asked.load(Ordering::Relaxed), 1);
    assert_eq!(ask(&service, "unknown", "GET", TENANT).await.error(), (401, "UnauthorizedError"));
    service.pass(Duration::from_secs(60)).await;
    assert_eq!(ask(&service, TOKEN, "GET", TENANT).await.status, 200);
    assert_eq!(fake.asked.load(Ordering::Relaxed), 3);
    // What has expired is not let in, whatever identity says.
    service.pass(Duration::from_secs(3600)).await;
    assert_eq!(ask(&service, TOKEN, "GET", TENANT).await.error(), (401, "UnauthorizedError"));
}

#[tokio::test]
async fn keystone_v3_vouches_as_well() {
    let fake = Fake::default();
    let service = guarded(&fake, "v3").await;
    assert_eq!(ask(&service, TOKEN, "GET", TENANT).await.status, 200);
    assert_eq!(
        ask(&service, TOKEN, "POST", TENANT).await.error(),
        (403, "ForbiddenError"),
        "an observer reads"
    );
}

#[tokio::test]
async fn an_identity_service_that_fails_refuses_nobody_for_good() {
    let fake = Fake::default();
    let service = guarded(&fake, "v2.0").await;
    for (status, error) in [
        (500, (503, "ServiceUnavailableError")),
        (503, (503, "ServiceUnavailableError")),
        (401, (401, "UnauthorizedError")),
    ] {
        fake.status.store(status, Ordering::Relaxed);
        assert_eq!(ask(&service, TOKEN, "GET", TENANT).await.error(), error, "{status}");
    }
    fake.status.store(0, Ordering::Relaxed);
    assert_eq!(ask(&service, TOKEN, "GET", TENANT).await.status, 200);
}
