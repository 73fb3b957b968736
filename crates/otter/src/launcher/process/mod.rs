//! Servers that are processes on this machine: for development, demonstrations and single hosts.
//!
//! A server is made from a command template, gets a port of its own, and counts as booted when it
//! answers there. What is known of it lies in a file, written before the process is started;
//! the process carries its id in its environment. So a service that dies at any point finds, when
//! it starts again, every process by its id and every server by its file: see `records` and
//! `found`. The processes live on while the service is away.

mod check;
mod found;
mod health;
mod records;
mod running;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use async_trait::async_trait;
use jiff::Timestamp;
use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;
use serde::Deserialize;
use tokio::sync::watch;
use uuid::Uuid;

use super::{Fault, Launcher, Link, Order, Server, ServerStatus, Tags, apply_tags};
use records::{Record, Records};
use running::Running;

/// The address at which all of them listen.
const ADDRESS: &str = "127.0.0.1";

/// How the processes are made and treated.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProcessSettings {
    /// The program and its arguments; `{port}`, `{id}` and `{name}` are filled in.
    pub command: Vec<String>,
    /// The first port that a server may get.
    pub first_port: u16,
    /// The last one.
    pub last_port: u16,
    /// Where records and outputs lie.
    pub folder: PathBuf,
    /// A path that answers a GET with 2xx when the server is well; if absent, taking a connection
    /// is enough.
    pub health_path: Option<String>,
    /// The pause between two looks at a server that is well.
    #[serde(with = "duration")]
    pub health_interval: Duration,
    /// How long a process has to end after SIGTERM before it gets SIGKILL.
    #[serde(with = "duration")]
    pub stop_after: Duration,
}

impl Default for ProcessSettings {
    fn default() -> Self {
        Self {
            command: Vec::new(),
            first_port: 31_000,
            last_port: 31_999,
            folder: PathBuf::from("otter-servers"),
            health_path: None,
            health_interval: Duration::from_secs(5),
            stop_after: Duration::from_secs(10),
        }
    }
}

impl ProcessSettings {
    /// What is right by itself and wrong together: the keys, the one to be told first, and what is wrong.
    pub(crate) fn problems(&self) -> Vec<(&'static [&'static str], &'static str)> {
        let mut found: Vec<(&'static [&'static str], &'static str)> = Vec::new();
        let mut tell = |wrong: bool, keys, what| found.extend(wrong.then_some((keys, what)));
        let program = self.command.first().is_some_and(|program| !program.is_empty());
        tell(!program, &["launcher.command"], "is required: the program and its arguments");
        let ports = &["launcher.last_port", "launcher.first_port"];
        tell(self.first_port > self.last_port, ports, "is below first_port");
        tell(self.health_interval.is_zero(), &["launcher.health_interval"], "must be longer than 0s");
        found
    }
}

/// A launcher of local processes.
pub struct Process {
    shared: Arc<Shared>,
}

struct Shared {
    settings: ProcessSettings,
    records: Records,
    servers: Mutex<BTreeMap<String, Running>>,
    changes: watch::Sender<u64>,
}

impl Process {
    /// Takes up what earlier runs have left in the folder: servers whose processes live are
    /// watched again, those whose processes are gone are in ERROR, and processes without a record
    /// are ended.
    ///
    /// # Errors
    /// When the settings cannot work or the folder cannot be used.
    pub async fn start(settings: ProcessSettings) -> anyhow::Result<Self> {
        let problems = settings.told();
        ensure!(problems.is_empty(), "{}", problems.join("; "));
        let records = Records::open(&settings.folder)
            .with_context(|| format!("launcher.folder: cannot use {}", settings.folder.display()))?;
        let known = records.all()?;
        let shared =
            Arc::new(Shared { settings, records, servers: Mutex::default(), changes: watch::channel(0).0 });
        shared.take_up(known).await;
        Ok(Self { shared })
    }
}

impl Shared {
    fn servers(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }

    async fn take_up(self: &Arc<Self>, known: Vec<Record>) {
        let mut processes = found::processes(&self.records.mark());
        for record in known {
            let process = processes.remove(&record.id);
            let running = Running::adopted(record, process);
            let (id, deleting) = (running.record.id.clone(), running.record.deleting);
            self.servers().insert(id.clone(), running);
            if deleting {
                running::end(self, &id);
            } else if process.is_some() {
                health::watch(self, &id);
            }
        }
        for (id, process) in processes {
            tracing::warn!(server = id, process, "ending a process that no record names");
            running::end_process(process, self.settings.stop_after).await;
        }
    }

    /// A port that no server has. Whether a stranger has it shows when the server is started.
    fn free_port(&self, servers: &BTreeMap<String, Running>) -> Option<u16> {
        let taken = |port: &u16| servers.values().any(|running| running.record.port == *port);
        (self.settings.first_port..=self.settings.last_port)
            .find(|port| !taken(port) && std::net::TcpListener::bind((ADDRESS, *port)).is_ok())
    }
}

/// A server as convergence sees it.
fn seen(running: &Running) -> Server {
    let record = &running.record;
    Server {
        id: record.id.clone(),
        name: record.name.clone(),
        status: running.status,
        fault: None,
        deleting: record.deleting,
        created: record.created,
        metadata: record.metadata.clone(),
        address: Some(ADDRESS.to_owned()),
        port: Some(record.port),
        links: vec![Link { href: format!("http://{ADDRESS}:{}/", record.port), rel: "self".to_owned() }],
    }
}

fn gone(id: &str) -> Fault {
    Fault::Gone(format!("server {id}"))
}

fn unwritten(error: &std::io::Error) -> Fault {
    Fault::Retryable(format!("the record of a server cannot be written: {error}"))
}

#[async_trait]
impl Launcher for Process {
    async fn servers(&self, tenant: &str) -> Result<Vec<Server>, Fault> {
        let servers = self.shared.servers();
        Ok(servers.values().filter(|running| running.record.tenant == tenant).map(seen).collect())
    }

    async fn create(&self, tenant: &str, order: &Order) -> Result<String, Fault> {
        let id = Uuid::new_v4().to_string();
        {
            let mut servers = self.shared.servers();
            let port = self
                .shared
                .free_port(&servers)
                .ok_or_else(|| Fault::Retryable("all ports of the process launcher are in use".to_owned()))?;
            let record = Record {
                id: id.clone(),
                tenant: tenant.to_owned(),
                name: order.name.clone(),
                port,
                created: Timestamp::now(),
                metadata: order.metadata.clone(),
                deleting: false,
            };
            self.shared.records.write(&record).map_err(|error| unwritten(&error))?;
            servers.insert(id.clone(), Running::new(record));
        }
        if let Err(error) = running::start(&self.shared, &id) {
            self.shared.servers().remove(&id);
            self.shared.records.remove(&id).map_err(|error| unwritten(&error))?;
            let program = &self.shared.settings.command[0];
            return Err(Fault::Terminal(format!("{program} cannot be started: {error}")));
        }
        health::watch(&self.shared, &id);
        Ok(id)
    }

    async fn delete(&self, tenant: &str, id: &str) -> Result<(), Fault> {
        {
            let mut servers = self.shared.servers();
            let running = servers.get_mut(id).filter(|running| running.record.tenant == tenant);
            let record = &mut running.ok_or_else(|| gone(id))?.record;
            if record.deleting {
                return Ok(());
            }
            // Written first: a deletion that could not be is asked for again.
            let marked = Record { deleting: true, ..record.clone() };
            self.shared.records.write(&marked).map_err(|error| unwritten(&error))?;
            *record = marked;
        }
        running::end(&self.shared, id);
        Ok(())
    }

    async fn tag(&self, tenant: &str, id: &str, tags: &Tags) -> Result<(), Fault> {
        let mut servers = self.shared.servers();
        let running = servers.get_mut(id).filter(|running| running.record.tenant == tenant);
        let record = &mut running.ok_or_else(|| gone(id))?.record;
        let mut tagged = record.clone();
        apply_tags(&mut tagged.metadata, tags);
        self.shared.records.write(&tagged).map_err(|error| unwritten(&error))?;
        *record = tagged;
        Ok(())
    }

    fn changes(&self) -> Option<watch::Receiver<u64>> {
        Some(self.shared.changes.subscribe())
    }
}

/// Whether a server with this status is worth watching.
fn lives(status: ServerStatus) -> bool {
    matches!(status, ServerStatus::Build | ServerStatus::Active)
}
