//! Whatever is sent, the service neither panics nor answers 500.

use axum::body::Body;
use axum::http::Request;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::support::{Service, change, count, new_group};

const METHODS: [&str; 8] = ["GET", "GET", "POST", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];
const TAILS: [&str; 16] = [
    "",
    "/state",
    "/config",
    "/launch",
    "/pause",
    "/resume",
    "/converge",
    "/history",
    "/policies",
    "/policies/{p}",
    "/policies/{p}/execute",
    "/policies/{p}/webhooks",
    "/policies/{p}/webhooks/{w}",
    "/servers",
    "/servers/{s}",
    "/nothing",
];
const ODD: [&str; 12] = [
    "%00",
    "%ff%fe",
    "..",
    "%2e%2e%2f",
    "'%20OR%201=1--",
    "%F0%9F%A6%A6",
    "a%2Fb",
    "-1",
    "1e309",
    "null",
    "%7Bx%7D",
    "99999999999999999999999",
];
const ARGUMENTS: [&str; 7] = ["limit", "marker", "force", "replace", "purge", "webhooks", "odd"];

#[tokio::test]
async fn no_request_makes_it_panic_or_answer_500() {
    let mut settings = crate::support::settings();
    settings.limits.rates = false;
    let service = Service::with(settings).await;
    let (group, policies) = service.group(0, 5, json!([change(1)])).await;
    for seed in 0..count("fuzzed requests", 4000, 100_000) {
        let mut random = StdRng::seed_from_u64(seed);
        let Some(request) = request(&mut random, &group, &policies[0]) else { continue };
        let shown = format!("seed {seed}: {} {}", request.method(), request.uri());
        let answer = service.send(request).await;
        assert!(answer.status.as_u16() < 500 || answer.status == 501, "{shown}: {}", answer.text);
    }
}

fn request(random: &mut StdRng, group: &str, policy: &str) -> Option<Request<Body>> {
    let mut builder = Request::builder().method(*METHODS.choose(random)?).uri(uri(random, group, policy));
    for _ in 0..random.random_range(0..3) {
        let name = *["accept", "content-type", "x-auth-token", "user-agent", "x-odd"].choose(random)?;
        let value: Vec<u8> = (0..random.random_range(0..40)).map(|_| random.random_range(32..=255)).collect();
        builder = builder.header(name, value);
    }
    // A request that cannot even be written down is not sent.
    builder.body(Body::from(body(random))).ok()
}

fn uri(random: &mut StdRng, group: &str, policy: &str) -> String {
    let mut name = |real: &str| match random.random_range(0..4) {
        0 => ODD.choose(random).map_or_else(String::new, |odd| (*odd).to_owned()),
        _ => real.to_owned(),
    };
    let (tenant, group, policy, other) = (name("123456"), name(group), name(policy), name("x"));
    let tail = TAILS.choose(random).copied().unwrap_or_default();
    let tail = tail.replace("{p}", &policy).replace("{w}", &other).replace("{s}", &other);
    let mut uri = match random.random_range(0..10) {
        0 => format!("/v1.0/execute/{other}/{policy}"),
        1 => format!("/v1.0/{tenant}/groups"),
        2 => format!("/v1.0/{tenant}/limits"),
        _ => format!("/v1.0/{tenant}/groups/{group}{tail}"),
    };
    if random.random() {
        uri.push('/');
    }
    if random.random() {
        let value = ODD.choose(random).copied().unwrap_or_default();
        uri += &format!("?{}={value}", ARGUMENTS.choose(random).copied().unwrap_or_default());
    }
    uri
}

/// A body that is right but for a few things, or not JSON at all.
fn body(random: &mut StdRng) -> Vec<u8> {
    if random.random_range(0..8) == 0 {
        return (0..random.random_range(0..200)).map(|_| random.random()).collect();
    }
    let scheduled =
        json!({"name": "s", "cooldown": 0.5, "type": "schedule", "change": 1, "args": {"cron": "* * * * *"}});
    let mut full = new_group(0, 5);
    full["scalingPolicies"] = json!([change(1), scheduled]);
    full["launchConfiguration"]["args"]["loadBalancers"] = json!([{"loadBalancerId": 1, "port": 80}]);
    let choices = [
        full.clone(),
        full["launchConfiguration"].clone(),
        json!({"name": "n", "cooldown": 0, "minEntities": 0, "maxEntities": 5, "metadata": {"a": "b"}}),
        json!([change(1)]),
        scheduled,
        json!([{"name": "w", "metadata": {}}]),
        json!({"name": "w", "metadata": {}}),
    ];
    let mut body = choices.choose(random).cloned().unwrap_or_default();
    for _ in 0..random.random_range(0..3) {
        spoil(random, &mut body);
    }
    let mut text = body.to_string().into_bytes();
    if random.random_range(0..10) == 0 {
        text.truncate(text.len() / 2);
    }
    text
}

/// Replaces something at some depth.
fn spoil(random: &mut StdRng, value: &mut Value) {
    if random.random_range(0..3) > 0 {
        let inner = match value {
            Value::Object(map) => {
                let at = random.random_range(0..map.len().max(1));
                map.values_mut().nth(at)
            }
            Value::Array(items) => {
                let at = random.random_range(0..items.len().max(1));
                items.get_mut(at)
            }
            _ => None,
        };
        if let Some(inner) = inner {
            return spoil(random, inner);
        }
    }
    let odd = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e308),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(""),
        json!("\u{0}\u{1f9a6}"),
        json!("x".repeat(300)),
        json!("2050-05-20T10:20:30Z"),
        json!("9999-12-31T23:59:59Z"),
        json!("0 0 31 2 *"),
        json!([]),
        json!({}),
        json!([[[[[[[[]]]]]]]]),
    ];
    *value = odd.choose(random).cloned().unwrap_or_default();
}
