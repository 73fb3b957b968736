//! The past of a live group: what its journal tells of load and servers, as a trace and as the course it took.

use std::time::Duration;

use jiff::Timestamp;

#[cfg(test)]
mod tests;

use super::trace::{Sample, Trace, interval};
use super::{Course, Setup, ticks};
use crate::decide::{BOOTS, USUAL_BOOT, boot_seen};
use crate::journal::{Entry, Thinned};
use crate::model::{Capacity, Fleet, Rules, elapsed};
use crate::table::BadTable;

/// Fewer passes with a load than this tell nothing of a rule.
pub const FEWEST_PASSES: usize = 60;

/// What has been read of a journal.
#[derive(Debug, Default)]
pub struct History {
    passes: Vec<Thinned>,
    fleet: Option<Fleet>,
    capacity: Option<Capacity>,
    /// As the rules had it last.
    boot_timeout: Option<Duration>,
}

/// Why a past cannot be replayed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// There are none, or too few.
    #[error("{found} passes with a load are too few; a replay needs {FEWEST_PASSES}")]
    TooFew {
        /// Passes with a load.
        found: usize,
    },
    /// No whole pass tells what a server carries and how the group is moved.
    #[error("no pass could read both the group and what its servers carry")]
    Unknown,
    /// The passes do not make a trace.
    #[error(transparent)]
    BadTrace(#[from] BadTable),
}

/// A past that can be replayed.
#[derive(Debug)]
pub struct Past {
    /// The load.
    pub trace: Trace,
    /// What became of the group.
    pub course: Course,
    /// The group as it was last.
    pub fleet: Fleet,
    /// What its servers carried last.
    pub capacity: Capacity,
    /// How long a server took to boot, if one was seen to.
    pub boot: Option<Duration>,
}

impl Past {
    /// The world that the group lived in, where a server boots for `boot`, else as long as was seen.
    pub fn setup(&self, boot: Option<Duration>) -> Setup {
        let boot = boot.or(self.boot).unwrap_or(USUAL_BOOT);
        Setup {
            capacity: self.capacity.per_server,
            fixed: self.capacity.fixed,
            boot: ticks(boot, self.trace.tick),
            limits: self.fleet.limits,
        }
    }
}

impl History {
    /// Takes in the next entry of a journal.
    pub fn take(&mut self, entry: &Entry) {
        let whole = match entry {
            Entry::Pass { pass, .. } => Some(pass),
            Entry::Snapshot(state) => state.last.as_ref(),
            _ => None,
        };
        if let Some(seen) = whole.map(|pass| &pass.seen) {
            self.fleet = seen.fleet.as_ref().ok().cloned().or(self.fleet.take());
            self.capacity = seen.capacity.as_ref().ok().copied().or(self.capacity);
        }
        match entry {
            Entry::Rules { rules, .. } => self.boot_timeout = Some(rules.boot_timeout),
            Entry::Snapshot(state) => self.boot_timeout = Some(state.rules.boot_timeout),
            _ => {}
        }
        self.passes.extend(entry.outline());
    }

    /// The trace called `name` at a tick `every` so often, or as often as passes were made.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub fn past(mut self, name: &str, every: Option<Duration>) -> Result<Past, Unfit> {
        // A clock that was set back tells of some times twice: the first telling stays.
        let mut last = Timestamp::MIN;
        self.passes.retain(|pass| {
            let later = pass.at > last;
            last = last.max(pass.at);
            later
        });
        let found = self.passes.iter().filter(|pass| pass.load.is_some()).count();
        if found < FEWEST_PASSES {
            return Err(Unfit::TooFew { found });
        }
        let (fleet, capacity) = self.fleet.take().zip(self.capacity).ok_or(Unfit::Unknown)?;
        let load = self.samples(|pass| pass.load);
        let every = every.unwrap_or(self.interval());
        let trace = Trace::of(name, &load, every)?;
        let course = self.course(every)?;
        Ok(Past { trace, course, fleet, capacity, boot: self.boot() })
    }

    /// The time from pass to pass, as it mostly was.
    pub fn interval(&self) -> Duration {
        Duration::from_millis(interval(&self.samples(|_| None)).unsigned_abs())
    }

    fn samples(&self, what: impl Fn(&Thinned) -> Option<f64>) -> Vec<Sample> {
        self.passes.iter().map(|pass| Sample { at: pass.at, load: what(pass) }).collect()
    }

    /// The servers there were. Where no pass was made they are taken to have stayed.
    fn course(&self, every: Duration) -> Result<Course, BadTable> {
        let servers = |what: fn(&Thinned) -> Option<u32>| -> Result<Vec<u32>, BadTable> {
            let samples = self.samples(|pass| what(pass).map(f64::from));
            let known = Trace::of("servers", &samples, every)?.load;
            let mut last = known.iter().flatten().next().map_or(0, |first| *first as u32);
            let held = |now: Option<f64>| {
                last = now.map_or(last, |now| now as u32);
                last
            };
            Ok(known.into_iter().map(held).collect())
        };
        let (ready, desired) = (servers(|pass| pass.serving)?, servers(|pass| pass.desired)?);
        let paid: Vec<u32> = ready.iter().zip(&desired).map(|(ready, desired)| *ready.max(desired)).collect();
        let mut change: Vec<i64> =
            desired.windows(2).map(|pair| i64::from(pair[1]) - i64::from(pair[0])).collect();
        change.push(0);
        Ok(Course { ready, paid, change })
    }

    /// The longest of the last boots: from the pass before desired capacity rose to the one that saw all serve,
    /// less what that may be late.
    fn boot(&self) -> Option<Duration> {
        let boot_timeout = self.boot_timeout.unwrap_or(Rules::default().boot_timeout);
        let mut boots = Vec::new();
        let mut rose: Option<Timestamp> = None;
        for pair in self.passes.windows(2) {
            let (Some(before), Some(desired), Some(serving)) =
                (pair[0].desired, pair[1].desired, pair[1].serving)
            else {
                continue;
            };
            if desired != before {
                rose = (desired > before).then_some(pair[0].at);
            }
            if let Some(since) = rose.filter(|_| serving >= desired) {
                let (took, gap) = (elapsed(since, pair[1].at), elapsed(pair[0].at, pair[1].at));
                boots.extend(boot_seen(took, gap, boot_timeout));
                rose = None;
            }
        }
        boots.iter().rev().take(BOOTS).max().copied()
    }
}
