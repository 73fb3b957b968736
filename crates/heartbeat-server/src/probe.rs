//! The parts that a beat tries, one after the other as a request of an application would, and what each took.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::time::timeout;
use url::Url;

use crate::args::Args;
use crate::cache::Cache;
use crate::database::Database;
use crate::disk::Disk;

/// One thing that an application leans on.
pub(crate) enum Probe {
    Database(Database),
    Cache(Cache),
    Disk(Disk),
}

/// Those that were asked for.
pub(crate) struct Probes {
    all: Vec<Probe>,
    patience: Duration,
}

/// How long one part took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    /// The part, as `Server-Timing` names it.
    pub(crate) part: &'static str,
    pub(crate) took: Duration,
}

/// What a beat found: the timings of what was tried, and the part that ended it, if one did.
#[derive(Debug)]
pub(crate) struct Beat {
    pub(crate) timings: Vec<Timing>,
    pub(crate) failed: Option<&'static str>,
}

impl Probes {
    /// Opens what was asked for. A part that cannot be reached now may be later: that is what beats are for. Only
    /// what can never work is an error.
    pub(crate) fn open(args: &Args) -> Result<Probes> {
        let mut all = Vec::new();
        if let Some(url) = &args.database {
            let open = |url: Url| Database::open(&url, args.timeout);
            all.push(Probe::Database(parsed(url).and_then(open).context("--database")?));
        }
        if let Some(url) = &args.cache {
            let open = |url: Url| Cache::open(&url, args.timeout);
            all.push(Probe::Cache(parsed(url).and_then(open).context("--cache")?));
        }
        all.extend(args.disk.clone().map(|dir| Probe::Disk(Disk::new(dir))));
        Ok(Probes { all, patience: args.timeout })
    }

    /// Tries one part after the other, up to the first that fails.
    pub(crate) async fn beat(&self) -> Beat {
        let mut timings = Vec::with_capacity(self.all.len());
        for probe in &self.all {
            let (part, begun) = (probe.part(), Instant::now());
            let tried = timeout(self.patience, probe.attempt()).await;
            let took = begun.elapsed();
            timings.push(Timing { part, took });
            let fault = match tried {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => format!("{error:#}"),
                Err(_) => format!("no answer within {} ms", self.patience.as_millis()),
            };
            tracing::warn!("{part} failed after {} ms: {fault}", took.as_millis());
            return Beat { timings, failed: Some(part) };
        }
        Beat { timings, failed: None }
    }
}

/// There may be a password in it, so it is not repeated.
fn parsed(url: &str) -> Result<Url> {
    Url::parse(url).context("this is no URL; in a user or password, write what is no letter or digit as %XX")
}

impl Probe {
    fn part(&self) -> &'static str {
        match self {
            Probe::Database(_) => "database",
            Probe::Cache(_) => "cache",
            Probe::Disk(_) => "disk",
        }
    }

    async fn attempt(&self) -> Result<()> {
        match self {
            Probe::Database(database) => database.attempt().await,
            Probe::Cache(cache) => cache.attempt().await,
            Probe::Disk(disk) => disk.attempt().await,
        }
    }
}
