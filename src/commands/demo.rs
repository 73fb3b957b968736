//! `loadscale demo`: the main job on a local cloud with real traffic, a day in under a minute.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use sandbox::{BackendPlan, GroupPlan, Plan, PolicyPlan, Sandbox, Traffic, Wave};
use tokio::time::Instant;

use crate::cli::CommonArgs;
use crate::controller::{Controller, tick_now, timed};
use crate::exit::Exit;
use crate::files::{self, Durability};
use crate::output::{Printer, count};
use crate::record::{Action, Record};
use crate::settings::Surroundings;
use crate::setup::Setup;
use crate::signals::{Asked, Signals};

pub mod heroku;

/// A day of the demo.
const DAY: Duration = Duration::from_secs(40);
/// From pass to pass.
const INTERVAL: Duration = Duration::from_millis(1000);
/// From one number of connections to the next.
const STEP: Duration = Duration::from_millis(200);
/// Connections that one server carries well here.
const CAPACITY: f64 = 10.0;
const BALANCER: &str = "load_balancer";
const WAVE: Wave = Wave { night: 12, noon: 60, crowd: 45 };
/// Width of the load's bar, in characters.
const BAR: usize = 40;

/// Runs the demo to its end, or until it is asked to stop.
///
/// # Errors
/// When the local cloud cannot be started.
pub async fn run(common: &CommonArgs) -> Result<Exit> {
    let mut signals = Signals::listen().context("signals cannot be listened to")?;
    let cloud = Sandbox::start(plan()).await?;
    let folder = tempfile::tempdir().context("no temporary folder for settings and journal")?;
    let controller = controller(&cloud, folder.path())?;
    let traffic = cloud.traffic(BALANCER).context("the sandbox has no traffic")?;
    let mut stage = Stage::new(common.json);
    stage.opening();
    tokio::select! {
        () = drive(traffic) => {}
        () = passes(&controller, &mut stage) => {}
        () = stopped(&mut signals) => {}
    }
    stage.closing(traffic);
    cloud.shutdown().await;
    Ok(Exit::Done)
}

async fn stopped(signals: &mut Signals) {
    while signals.next().await != Asked::Stop {}
}

fn plan() -> Plan {
    let policies = [("add_on", 1), ("add_3", 3), ("remove_1", -1)];
    let group = GroupPlan {
        min: 2,
        max: 14,
        policies: policies.map(|(name, by)| PolicyPlan::change(name, by)).to_vec(),
        ..GroupPlan::default()
    };
    Plan {
        boot_delay: Duration::from_millis(1500),
        backend: BackendPlan { connections: 16, ..BackendPlan::default() },
        groups: vec![group],
        ..Plan::default()
    }
}

/// An ordinary controller from an ordinary settings file, as a user would write it for this cloud.
fn controller(cloud: &Sandbox, folder: &Path) -> Result<Controller> {
    let settings = folder.join("settings.toml");
    let credentials = folder.join("credentials");
    files::replace(&credentials, cloud.credentials().as_bytes(), Durability::Cache)?;
    files::replace(&settings, settings_text(cloud, &credentials).as_bytes(), Durability::Cache)?;
    // The user's own environment must not reach into the demo.
    let around = Surroundings { folder: folder.to_owned(), ..Surroundings::default() };
    Setup::load_in(&around, Some(&settings), &folder.join("state"), &[])?.controller(false)
}

fn settings_text(cloud: &Sandbox, credentials: &Path) -> String {
    let mut text = cloud.settings_toml(credentials);
    // The sandbox's settings are for a cloud at leisure; a day of forty seconds needs haste.
    text = text.replace("default = 50", &format!("default = {CAPACITY}"));
    text
}

/// A day of connections.
async fn drive(traffic: &Traffic) {
    let start = Instant::now();
    let mut steps = timed::ticks(STEP);
    while start.elapsed() < DAY {
        steps.tick().await;
        let t = start.elapsed().as_secs_f64() / DAY.as_secs_f64();
        traffic.set(WAVE.connections(t.min(1.0))).await;
    }
}

async fn passes(controller: &Controller, stage: &mut Stage) {
    let mut ticks = timed::ticks(INTERVAL);
    loop {
        ticks.tick().await;
        controller.tick(tick_now(INTERVAL), |record| stage.show(record)).await;
    }
}

/// What is shown, and what is summed up at the end.
struct Stage {
    printer: Printer,
    json: bool,
    start: Instant,
    sums: Sums,
}

/// The demo in numbers.
#[derive(Default)]
struct Sums {
    passes: u32,
    short: u32,
    peak_load: u64,
    peak_servers: u32,
    up: u32,
    down: u32,
}

impl Stage {
    fn new(json: bool) -> Stage {
        Stage { printer: Printer::new(json, []), json, start: Instant::now(), sums: Sums::default() }
    }

    fn opening(&mut self) {
        if self.json {
            return;
        }
        self.printer.line(&format!(
            "A day in {} s on a local cloud: real connections, {CAPACITY} of them are what a server carries well,",
            DAY.as_secs()
        ));
        self.printer.line("and a server takes 1.5 s to boot. # load, | capacity of the serving servers.\n");
    }

    fn show(&mut self, record: &Record) {
        self.sums.add(record);
        match self.json {
            true => self.printer.record(record),
            false => self.printer.line(&line(record, self.start.elapsed())),
        }
    }

    fn closing(&mut self, traffic: &Traffic) {
        if self.json {
            return;
        }
        let Sums { passes, short, peak_load, peak_servers, up, down } = self.sums;
        let share = 100.0 * f64::from(short) / f64::from(passes.max(1));
        self.printer.line(&format!(
            "\nPeak {peak_load} connections on {peak_servers} servers; {up} moves up, {down} down; \
             short in {share:.0} % of {passes} passes; {} connections refused.",
            traffic.refused()
        ));
    }
}

impl Sums {
    fn add(&mut self, record: &Record) {
        self.passes += 1;
        self.short += u32::from(record.utilization.is_some_and(|u| u > 1.0));
        self.peak_load = self.peak_load.max(record.connections.unwrap_or(0));
        self.peak_servers = self.peak_servers.max(record.servers.serving.unwrap_or(0));
        match record.action {
            Action::ScaleUp => self.up += 1,
            Action::ScaleDown => self.down += 1,
            Action::Hold => {}
        }
    }
}

/// `value` as a bar with a stroke at each of `marks`; a whole bar is `full`.
fn bar(value: f64, marks: &[f64], full: f64) -> String {
    let cell = |value: f64| ((value / full * BAR as f64).round() as usize).min(BAR);
    let mut bar: Vec<char> = (0..=BAR).map(|at| if at < cell(value) { '#' } else { ' ' }).collect();
    marks.iter().for_each(|mark| bar[cell(*mark)] = '|');
    bar.into_iter().collect()
}

/// One pass as a picture: the load as a bar against capacity, the servers, and what was decided.
fn line(record: &Record, elapsed: Duration) -> String {
    let (load, capacity) = (record.connections.unwrap_or(0) as f64, record.capacity.unwrap_or(0.0));
    let full = f64::from(14) * CAPACITY;
    let mut text = format!("{:>5.1} s {load:>4} {}", elapsed.as_secs_f64(), bar(load, &[capacity], full));
    let servers = &record.servers;
    let _ = write!(text, " {:>2} of {:>2} servers  ", count(servers.serving), count(servers.desired));
    match (&record.policy, record.desired_from, record.desired_to) {
        (Some(policy), Some(from), Some(to)) => {
            let _ = write!(text, "{policy}: {from} to {to}");
        }
        _ => text.push_str(&record.reason),
    }
    text
}
