//! The fixture: a service in this process with a clock that can be moved and servers that are imagined.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use jiff::Timestamp;
use otter::balancer::{Balancer, Memory};
use otter::clock::Clock;
use otter::launcher::{Failures, Launcher, Simulated};
use otter::settings::{Auth, Settings};
use otter::{App, Parts};
use serde_json::{Value, json};
use tokio::sync::watch;
use tower::ServiceExt;

/// How long an imagined server boots.
pub(crate) const BOOT: Duration = Duration::from_secs(30);
/// Whose groups the tests make.
pub(crate) const TENANT: &str = "123456";

/// How much of a large test is done: all of it with `LOADSCALE_SOAK=1`, a part in an ordinary run.
#[allow(clippy::print_stderr, reason = "what was scaled down is told to whoever runs the tests")]
pub(crate) fn count(what: &str, ordinary: u64, full: u64) -> u64 {
    if std::env::var_os("LOADSCALE_SOAK").is_some_and(|value| value == "1") {
        return full;
    }
    eprintln!("scaled down: {what}: {ordinary} of {full}; all with LOADSCALE_SOAK=1");
    ordinary
}

/// A clock that stands still unless it is moved.
pub(crate) struct MovedClock(watch::Sender<Timestamp>);

impl MovedClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(watch::channel("2030-01-01T00:00:00Z".parse().unwrap()).0))
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.0.send_modify(|now| *now = now.checked_add(by).unwrap());
    }

    pub(crate) fn set_back(&self, by: Duration) {
        self.0.send_modify(|now| *now = now.checked_sub(by).unwrap());
    }
}

#[async_trait]
impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    async fn until(&self, when: Timestamp) {
        let mut now = self.0.subscribe();
        let _ = now.wait_for(|now| *now >= when).await;
    }
}

/// A service and all that it stands on.
pub(crate) struct Service {
    pub(crate) app: App,
    pub(crate) clock: Arc<MovedClock>,
    pub(crate) launcher: Arc<Simulated>,
    pub(crate) balancer: Arc<Memory>,
    router: Router,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Answer {
    /// The status and the error type.
    pub(crate) fn error(&self) -> (u16, &str) {
        (self.status.as_u16(), self.body.pointer("/error/type").and_then(Value::as_str).unwrap_or("none"))
    }
}

/// Settings for a service that forgets and lets everybody in.
pub(crate) fn settings() -> Settings {
    Settings {
        public_url: Some("http://otter.test".to_owned()),
        database: "sqlite::memory:".to_owned(),
        auth: Auth::None,
        ..Settings::default()
    }
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::with(settings()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        Self::driving(settings, |launcher| launcher).await
    }

    /// With something between the service and its imagined servers.
    pub(crate) async fn driving(
        settings: Settings,
        wrap: impl FnOnce(Arc<Simulated>) -> Arc<dyn Launcher>,
    ) -> Self {
        Self::between(settings, wrap, |balancer| balancer).await
    }

    /// With something before its balancer, too.
    pub(crate) async fn between(
        settings: Settings,
        launcher_of: impl FnOnce(Arc<Simulated>) -> Arc<dyn Launcher>,
        balancer_of: impl FnOnce(Arc<Memory>) -> Arc<dyn Balancer>,
    ) -> Self {
        let clock = MovedClock::new();
        let launcher = Arc::new(Simulated::new(clock.clone(), BOOT));
        let balancer = Arc::new(Memory::default());
        let parts = Parts {
            settings,
            clock: clock.clone(),
            launcher: launcher_of(launcher.clone()),
            balancer: balancer_of(balancer.clone()),
        };
        let app = App::start(parts).await.unwrap();
        let router = otter::router(app.clone());
        Self { app, clock, launcher, balancer, router }
    }

    /// A request under the tenant's path.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.ask_at(method, &format!("/v1.0/{TENANT}{path}"), body).await
    }

    /// A request.
    pub(crate) async fn ask_at(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.send(Request::builder().method(method).uri(path).body(Body::from(body)).unwrap()).await
    }

    /// Any request; it and its answer are held against the description of the API.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = request.into_parts();
        let (method, path) = (parts.method.to_string(), parts.uri.path().to_owned());
        let sent = to_bytes(body, usize::MAX).await.unwrap();
        let request = Request::from_parts(parts, Body::from(sent.clone()));
        let answer = answer_of(self.router.clone(), request).await;
        let sent = serde_json::from_slice(&sent).unwrap_or_default();
        crate::openapi::check(&method, &path, &sent, &answer);
        answer
    }

    /// Any request to the operator's listener.
    pub(crate) async fn send_to_operator(&self, request: Request<Body>) -> Answer {
        answer_of(otter::admin_router(self.app.clone()), request).await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.body
    }

    /// A group of this size with these policies; returns its id and those of the policies.
    pub(crate) async fn group(&self, min: u32, max: u32, policies: Value) -> (String, Vec<String>) {
        let mut body = new_group(min, max);
        body["scalingPolicies"] = policies;
        self.created(body).await
    }

    pub(crate) async fn created(&self, body: Value) -> (String, Vec<String>) {
        let answer = self.ask("POST", "/groups", Some(body)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let policies = answer.body["group"]["scalingPolicies"].as_array().unwrap();
        let policies = policies.iter().map(|policy| policy["id"].as_str().unwrap().to_owned());
        (answer.body["group"]["id"].as_str().unwrap().to_owned(), policies.collect())
    }

    pub(crate) async fn state(&self, group: &str) -> Value {
        self.get(&format!("/groups/{group}/state")).await["group"].take()
    }

    /// active, pending, desired
    pub(crate) async fn capacities(&self, group: &str) -> [i64; 3] {
        let state = self.state(group).await;
        ["activeCapacity", "pendingCapacity", "desiredCapacity"].map(|key| state[key].as_i64().unwrap())
    }

    pub(crate) async fn execute(&self, group: &str, policy: &str) -> Answer {
        self.ask("POST", &format!("/groups/{group}/policies/{policy}/execute"), None).await
    }

    /// Moves the clock and waits until the service has done what was due.
    pub(crate) async fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.app.settled().await;
    }

    /// Lets what is under way be done and what boots be booted.
    pub(crate) async fn booted(&self) {
        self.app.settled().await;
        self.pass(BOOT).await;
        // The end of a boot is told by a task of its own, which may come after the look of `pass`.
        self.pass(Duration::from_secs(10)).await;
    }
}

/// A service whose launcher fails like this, and a group of so many servers after its first round.
pub(crate) async fn failing(failures: Failures, min: u32) -> (Service, String) {
    let service = Service::start().await;
    service.launcher.fail(failures);
    let (group, _) = service.group(min, 5, json!([])).await;
    service.app.settled().await;
    (service, group)
}

async fn answer_of(router: Router, request: Request<Body>) -> Answer {
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let text = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
    let body = serde_json::from_str(&text).unwrap_or_default();
    Answer { status: parts.status, headers: parts.headers, body, text }
}

/// The URL of a database in a file of this folder.
pub(crate) fn database_in(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("otter.db").display())
}

/// The URL with which anybody can execute what this webhook is for.
pub(crate) fn capability(webhook: &Value) -> &str {
    let links = webhook["links"].as_array().unwrap();
    links.iter().find(|link| link["rel"] == "capability").unwrap()["href"].as_str().unwrap()
}

/// The body that creates a group.
pub(crate) fn new_group(min: u32, max: u32) -> Value {
    json!({
        "groupConfiguration": {"name": "web", "cooldown": 0, "minEntities": min, "maxEntities": max},
        "launchConfiguration": {"type": "launch_server", "args": {
            "server": {"flavorRef": "general1-2", "imageRef": "an-image", "name": "web"}}},
    })
}

/// The same behind balancer 7.
pub(crate) fn balanced_group(min: u32, max: u32) -> Value {
    let mut body = new_group(min, max);
    body["launchConfiguration"]["args"]["loadBalancers"] = json!([{"loadBalancerId": 7, "port": 80}]);
    body
}

/// A policy that adds so many.
pub(crate) fn change(by: i64) -> Value {
    json!({"name": format!("change {by}"), "cooldown": 0, "type": "webhook", "change": by})
}

/// The keys of an object.
pub(crate) fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>()
}

/// Metadata by name, for asserting on a server.
pub(crate) fn sorted(metadata: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    metadata.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
}
