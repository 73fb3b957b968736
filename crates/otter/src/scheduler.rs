//! Whether schedules are run: the operator can stop them, and start them again by naming another path.
//!
//! The path says nothing here. It named the place where the original's machines shared the schedules out, and
//! its clients rely on a second reset with the same path being refused.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Runs from the start, with no path, until the operator stops it.
pub(crate) struct Scheduler(Mutex<State>);

struct State {
    path: String,
    runs: bool,
}

impl Default for Scheduler {
    fn default() -> Self {
        Self(Mutex::new(State { path: String::new(), runs: true }))
    }
}

impl Scheduler {
    /// Whether schedules are run.
    pub(crate) fn runs(&self) -> bool {
        self.state().runs
    }

    /// Whether it was last started with this path.
    pub(crate) fn is_at(&self, path: &str) -> bool {
        self.state().path == path
    }

    /// Runs no more schedules.
    pub(crate) fn stop(&self) {
        self.state().runs = false;
    }

    /// Runs schedules again.
    pub(crate) fn start(&self, path: &str) {
        *self.state() = State { path: path.to_owned(), runs: true };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
