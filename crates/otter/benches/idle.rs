//! What a hundred thousand groups cost that have nothing due: share of a core and resident memory. Run it
//! with `cargo bench -p otter --bench idle` (Linux).
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use futures::{StreamExt, stream};
use otter::balancer::Memory;
use otter::clock::SystemClock;
use otter::launcher::Simulated;
use otter::settings::{Auth, Settings};
use otter::{App, Parts};
use serde_json::json;
use tower::ServiceExt;

const GROUPS: usize = 100_000;
const WATCHED: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let database = format!("sqlite:{}", folder.path().join("otter.db").display());
    let mut settings = Settings { database, auth: Auth::None, ..Settings::default() };
    settings.limits.rates = false;
    settings.limits.max_groups = GROUPS as u64;
    for (self_heal, name) in [(Duration::ZERO, "off"), (Duration::from_secs(30), "every 30 s")] {
        settings.converge.self_heal = self_heal;
        let clock = Arc::new(SystemClock);
        let launcher = Arc::new(Simulated::new(clock.clone(), Duration::ZERO));
        let parts =
            Parts { settings: settings.clone(), clock, launcher, balancer: Arc::new(Memory::default()) };
        let app = App::start(parts).await.unwrap();
        if self_heal.is_zero() {
            fill(&app).await;
        }
        app.settled().await;
        let (began, before) = (Instant::now(), cpu_seconds());
        tokio::time::sleep(WATCHED).await;
        let share = (cpu_seconds() - before) / began.elapsed().as_secs_f64() * 100.0;
        println!(
            "{GROUPS} idle groups, self-heal {name}: {share:.2} % of a core, {} MB resident",
            resident()
        );
        app.stop().await;
    }
}

/// Creates the groups, some at a time.
async fn fill(app: &App) {
    let router = otter::router(app.clone());
    let body = json!({
        "groupConfiguration": {"name": "g", "cooldown": 0, "minEntities": 0, "maxEntities": 2},
        "launchConfiguration": {"type": "launch_server", "args": {"server": {"flavorRef": "f", "imageRef": "i"}}},
        "scalingPolicies": [{"name": "p", "cooldown": 0, "type": "webhook", "change": 1}],
    })
    .to_string();
    let work = stream::iter(0..GROUPS).map(|_| {
        let request = Request::post("/v1.0/t/groups").body(Body::from(body.clone())).unwrap();
        router.clone().oneshot(request)
    });
    work.buffer_unordered(64).for_each(async |answer| assert_eq!(answer.unwrap().status(), 201)).await;
}

/// User and system time of this process (proc(5), fields 14 and 15, in ticks of 10 ms).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}
