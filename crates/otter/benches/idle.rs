//! What a hundred thousand groups cost that have nothing due: share of a core and resident memory. Run it
//! with `cargo bench -p otter --bench idle` (Linux).
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use otter::balancer::Memory;
use otter::clock::SystemClock;
use otter::launcher::Simulated;
use otter::model::state::Group;
use otter::model::{GroupConfig, GroupKey, Launch, Policy, Problems, StoredPolicy};
use otter::settings::{Auth, Settings};
use otter::store::{self, Durability, Rows, Sqlite, Store};
use otter::{App, Parts};
use serde_json::json;

const GROUPS: usize = 100_000;
/// Groups written in one transaction.
const BATCH: usize = 1000;
const WATCHED: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let database = format!("sqlite:{}", folder.path().join("otter.db").display());
    fill(&database).await;
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

/// Writes the groups, each with a policy, a thousand a transaction: what they cost is measured afterwards.
async fn fill(database: &str) {
    let store = Sqlite::open(database, Durability::Off).await.unwrap();
    for batch in 0..GROUPS / BATCH {
        store::change(&store, move |rows| Box::pin(write(rows, batch))).await.unwrap();
    }
    store.close().await;
}

async fn write(rows: &mut dyn Rows, batch: usize) -> store::Result<()> {
    for number in batch * BATCH..(batch + 1) * BATCH {
        let (group, policy) = idle(number);
        rows.insert_group(&group, &launch(), Timestamp::now()).await?;
        rows.insert_policy(&group.key, &policy).await?;
    }
    Ok(())
}

fn launch() -> Launch {
    Launch::stored(json!({"type": "launch_server", "args": {"server": {"flavorRef": "f", "imageRef": "i"}}}))
}

/// A group of nothing with nothing due.
fn idle(number: usize) -> (Group, StoredPolicy) {
    let mut problems = Problems::default();
    let config = json!({"name": "g", "cooldown": 0, "minEntities": 0, "maxEntities": 2});
    let policy = json!({"name": "p", "cooldown": 0, "type": "webhook", "change": 1});
    let config = GroupConfig::read_new("", &config, &mut problems).unwrap();
    let policy = Policy::read("", &policy, &mut problems).unwrap();
    let key = GroupKey { tenant: "t".to_owned(), group: format!("group-{number:032}") };
    let group = Group::new(key, config);
    (group, StoredPolicy { id: format!("policy-{number:032}"), policy, touched: None, due: None })
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
