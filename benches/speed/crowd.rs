//! A thousand groups on fifty balancers in one pass: what is asked, and how fast beside bare sockets.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use loadscale::files::{self, Durability};
use serde_json::{Value, json};

use crate::cloud::{Asked, Cloud};
use crate::http::{self, Request};
use crate::measure::{Cost, run, side_by_side};
use crate::program::{loadscale, token};

const GROUPS: usize = 1000;
const BALANCERS: usize = 50;
const ROUNDS: usize = 7;

/// Requests in flight at once: as many groups as the controller works side by side.
const CONCURRENCY: usize = 64;

/// The program's requests a second over those of bare sockets.
const GOAL: f64 = 0.4;

pub(crate) fn figure() -> Result<()> {
    let cloud = Cloud::start(GROUPS, BALANCERS)?;
    let state_dir = cloud.folder.path().join("state");
    for pass in ["first pass, nothing known", "next pass, all remembered"] {
        let since = cloud.requests(u64::MAX)?.total;
        run(&mut loadscale(&cloud, &state_dir))?;
        println!("  {pass}: {}", told(&cloud.requests(since)?));
    }
    let since = cloud.requests(u64::MAX)?.total;
    details_due(&cloud, &state_dir)?;
    let asked = cloud.requests(since)?;
    println!("  a pass with details due: {}", told(&asked));
    let requests = replay(&cloud, &asked, &state_dir)?;
    let flood = || {
        let wall = http::flood(&requests, CONCURRENCY)?;
        Ok(Cost { wall, cpu: Duration::ZERO })
    };
    let (ours, bare) = side_by_side(ROUNDS, || details_due(&cloud, &state_dir), flood)?;
    let rate = |cost: Cost| requests.len() as f64 / cost.wall.as_secs_f64();
    let (ours, bare) = (rate(ours), rate(bare));
    println!("  {ours:.0} requests/s to {bare:.0} requests/s  ratio {:.2} (at least {GOAL})", ours / bare);
    Ok(())
}

/// A pass as there is one every ten minutes: the details of every group are too old to stand in.
fn details_due(cloud: &Cloud, state_dir: &Path) -> Result<Cost> {
    for folder in fs::read_dir(state_dir.join("groups"))? {
        let path = folder?.path().join("checkpoint.json");
        let mut checkpoint: Value = serde_json::from_slice(&fs::read(&path)?)?;
        checkpoint["state"]["last"]["seen"]["fleet"]["Ok"]["details_at"] = json!("2000-01-01T00:00:00Z");
        files::replace(&path, checkpoint.to_string().as_bytes(), Durability::Cache)?;
    }
    Ok(run(&mut loadscale(cloud, state_dir))?.0)
}

/// How often each kind of request was made.
fn told(asked: &Asked) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for request in &asked.requests {
        *counts.entry(&request.ask).or_default() += 1;
    }
    let counts: Vec<String> = counts.into_iter().map(|(ask, count)| format!("{count} {ask}")).collect();
    counts.join(", ")
}

/// The same requests again, for bare sockets.
fn replay(cloud: &Cloud, asked: &Asked, state_dir: &Path) -> Result<Vec<Request>> {
    let token = token(state_dir)?;
    let reads = asked.requests.iter().filter(|request| request.ask != "execute");
    reads
        .map(|request| Ok(Request::signed(cloud.places.origin(&request.ask)?, &request.path, &token)))
        .collect()
}
