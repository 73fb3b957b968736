//! Servers that are processes on this machine: for development, demonstrations and single hosts.
//!
//! A server is made from a command template, gets a port of its own, and counts as booted when it
//! answers there. What is known of it lies in a file, written before the process is started and
//! again with the process that it became: number, start and boot, which no other process ever has.
//! A service that dies between the two finds the process by what it carries in its environment: see
//! `records`, `process_group` and `found`. The processes live on while the service is away.
//!
//! Reading order: this file; `running` (started and ended), `health` (watched); `settings` and `check`,
//! `records`, `output`, `process_group`, `found`.

mod check;
mod found;
mod health;
mod output;
mod process_group;
mod records;
mod running;
mod settings;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, ensure};
use async_trait::async_trait;
use futures::future::join_all;
use tokio::sync::watch;

use super::{Fault, Launcher, Link, Order, Server, ServerStatus, Tags, apply_tags};
use process_group::ProcessGroup;
use records::{Record, Records};
use running::Running;
pub use settings::ProcessSettings;

/// The address at which all of them listen.
const ADDRESS: &str = "127.0.0.1";

/// A launcher of local processes.
pub struct Process {
    shared: Arc<Shared>,
}

struct Shared {
    settings: ProcessSettings,
    records: Records,
    servers: Mutex<BTreeMap<String, Running>>,
    /// Held while a record is written: whoever reads the servers does not wait for the disk.
    change: Mutex<()>,
    changes: watch::Sender<u64>,
}

impl Process {
    /// Takes up what earlier runs have left in the folder: servers whose processes live are
    /// watched again, those whose processes are gone are in ERROR, and processes without a record
    /// are ended.
    ///
    /// # Errors
    /// When the settings cannot work, or the folder cannot be used or is another launcher's.
    pub async fn start(settings: ProcessSettings) -> anyhow::Result<Self> {
        let problems = settings.told();
        ensure!(problems.is_empty(), "{}", problems.join("; "));
        let records = Records::open(&settings.folder).await;
        let records =
            records.with_context(|| format!("launcher.folder: cannot use {}", settings.folder.display()))?;
        let known = records::all(&settings.folder)?;
        let (servers, change, changes) = (Mutex::default(), Mutex::default(), watch::channel(0).0);
        let shared = Arc::new(Shared { settings, records, servers, change, changes });
        shared.take_up(known)?;
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

    /// Does what waits for the disk where it keeps nobody else waiting.
    async fn on_disk<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Arc<Self>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let shared = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&shared)).await;
        done.unwrap_or_else(|error| Err(Fault::Retryable(format!("the process launcher: {error}"))))
    }

    fn take_up(self: &Arc<Self>, known: Vec<Record>) -> anyhow::Result<()> {
        let mut marked = found::groups(&self.records.mark());
        for mut record in known {
            let found = marked.remove(&record.id).unwrap_or_default();
            let leader = found.into_iter().find(ProcessGroup::leader_lives);
            // It was started, and that was not written down any more.
            if let (None, Some(leader)) = (&record.processes, leader) {
                record.processes = Some(leader);
                self.records.write(&record).context("launcher.folder: a record cannot be written")?;
            }
            self.adopt(record);
        }
        for (id, groups) in marked {
            tracing::warn!(server = id, "ending processes that no record names");
            let patience = self.settings.stop_after;
            tokio::spawn(async move { join_all(groups.iter().map(|group| group.end(patience))).await });
        }
        Ok(())
    }

    /// Takes up a server of an earlier run.
    fn adopt(self: &Arc<Self>, record: Record) {
        let (id, deleting, processes) = (record.id.clone(), record.deleting, record.processes.clone());
        self.servers().insert(id.clone(), Running::adopted(record));
        if deleting {
            running::end(self, &id);
        } else if let Some(processes) = processes {
            tokio::spawn(running::look_out(Arc::clone(self), id.clone(), processes));
            health::watch(self, &id);
        }
    }

    /// Writes down a new server, starts it, writes down its processes and watches it.
    fn create(self: &Arc<Self>, tenant: &str, order: &Order) -> Result<String, Fault> {
        let _change = self.changing();
        let port = self.free_port();
        let port =
            port.ok_or_else(|| Fault::Retryable("all ports of the process launcher are in use".to_owned()))?;
        let mut record = Record::new(tenant, order, port);
        let id = record.id.clone();
        self.records.write(&record).map_err(|error| unwritten("record", &error))?;
        let child = match running::start(self, &record) {
            Ok(child) => child,
            Err(error) => {
                self.records.remove(&id).map_err(|error| unwritten("record", &error))?;
                return Err(unstarted(&self.settings.command[0], &error));
            }
        };
        let process = child.id().and_then(|process| i32::try_from(process).ok());
        record.processes = process.and_then(ProcessGroup::of);
        let written = self.records.write(&record);
        record.deleting = written.is_err();
        self.servers().insert(id.clone(), Running::new(record));
        tokio::spawn(running::reap(Arc::clone(self), id.clone(), child));
        if let Err(error) = written {
            // A later run might not find it.
            running::end(self, &id);
            return Err(unwritten("record", &error));
        }
        health::watch(self, &id);
        Ok(id)
    }

    /// Changes the record of a server, unless there is nothing to change in it; tells whether there was. When
    /// this returns it is on disk.
    fn change(&self, id: &str, to: impl FnOnce(&Record) -> Option<Record>) -> Result<bool, Fault> {
        let _change = self.changing();
        let record = self.servers().get(id).map(|running| running.record.clone());
        let Some(changed) = to(&record.ok_or_else(|| gone(id))?) else { return Ok(false) };
        self.records.write(&changed).map_err(|error| unwritten("record", &error))?;
        if let Some(running) = self.servers().get_mut(id) {
            running.record = changed;
        }
        Ok(true)
    }

    /// Forgets a server that has ended, on disk as well.
    fn forget(&self, id: &str) -> Result<(), Fault> {
        let _change = self.changing();
        let removed = self.records.remove(id);
        self.servers().remove(id);
        removed.map_err(|error| unwritten("record", &error))
    }

    fn changing(&self) -> MutexGuard<'_, ()> {
        self.change.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a tenant has a server with this id.
    fn of_tenant(&self, tenant: &str, id: &str) -> Result<(), Fault> {
        let servers = self.servers();
        let owned = servers.get(id).filter(|running| running.record.tenant == tenant);
        owned.map(|_| ()).ok_or_else(|| gone(id))
    }

    /// A port that no server has. Whether a stranger has it shows when the server is started.
    fn free_port(&self) -> Option<u16> {
        let taken: BTreeSet<u16> = self.servers().values().map(|running| running.record.port).collect();
        let free = |port: &u16| !taken.contains(port) && TcpListener::bind((ADDRESS, *port)).is_ok();
        (self.settings.first_port..=self.settings.last_port).find(free)
    }
}

/// A server as convergence sees it.
fn seen(running: &Running) -> Server {
    let record = &running.record;
    Server {
        id: record.id.clone(),
        name: record.name.clone(),
        status: running.status,
        fault: running.fault.clone(),
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

fn unwritten(what: &str, error: &io::Error) -> Fault {
    Fault::Retryable(format!("the {what} of a server cannot be written: {error}"))
}

/// A program that is not there, or not to be run, will not be in a while, either; that the system has no room for
/// another process will pass.
fn unstarted(program: &str, error: &io::Error) -> Fault {
    let told = format!("{program} cannot be started: {error}");
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput => {
            Fault::Terminal(told)
        }
        _ => Fault::Retryable(told),
    }
}

#[async_trait]
impl Launcher for Process {
    async fn servers(&self, tenant: &str) -> Result<Vec<Server>, Fault> {
        let servers = self.shared.servers();
        Ok(servers.values().filter(|running| running.record.tenant == tenant).map(seen).collect())
    }

    async fn create(&self, tenant: &str, order: &Order) -> Result<String, Fault> {
        let (tenant, order) = (tenant.to_owned(), order.clone());
        self.shared.on_disk(move |shared| shared.create(&tenant, &order)).await
    }

    async fn delete(&self, tenant: &str, id: &str) -> Result<(), Fault> {
        self.shared.of_tenant(tenant, id)?;
        let id = id.to_owned();
        let marked =
            |record: &Record| (!record.deleting).then(|| Record { deleting: true, ..record.clone() });
        let end = move |shared: &Arc<Shared>| {
            // Written first: a deletion that could not be is asked for again.
            if shared.change(&id, marked)? {
                running::end(shared, &id);
            }
            Ok(())
        };
        self.shared.on_disk(end).await
    }

    async fn tag(&self, tenant: &str, id: &str, tags: &Tags) -> Result<(), Fault> {
        self.shared.of_tenant(tenant, id)?;
        let (id, tags) = (id.to_owned(), tags.clone());
        let tagged = move |record: &Record| {
            let mut tagged = record.clone();
            apply_tags(&mut tagged.metadata, &tags);
            Some(tagged)
        };
        self.shared.on_disk(move |shared| shared.change(&id, tagged).map(|_| ())).await
    }

    fn changes(&self) -> Option<watch::Receiver<u64>> {
        Some(self.shared.changes.subscribe())
    }
}

/// Whether a server with this status is worth watching.
fn lives(status: ServerStatus) -> bool {
    matches!(status, ServerStatus::Build | ServerStatus::Active)
}
