//! Heroku: one app, its formation and dynos, the Platform API over them, and the page that they serve.
//!
//! Reading order: [`Heroku`] here (what there is, by the sandbox's clock), `api` (the wire), `page` (the app
//! itself, whose answers take longer the more it carries).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use otter::clock::Clock as _;

mod api;
mod page;

use crate::clock::MovableClock;
use crate::plan::{HerokuPlan, Plan};
pub(crate) use page::serve;

/// Requests that an account may make at once, and gets back within an hour ("Rate limits").
const ALLOWANCE: f64 = 4_500.0;
const HOUR: f64 = 3_600.0;
/// Sizes of which a process type can have one only.
const SINGLE: [&str; 2] = ["eco", "basic"];

/// The one app.
#[derive(Debug)]
pub struct Heroku {
    plan: HerokuPlan,
    boot_delay: std::time::Duration,
    clock: Arc<MovableClock>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    processes: BTreeMap<String, Process>,
    /// Changes of a quantity that were carried out.
    changes: u64,
    /// What the app carries, in requests a second.
    load: f64,
    allowance: f64,
    refilled: Timestamp,
}

#[derive(Debug)]
struct Process {
    size: String,
    dynos: Vec<Dyno>,
}

/// One dyno; its number is its place.
#[derive(Debug, Clone)]
struct Dyno {
    up_at: Timestamp,
    crashed: bool,
}

impl Dyno {
    /// The state as the Platform API words it.
    fn state(&self, now: Timestamp) -> &'static str {
        match (self.crashed, self.up_at <= now) {
            (true, _) => "crashed",
            (false, true) => "up",
            (false, false) => "starting",
        }
    }
}

/// Why a quantity cannot be set.
#[derive(Debug, PartialEq, Eq)]
enum Unscalable {
    NoSuchProcess,
    /// More than one of this size.
    Single(String),
}

impl Heroku {
    /// The app of a plan, all its dynos up.
    pub(crate) fn new(plan: &Plan, clock: Arc<MovableClock>) -> Arc<Self> {
        let now = clock.now();
        let process = |(name, size, quantity): &(String, String, u32)| {
            let dynos = vec![Dyno { up_at: now, crashed: false }; *quantity as usize];
            (name.clone(), Process { size: size.clone(), dynos })
        };
        let processes = plan.heroku.processes.iter().map(process).collect();
        let inner = Inner { processes, changes: 0, load: 0.0, allowance: ALLOWANCE, refilled: now };
        let (plan, boot_delay) = (plan.heroku.clone(), plan.boot_delay);
        Arc::new(Self { plan, boot_delay, clock, inner: Mutex::new(inner) })
    }

    /// The dynos asked for of a process type; none of one that there is not.
    pub fn quantity(&self, process: &str) -> u32 {
        self.inner().processes.get(process).map_or(0, |process| process.dynos.len() as u32)
    }

    /// How often a quantity was changed by the Platform API, whatever the client was told.
    pub fn changes(&self) -> u64 {
        self.inner().changes
    }

    /// Sets a quantity past the Platform API, as somebody at Heroku's dashboard does.
    pub fn set_by_hand(&self, process: &str, quantity: u32) {
        let (up_at, mut inner) = (self.clock.after(self.boot_delay), self.inner());
        if let Some(process) = inner.processes.get_mut(process) {
            process.dynos.resize(quantity as usize, Dyno { up_at, crashed: false });
        }
    }

    /// Lets the last dyno of a process type crash.
    pub fn crash_one(&self, process: &str) {
        if let Some(dyno) =
            self.inner().processes.get_mut(process).and_then(|process| process.dynos.last_mut())
        {
            dyno.crashed = true;
        }
    }

    /// What the app carries from now on, in requests a second.
    pub fn set_load(&self, load: f64) {
        self.inner().load = load;
    }

    /// Leaves the account so many requests for now.
    pub fn set_allowance(&self, requests: u32) {
        let now = self.clock.now();
        let mut inner = self.inner();
        (inner.allowance, inner.refilled) = (f64::from(requests), now);
    }

    /// How long the app takes to answer, and whether it can at all.
    fn response_time(&self) -> Option<std::time::Duration> {
        let (now, inner) = (self.clock.now(), self.inner());
        let up = inner
            .processes
            .get("web")
            .map_or(0, |web| web.dynos.iter().filter(|dyno| dyno.state(now) == "up").count());
        self.plan.response_time(inner.load, up)
    }

    /// Sets a quantity: dynos are added at the end and taken from there.
    fn scale(&self, process: &str, quantity: u32) -> Result<(), Unscalable> {
        let (up_at, mut inner) = (self.clock.after(self.boot_delay), self.inner());
        let found = inner.processes.get_mut(process).ok_or(Unscalable::NoSuchProcess)?;
        if quantity > 1 && SINGLE.contains(&found.size.as_str()) {
            return Err(Unscalable::Single(found.size.clone()));
        }
        found.dynos.resize(quantity as usize, Dyno { up_at, crashed: false });
        inner.changes += 1;
        Ok(())
    }

    /// Takes one request off the account's allowance and tells what is left, or in how many seconds there
    /// will be one.
    fn take_request(&self) -> Result<u32, u64> {
        let now = self.clock.now();
        let mut inner = self.inner();
        let since = now.duration_since(inner.refilled).as_secs_f64().max(0.0);
        inner.allowance = (inner.allowance + since * ALLOWANCE / HOUR).min(ALLOWANCE);
        inner.refilled = now;
        if inner.allowance < 1.0 {
            let missing = (1.0 - inner.allowance) * HOUR / ALLOWANCE;
            return Err(missing.ceil() as u64);
        }
        inner.allowance -= 1.0;
        Ok(inner.allowance as u32)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn heroku() -> Arc<Heroku> {
        let clock = Arc::new(MovableClock::default());
        clock.freeze();
        Heroku::new(&Plan { boot_delay: Duration::from_secs(10), ..Plan::default() }, clock)
    }

    #[test]
    fn a_dyno_takes_its_time_to_start() {
        let heroku = heroku();
        assert_eq!(heroku.scale("web", 3), Ok(()));
        let states = || {
            let now = heroku.clock.now();
            let inner = heroku.inner();
            inner.processes["web"].dynos.iter().map(|dyno| dyno.state(now)).collect::<Vec<_>>()
        };
        assert_eq!(states(), ["up", "starting", "starting"]);
        heroku.clock.advance(Duration::from_secs(10));
        assert_eq!(states(), ["up", "up", "up"]);
        heroku.crash_one("web");
        assert_eq!(states(), ["up", "up", "crashed"]);
    }

    #[test]
    fn an_allowance_runs_out_and_comes_back() {
        let heroku = heroku();
        heroku.set_allowance(1);
        assert_eq!(heroku.take_request(), Ok(0));
        assert_eq!(heroku.take_request(), Err(1));
        heroku.clock.advance(Duration::from_secs(1));
        assert_eq!(heroku.take_request(), Ok(0));
    }

    #[test]
    fn an_answer_takes_longer_the_more_there_is_to_carry() {
        let heroku = heroku();
        let time_at = |load| {
            heroku.set_load(load);
            heroku.response_time().expect("a web dyno is up")
        };
        assert!(time_at(0.0) < time_at(5.0) && time_at(5.0) < time_at(9.0), "queues grow");
        assert_eq!(time_at(1000.0), heroku.plan.slowest);
        heroku.set_by_hand("web", 0);
        assert_eq!(heroku.response_time(), None);
    }
}
