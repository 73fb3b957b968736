//! Odd requests, made from seeds: every route that is described, with paths, queries, headers and bodies that are
//! right but for a few things, or not right at all.

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::Request;
use axum::http::request::Builder;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde_json::{Value, json};

use crate::openapi::DOCUMENT;
use crate::support::{change, new_group};

/// A method and the template of a path.
pub(crate) type Operation = (String, String);

/// Things that are there, by the names of the placeholders, and a token that opens them.
pub(crate) struct Names {
    pub(crate) token: &'static str,
    pub(crate) real: Vec<(&'static str, String)>,
}

/// What the description of the API lists.
pub(crate) static DESCRIBED: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, operations)| {
        let methods = operations.as_object().unwrap().keys().filter(|key| *key != "parameters");
        methods.map(move |method| (method.to_uppercase(), path.clone()))
    });
    operations.collect()
});

/// What the operator's listener has.
pub(crate) static OPERATOR: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let routes = [
        ("GET", "/"),
        ("GET", "/health"),
        ("GET", "/metrics"),
        ("GET", "/deleting"),
        ("POST", "/deleting/{tenant}/{group}/converge"),
        ("GET", "/set-aside"),
        ("PUT", "/tenants/{tenant}"),
        ("POST", "/scheduler/stop"),
        ("POST", "/scheduler/reset"),
    ];
    routes.map(|(method, path)| (method.to_owned(), path.to_owned())).to_vec()
});

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "PATCH", "BREW"];
const ODD: [&str; 14] = [
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
    "",
    "%",
];
const ARGUMENTS: [&str; 8] = ["limit", "marker", "force", "replace", "purge", "webhooks", "path", "odd"];
const HEADERS: [&str; 16] = [
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "if-match",
    "origin",
    "range",
    "user-agent",
    "x-forwarded-for",
    "x-tenant-id",
];
const USUAL: [&str; 6] =
    ["application/json", "application/xml", "*/*;q=0.1, text/html", "gzip", "100-continue", "0"];

/// An odd request to one of these routes, and the route if the request is to it indeed. `None` for one that
/// cannot even be written down.
pub(crate) fn request(
    random: &mut StdRng,
    routes: &[Operation],
    names: &Names,
) -> Option<(Option<Operation>, Request<Body>)> {
    let (method, template) = routes.choose(random)?;
    let odd_method = random.random_range(0..10) == 0;
    let asked = if odd_method { *METHODS.choose(random)? } else { method.as_str() };
    let uri = path(random, template, names) + &query(random);
    let builder = headers(random, Request::builder().method(asked).uri(uri), names);
    let request = builder.body(Body::from(body(random))).ok()?;
    Some(((!odd_method).then(|| (method.clone(), template.clone())), request))
}

fn one_in(random: &mut StdRng, many: u32) -> bool {
    random.random_range(0..many) == 0
}

fn odd(random: &mut StdRng) -> String {
    if one_in(random, 3) {
        let bytes: Vec<u8> = (0..random.random_range(1..20)).map(|_| random.random()).collect();
        return bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
    }
    ODD.choose(random).map_or_else(String::new, |odd| (*odd).to_owned())
}

fn path(random: &mut StdRng, template: &str, names: &Names) -> String {
    let mut path = template.to_owned();
    for (name, real) in &names.real {
        let value = if one_in(random, 12) { odd(random) } else { real.clone() };
        path = path.replace(&format!("{{{name}}}"), &value);
    }
    match random.random_range(0..20) {
        0..10 => path.push('/'),
        10 => path.push_str("//"),
        11 => path = format!("{path}/{}", odd(random)),
        _ => {}
    }
    path
}

fn query(random: &mut StdRng) -> String {
    let pairs: Vec<String> = (0..random.random_range(0..4_u32)).map(|_| argument(random)).collect();
    if pairs.is_empty() && !one_in(random, 10) {
        return String::new();
    }
    format!("?{}", pairs.join(if one_in(random, 10) { ";" } else { "&" }))
}

fn argument(random: &mut StdRng) -> String {
    let name = if one_in(random, 10) { odd(random) } else { (*ARGUMENTS.choose(random).unwrap()).to_owned() };
    match random.random_range(0..6) {
        0 => name,
        1 => format!("{name}={}", random.random::<i64>()),
        2 => format!("{name}=true"),
        _ => format!("{name}={}", odd(random)),
    }
}

fn headers(random: &mut StdRng, mut builder: Builder, names: &Names) -> Builder {
    builder = match random.random_range(0..10) {
        0 => builder,
        1 => builder.header("x-auth-token", noise(random, 40)),
        _ => builder.header("x-auth-token", names.token),
    };
    for _ in 0..random.random_range(0..4) {
        let name = *HEADERS.choose(random).unwrap();
        builder = match random.random_range(0..8) {
            0 => builder.header(name, noise(random, 8000)),
            1..4 => builder.header(name, noise(random, 40)),
            _ => builder.header(name, *USUAL.choose(random).unwrap()),
        };
    }
    builder
}

/// Bytes that may stand in a header.
fn noise(random: &mut StdRng, longest: usize) -> Vec<u8> {
    (0..random.random_range(0..longest))
        .map(|_| random.random_range(32..=255_u8))
        .filter(|byte| *byte != 127)
        .collect()
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
    let stack = json!({"type": "launch_stack", "args": {"stack": {"template": "a: b", "timeout_mins": 60}}});
    let mut stacked = full.clone();
    stacked["launchConfiguration"] = stack.clone();
    let choices = [
        full.clone(),
        stacked,
        stack,
        full["launchConfiguration"].clone(),
        json!({"name": "n", "cooldown": 0, "minEntities": 0, "maxEntities": 5, "metadata": {"a": "b"}}),
        json!([change(1)]),
        scheduled,
        json!([{"name": "w", "metadata": {}}]),
        json!({"name": "w", "metadata": {}}),
        json!({"suspended": true}),
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
