//! Whatever is sent, the service neither panics, in a handler or in the worker, nor answers 500: on every route, with
//! odd paths, queries, headers and bodies.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use otter::settings::Auth;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::noise::{self, DESCRIBED, Names, OPERATOR, Operation};
use crate::support::{Answer, Service, TENANT, capability, change, count, new_group};

/// Requests to one service; then another takes its place, so that what was left behind stays bounded.
const REQUESTS: u64 = 1000;
/// Requests between two moves of the clock, at which the worker does what they have left it to do.
const PACE: u64 = 50;
const TOKEN: &str = "a-token-0123456789abcdef";

#[tokio::test]
async fn no_request_makes_it_panic_or_answer_500() {
    let panics = count_panics();
    let meant = tokio::spawn(async { panic!("this one is meant to be counted") });
    assert!(meant.await.is_err());
    assert_eq!(panics.load(Ordering::SeqCst), 1, "a panic in a task does not go unseen");
    let mut tried = BTreeSet::new();
    for seed in 0..count("fuzzed services of 1000 requests each", 3, 100) {
        let folder = tempfile::tempdir().unwrap();
        let service = service(seed, folder.path()).await;
        ask_at_random(&service, seed, &mut tried).await;
        assert_eq!(panics.load(Ordering::SeqCst), 1, "nothing else has panicked, service {seed}");
    }
    let all: BTreeSet<Operation> = DESCRIBED.iter().chain(OPERATOR.iter()).cloned().collect();
    assert_eq!(tried, all, "every route was tried");
}

/// Counts panics on this thread, on which the service runs with all its tasks.
fn count_panics() -> Arc<AtomicUsize> {
    let (here, before) = (std::thread::current().id(), std::panic::take_hook());
    let counted = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&counted);
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() == here {
            counter.fetch_add(1, Ordering::SeqCst);
        }
        before(panic);
    }));
    counted
}

/// A service that asks for no token, or one that does.
async fn service(seed: u64, folder: &std::path::Path) -> Service {
    let mut settings = crate::support::settings();
    settings.limits.rates = false;
    if seed % 2 == 1 {
        let tokens = folder.join("tokens.toml");
        let text = format!(
            "[[token]]\ntoken = \"{TOKEN}\"\ntenant = \"{TENANT}\"\nrole = \"admin\"\nuser = \"u\"\n"
        );
        std::fs::write(&tokens, text).unwrap();
        std::fs::set_permissions(&tokens, std::fs::Permissions::from_mode(0o600)).unwrap();
        (settings.auth, settings.tokens) = (Auth::Static, Some(tokens));
    }
    Service::with(settings).await
}

async fn ask_at_random(service: &Service, seed: u64, tried: &mut BTreeSet<Operation>) {
    let mut names = made(service).await;
    for number in 0..REQUESTS {
        if number % PACE == PACE - 1 {
            service.pass(Duration::from_secs(60)).await;
            // The ones before may have been deleted by now.
            names = made(service).await;
        }
        let seed = seed * REQUESTS + number;
        let mut random = StdRng::seed_from_u64(seed);
        let routes = if number % 20 == 0 { &OPERATOR } else { &DESCRIBED };
        let Some((route, request)) = noise::request(&mut random, routes, &names) else { continue };
        let shown = format!("seed {seed}: {} {}", request.method(), request.uri());
        let status = if number % 20 == 0 {
            service.send_to_operator(request).await.status
        } else {
            service.send(request).await.status
        };
        // 501 is the answer where the original had none either.
        assert!(status.as_u16() < 500 || status == 501, "{shown}: {status}");
        tried.extend(route);
    }
    service.pass(Duration::from_secs(3600)).await;
    let health = service.ask_at("GET", "/health", None).await.body;
    assert_eq!((&health["worker"]["healthy"], &health["store"]["healthy"]), (&json!(true), &json!(true)));
}

async fn ask(service: &Service, path: &str, body: &Value) -> Answer {
    let request = Request::post(format!("/v1.0/{TENANT}{path}")).header("x-auth-token", TOKEN);
    let answer = service.send(request.body(Body::from(body.to_string())).unwrap()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer
}

/// A group with a policy, a webhook and a server.
async fn made(service: &Service) -> Names {
    let mut body = new_group(1, 5);
    body["scalingPolicies"] = json!([change(1)]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let group = ask(service, "/groups", &body).await.body["group"].clone();
    let (group, policy) = (text(&group["id"]), text(&group["scalingPolicies"][0]["id"]));
    let home = format!("/groups/{group}/policies/{policy}/webhooks");
    let webhook = ask(service, &home, &json!([{"name": "w"}])).await.body["webhooks"][0].clone();
    let capability = capability(&webhook).trim_end_matches('/').rsplit('/').next().unwrap().to_owned();
    service.app.settled().await;
    let servers = service.launcher.all();
    let server = servers.iter().find(|server| server.metadata.values().any(|value| *value == group)).unwrap();
    let real = vec![
        ("tenant", TENANT.to_owned()),
        ("group", group),
        ("policy", policy),
        ("webhook", text(&webhook["id"])),
        ("version", "1".to_owned()),
        ("capability", capability),
        ("server", server.id.clone()),
    ];
    Names { token: TOKEN, real }
}
