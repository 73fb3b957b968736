//! `loadscale demo --heroku`: an app that answers the more slowly the more it carries, and dynos that come and go.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use sandbox::{HerokuPlan, Plan, Sandbox, Wave};
use tokio::time::Instant;

use super::{INTERVAL, STEP, stopped};
use crate::cli::CommonArgs;
use crate::controller::{Controller, tick_now, timed};
use crate::exit::Exit;
use crate::files::{self, Durability};
use crate::output::{Printer, count};
use crate::record::{Action, Record};
use crate::settings::Surroundings;
use crate::setup::Setup;
use crate::signals::Signals;

/// A day of the demo.
const DAY: Duration = Duration::from_secs(45);
/// How long a dyno takes to start.
const START: Duration = Duration::from_millis(1500);
/// Requests a second, over the day.
const WAVE: Wave = Wave { night: 4, noon: 34, crowd: 20 };
/// The band of response times, in milliseconds.
const LOW: u64 = 40;
const HIGH: u64 = 100;
/// How many dynos there may be. From two to one each would carry twice as much: too much for this band.
const FEWEST: u32 = 2;
const MOST: u32 = 6;
/// The response time that fills a bar.
const FULL: f64 = 4.0 * HIGH as f64;

/// Runs the demo to its end, or until it is asked to stop.
///
/// # Errors
/// When the local Heroku cannot be started.
pub async fn run(common: &CommonArgs) -> Result<Exit> {
    let mut signals = Signals::listen().context("signals cannot be listened to")?;
    let cloud = Sandbox::start(plan()).await?;
    let folder = tempfile::tempdir().context("no temporary folder for settings and journal")?;
    let controller = controller(&cloud, folder.path())?;
    let mut stage = Stage::new(common.json);
    stage.opening();
    tokio::select! {
        () = drive(&cloud) => {}
        () = passes(&controller, &mut stage) => {}
        () = stopped(&mut signals) => {}
    }
    stage.closing();
    cloud.shutdown().await;
    Ok(Exit::Done)
}

/// No cloud but Heroku. A dyno answers in 20 ms while it is idle, and 10 requests a second are too many for it.
fn plan() -> Plan {
    let heroku = HerokuPlan {
        per_dyno: 10.0,
        quickest: Duration::from_millis(20),
        slowest: Duration::from_millis(600),
        processes: vec![("web".to_owned(), "standard-1x".to_owned(), FEWEST)],
        ..HerokuPlan::default()
    };
    Plan {
        real: false,
        load_balancers: Vec::new(),
        groups: Vec::new(),
        boot_delay: START,
        heroku,
        ..Plan::default()
    }
}

/// An ordinary controller from an ordinary settings file, as the owner of this app would write it.
fn controller(cloud: &Sandbox, folder: &Path) -> Result<Controller> {
    let settings = folder.join("settings.toml");
    files::replace(&settings, settings_text(cloud).as_bytes(), Durability::Cache)?;
    let variables = [("HEROKU_API_KEY", cloud.plan().heroku.key.as_str())].into();
    // The user's own environment must not reach into the demo.
    let around = Surroundings { variables, folder: folder.to_owned(), ..Surroundings::default() };
    Setup::load_in(&around, Some(&settings), &folder.join("state"), &[])?.controller(false)
}

fn settings_text(cloud: &Sandbox) -> String {
    let app = &cloud.plan().heroku.app;
    format!(
        "[cloud]\n\
         kind = \"none\"\n\
         endpoints = {{ heroku = {:?} }}\n\
         [[group]]\n\
         name = {app:?}\n\
         scaler = {{ kind = \"heroku\", app = {app:?} }}\n\
         monitor = {{ kind = \"heartbeat\", urls = [{:?}], high = \"{HIGH}ms\", low = \"{LOW}ms\", timeout = \"900ms\" }}\n\
         min = {FEWEST}\n\
         max = {MOST}\n\
         # A day of {} s needs haste.\n\
         scale_up_after = 2\n\
         scale_down_after = 2\n\
         [[notifier]]\n\
         kind = \"console\"\n\
         when = [\"every-scale\", \"needs-exceed-max\", \"recovered\"]\n",
        cloud.heroku_url(),
        cloud.page_url(),
        DAY.as_secs()
    )
}

/// A day of requests.
async fn drive(cloud: &Sandbox) {
    let start = Instant::now();
    let mut steps = timed::ticks(STEP);
    while start.elapsed() < DAY {
        steps.tick().await;
        cloud.heroku().set_load(WAVE.at(start.elapsed().as_secs_f64() / DAY.as_secs_f64()));
    }
}

async fn passes(controller: &Controller, stage: &mut Stage) {
    let mut ticks = timed::ticks(INTERVAL);
    loop {
        ticks.tick().await;
        // Beats may take half of a pass, and the slowest answer is not to be cut short.
        controller.tick(tick_now(2 * INTERVAL), |record| stage.show(record)).await;
    }
}

/// What is shown, and what is summed up at the end.
struct Stage {
    printer: Printer,
    json: bool,
    start: Instant,
    passes: u32,
    slow: u32,
    peak: u32,
    up: u32,
    down: u32,
}

impl Stage {
    fn new(json: bool) -> Stage {
        let (printer, start) = (Printer::new(json, []), Instant::now());
        Stage { printer, json, start, passes: 0, slow: 0, peak: 0, up: 0, down: 0 }
    }

    fn opening(&mut self) {
        if self.json {
            return;
        }
        self.printer.line(&format!(
            "A day in {} s at a local Heroku: an app that answers the more slowly the more each dyno carries.\n\
             Slower than {HIGH} ms twice in a row is too slow, faster than {LOW} ms twice in a row more than is needed.\n",
            DAY.as_secs()
        ));
    }

    fn show(&mut self, record: &Record) {
        self.passes += 1;
        self.slow += u32::from(milliseconds(record) > HIGH as f64);
        self.peak = self.peak.max(record.servers.desired.unwrap_or(0));
        match record.action {
            Action::ScaleUp => self.up += 1,
            Action::ScaleDown => self.down += 1,
            Action::Hold => {}
        }
        match self.json {
            true => self.printer.record(record),
            false => self.printer.line(&line(record, self.start.elapsed())),
        }
    }

    fn closing(&mut self) {
        if self.json {
            return;
        }
        let Stage { passes, slow, peak, up, down, .. } = *self;
        let share = 100.0 * f64::from(slow) / f64::from(passes.max(1));
        self.printer.line(&format!(
            "\nUp to {peak} dynos; {up} moves up, {down} down; too slow in {share:.0} % of {passes} passes."
        ));
    }
}

fn milliseconds(record: &Record) -> f64 {
    record.signal.as_ref().map_or(0.0, |signal| signal.value)
}

/// One pass as a picture: the response time as a bar in which the band's edges stand, the dynos, the decision.
fn line(record: &Record, elapsed: Duration) -> String {
    let value = milliseconds(record);
    let bar = super::bar(value, &[LOW as f64, HIGH as f64], FULL);
    let servers = &record.servers;
    let decided = match (record.desired_from, record.desired_to) {
        (Some(from), Some(to)) => format!("{from} to {to}"),
        _ => record.reason.clone(),
    };
    format!(
        "{:>5.1} s {value:>4.0} ms {bar} {:>2} of {:>2} dynos  {decided}",
        elapsed.as_secs_f64(),
        count(servers.active),
        count(servers.desired)
    )
}
