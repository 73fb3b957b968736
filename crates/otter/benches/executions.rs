//! Durable executions a second, against a bare loop of transactions with the same statements and sync
//! setting; medians of interleaved runs. Run it with `cargo bench -p otter --bench executions`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use otter::balancer::Memory;
use otter::clock::SystemClock;
use otter::launcher::Simulated;
use otter::settings::{Auth, Settings};
use otter::{App, Parts};
use serde_json::{Value, json};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use tower::ServiceExt;

const GROUPS: usize = 256;
const RUNS: usize = 7;
const RUN: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let url = format!("sqlite:{}", folder.path().join("otter.db").display());
    let (app, router, paths) = service(&url).await;
    let (mut bare, mut served) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        bare.push(bare_loop(&url, &paths).await);
        served.push(executions(&router, &paths).await);
    }
    let (bare, served) = (median(bare), median(served));
    println!("bare transaction loop   {bare:>9.0} a second");
    println!("executions over the API {served:>9.0} a second");
    println!("ratio                   {:>9.2}", served / bare);
    app.stop().await;
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// A service with many groups, and the paths that execute a policy of each.
async fn service(url: &str) -> (App, Router, Vec<String>) {
    let mut settings = Settings { database: url.to_owned(), auth: Auth::None, ..Settings::default() };
    settings.limits.rates = false;
    let clock = Arc::new(SystemClock);
    let launcher = Arc::new(Simulated::new(clock.clone(), Duration::from_secs(3600)));
    let app =
        App::start(Parts { settings, clock, launcher, balancer: Arc::new(Memory::default()) }).await.unwrap();
    let router = otter::router(app.clone());
    let mut paths = Vec::new();
    for _ in 0..GROUPS {
        let policies: Vec<Value> = [0, 1]
            .iter()
            .map(|n| json!({"name": "p", "cooldown": 0, "type": "webhook", "desiredCapacity": n}))
            .collect();
        let body = json!({
            "groupConfiguration": {"name": "g", "cooldown": 0, "minEntities": 0, "maxEntities": 2},
            "launchConfiguration": {"type": "launch_server",
                "args": {"server": {"flavorRef": "f", "imageRef": "i"}}},
            "scalingPolicies": policies,
        });
        let request = Request::post("/v1.0/t/groups").body(Body::from(body.to_string())).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        let made: Value = serde_json::from_slice(&bytes).unwrap();
        let group = made["group"]["id"].as_str().unwrap();
        for policy in made["group"]["scalingPolicies"].as_array().unwrap().iter().rev() {
            paths.push(format!("/v1.0/t/groups/{group}/policies/{}/execute", policy["id"].as_str().unwrap()));
        }
    }
    (app, router, paths)
}

/// Executes up and down in all groups at once, each group's executions in order.
async fn executions(router: &Router, paths: &[String]) -> f64 {
    let began = Instant::now();
    let work = paths.chunks(2).map(|pair| {
        let (router, pair) = (router.clone(), pair.to_vec());
        tokio::spawn(async move {
            let mut done = 0;
            for path in pair.iter().cycle() {
                let request = Request::post(path).body(Body::empty()).unwrap();
                let answer = router.clone().oneshot(request).await.unwrap();
                done += usize::from(answer.status() == 202);
                if began.elapsed() > RUN {
                    break;
                }
            }
            done
        })
    });
    let done: usize = futures::future::join_all(work).await.into_iter().map(Result::unwrap).sum();
    rate(done, began)
}

#[allow(clippy::cast_precision_loss)]
fn rate(done: usize, began: Instant) -> f64 {
    done as f64 / began.elapsed().as_secs_f64()
}

/// The statements of an execution, one transaction after the other on one connection.
async fn bare_loop(url: &str, paths: &[String]) -> f64 {
    let options = SqliteConnectOptions::from_str(url).unwrap();
    let options = options.synchronous(SqliteSynchronous::Full).busy_timeout(Duration::from_secs(10));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let names: Vec<Vec<&str>> = paths.iter().map(|path| path.split('/').collect()).collect();
    let (began, mut done) = (Instant::now(), 0);
    while began.elapsed() < RUN {
        let name = &names[done % names.len()];
        transaction(&mut connection, name[4], name[6]).await.unwrap();
        done += 1;
    }
    rate(done, began)
}

async fn transaction(connection: &mut SqliteConnection, group: &str, policy: &str) -> sqlx::Result<()> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
    sqlx::query("SELECT * FROM groups WHERE tenant = 't' AND id = $1")
        .bind(group)
        .fetch_one(&mut *connection)
        .await?;
    sqlx::query("SELECT * FROM policies WHERE tenant = 't' AND group_id = $1 AND id = $2")
        .bind(group)
        .bind(policy)
        .fetch_one(&mut *connection)
        .await?;
    sqlx::query("UPDATE policies SET touched = 1 WHERE tenant = 't' AND group_id = $1 AND id = $2")
        .bind(group)
        .bind(policy)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "UPDATE groups SET desired = 1 - desired, touched = 1, paused = FALSE, suspended = FALSE, \
         deleting = FALSE, status = 'ACTIVE', errors = '[]', wanted = wanted + 1, retries = 0, failures = 0 \
         WHERE tenant = 't' AND id = $1",
    )
    .bind(group)
    .execute(&mut *connection)
    .await?;
    sqlx::query("INSERT INTO history (tenant, group_id, at, document) VALUES ('t', $1, 1, $2)")
        .bind(group)
        .bind("{\"at\":\"2030-01-01T00:00:00Z\",\"cause\":{\"kind\":\"created\"},\"from\":0,\"to\":1}")
        .execute(&mut *connection)
        .await?;
    sqlx::query("COMMIT").execute(&mut *connection).await?;
    Ok(())
}
