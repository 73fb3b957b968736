//! The running service: its parts put together once and handed to whoever needs them.

use std::sync::Arc;

use anyhow::Context;
use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::auth::{self, Gate};
use crate::balancer::Balancer;
use crate::clock::Clock;
use crate::error::Error;
use crate::intake::Intake;
use crate::key;
use crate::launcher::Launcher;
use crate::metrics::Metrics;
use crate::rates::Rates;
use crate::scheduler::Scheduler;
use crate::secret::Sealer;
use crate::service::Turns;
use crate::settings::Settings;
use crate::store::{self, Durability, Rows, Sqlite, Store};
use crate::worker::{self, Worker};

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
pub struct App(Arc<Inner>);

struct Inner {
    parts: Parts,
    public_url: String,
    store: Arc<dyn Store>,
    gate: Box<dyn Gate>,
    intake: Intake,
    sealer: Sealer,
    rates: Rates,
    scheduler: Scheduler,
    turns: Turns,
    metrics: Metrics,
    worker: Worker,
}

impl App {
    /// Opens the store that the settings name and starts the worker.
    ///
    /// # Errors
    /// When the store cannot be opened, or the settings of `auth` cannot work.
    pub async fn start(parts: Parts) -> anyhow::Result<Self> {
        let url = &parts.settings.database;
        // A database in memory is lost with the process anyway.
        let durability = if url.contains(":memory:") { Durability::Off } else { Durability::Full };
        let store =
            Sqlite::open(url, durability).await.with_context(|| format!("cannot open the database {url}"))?;
        let gate = auth::gate(&parts.settings, Arc::clone(&parts.clock))?;
        let store: Arc<dyn Store> = Arc::new(store);
        let sealed = store.read().await?.totals().await?.webhooks;
        let sealer = key::sealer(&parts.settings, sealed)?;
        // What an earlier version could not read this one may.
        store::change(&*store, |rows| Box::pin(rows.take_policies_up())).await?;
        let rates = Rates::new(&parts.settings.limits);
        let public_url = public_url(&parts.settings);
        let (worker, bench) = worker::prepare();
        let app = Self(Arc::new(Inner {
            parts,
            public_url,
            store,
            gate,
            intake: Intake::default(),
            sealer,
            rates,
            scheduler: Scheduler::default(),
            turns: Turns::default(),
            metrics: Metrics::new(),
            worker,
        }));
        app.0.worker.start(worker::run(app.clone(), bench));
        Ok(app)
    }

    /// The settings it runs with.
    pub fn settings(&self) -> &Settings {
        &self.0.parts.settings
    }

    /// What links start with, without a slash at the end.
    pub fn public_url(&self) -> &str {
        &self.0.public_url
    }

    /// The present instant of its clock.
    pub fn now(&self) -> Timestamp {
        self.0.parts.clock.now()
    }

    /// Returns when nothing is left to do at the present instant of the clock: no schedule is due, no
    /// group is being converged or due to be.
    pub async fn settled(&self) {
        self.0.worker.settled().await;
    }

    /// Turns new requests away, finishes those in hand and the rounds of convergence under way, and closes
    /// the store.
    pub async fn stop(&self) {
        self.0.intake.close().await;
        self.0.worker.stop().await;
        self.0.store.close().await;
    }

    /// Has the worker end without waiting for it: for those who cannot wait, such as a destructor.
    pub fn halt(&self) {
        self.0.worker.halt();
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0.parts.clock)
    }

    pub(crate) fn launcher(&self) -> &dyn Launcher {
        &*self.0.parts.launcher
    }

    pub(crate) fn balancer(&self) -> &dyn Balancer {
        &*self.0.parts.balancer
    }

    pub(crate) fn gate(&self) -> &dyn Gate {
        &*self.0.gate
    }

    pub(crate) fn intake(&self) -> &Intake {
        &self.0.intake
    }

    pub(crate) fn sealer(&self) -> &Sealer {
        &self.0.sealer
    }

    pub(crate) fn rates(&self) -> &Rates {
        &self.0.rates
    }

    pub(crate) fn scheduler(&self) -> &Scheduler {
        &self.0.scheduler
    }

    pub(crate) fn turns(&self) -> &Turns {
        &self.0.turns
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Whether the worker is alive.
    pub(crate) fn works(&self) -> bool {
        self.0.worker.works()
    }

    /// Has the worker look whether something is due.
    pub(crate) fn ring(&self) {
        self.0.worker.ring();
    }

    /// Rows to read from.
    pub(crate) async fn read(&self) -> Result<Box<dyn Rows>, Error> {
        Ok(self.0.store.read().await?)
    }

    /// Does work to its end, whether or not the client who asked for it still waits.
    pub(crate) async fn to_its_end<T: Send + 'static>(
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        tokio::spawn(work).await.map_err(|error| Error::Internal(error.into()))?
    }

    /// Makes a change of which the worker has to know, and wakes it.
    pub(crate) async fn command<T, F>(&self, job: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'r> FnOnce(&'r mut dyn Rows) -> BoxFuture<'r, Result<T, Error>> + Send + 'static,
    {
        let app = self.clone();
        Self::to_its_end(async move {
            let done = app.change(job).await;
            app.ring();
            done
        })
        .await
    }

    /// Runs a command in a transaction. A refusal is a result like others, and what was written
    /// before it stands; only a fault of the store undoes.
    pub(crate) async fn change<T, F>(&self, job: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'r> FnOnce(&'r mut dyn Rows) -> BoxFuture<'r, Result<T, Error>> + Send + 'static,
    {
        let done = store::change(&*self.0.store, move |rows| {
            let work = job(rows);
            Box::pin(async move {
                match work.await {
                    Err(Error::Store(error)) => Err(error),
                    done => Ok(done),
                }
            })
        });
        done.await?
    }
}

fn public_url(settings: &Settings) -> String {
    let url = settings.public_url.clone().unwrap_or_else(|| format!("http://{}", settings.listen));
    url.trim_end_matches('/').to_owned()
}
