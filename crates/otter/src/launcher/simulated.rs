//! Servers that are not there: they boot and fail by a clock that can be moved. For sandboxes, tests
//! and for trying out the API.

mod stacks;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

use super::{Fault, Launcher, Link, Order, Server, ServerStatus, Stacks, Tags, apply_tags};
use crate::clock::Clock;

/// What is to go wrong; each number is that of the next requests that fail so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failures {
    /// Orders refused for good.
    pub refused: u32,
    /// Orders that fail and may be tried again.
    pub failing: u32,
    /// Orders that succeed and whose servers end in ERROR instead of ACTIVE.
    pub broken: u32,
    /// Checks that find something wrong with a stack.
    pub ailing: u32,
    /// Deletions refused for good.
    pub undeletable: u32,
    /// Lists of servers that cannot be read.
    pub unreadable: u32,
    /// Lists of stacks that cannot be read.
    pub unreadable_stacks: u32,
}

/// A launcher of imagined servers.
pub struct Simulated {
    clock: Arc<dyn Clock>,
    boot: Duration,
    state: Arc<Mutex<State>>,
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    servers: BTreeMap<String, Imagined>,
    stacks: BTreeMap<String, stacks::Imagined>,
    failures: Failures,
    made: u32,
}

struct Imagined {
    tenant: String,
    server: Server,
    broken: bool,
}

impl Simulated {
    /// A launcher whose servers take so long to boot.
    pub fn new(clock: Arc<dyn Clock>, boot: Duration) -> Self {
        Self { clock, boot, state: Arc::default(), changes: watch::channel(0).0 }
    }

    /// Sets what is to go wrong from now on.
    pub fn fail(&self, failures: Failures) {
        self.state().failures = failures;
    }

    /// All servers of all tenants, as they are now.
    pub fn all(&self) -> Vec<Server> {
        self.list(|_| true)
    }

    /// Has a server end up with a status of its own accord.
    pub fn set_status(&self, id: &str, status: ServerStatus) {
        if let Some(imagined) = self.state().servers.get_mut(id) {
            imagined.server.status = status;
        }
        self.changes.send_modify(|changes| *changes += 1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn list(&self, wanted: impl Fn(&Imagined) -> bool) -> Vec<Server> {
        let (now, boot) = (self.clock.now(), self.boot);
        let mut state = self.state();
        let there = state.servers.values_mut().filter(|imagined| wanted(imagined));
        there
            .map(|imagined| {
                imagined.grow(now, boot);
                imagined.server.clone()
            })
            .collect()
    }

    /// Tells of the end of a boot when it comes.
    fn announce(&self, booted: Timestamp) {
        let (clock, changes) = (Arc::clone(&self.clock), self.changes.clone());
        tokio::spawn(async move {
            clock.until(booted).await;
            changes.send_modify(|changes| *changes += 1);
        });
    }
}

impl Imagined {
    fn grow(&mut self, now: Timestamp, boot: Duration) {
        let booted = self.server.created.saturating_add(boot).unwrap_or(Timestamp::MAX);
        if self.server.status == ServerStatus::Build && now >= booted {
            self.server.status = if self.broken { ServerStatus::Error } else { ServerStatus::Active };
            self.server.fault = self.broken.then(|| "the simulated server does not boot".to_owned());
        }
    }
}

fn take(count: &mut u32) -> bool {
    let some = *count > 0;
    *count = count.saturating_sub(1);
    some
}

/// Whether an order fails, for good or for now.
fn refused(failures: &mut Failures, what: &str) -> Result<(), Fault> {
    if take(&mut failures.refused) {
        return Err(Fault::Terminal(format!("the simulated cloud refuses to build {what}")));
    }
    if take(&mut failures.failing) {
        return Err(Fault::Retryable(format!("the simulated cloud cannot build {what} now")));
    }
    Ok(())
}

fn gone(id: &str) -> Fault {
    Fault::Gone(format!("server {id}"))
}

#[async_trait]
impl Launcher for Simulated {
    async fn servers(&self, tenant: &str) -> Result<Vec<Server>, Fault> {
        if take(&mut self.state().failures.unreadable) {
            return Err(Fault::Retryable("the simulated cloud does not answer".to_owned()));
        }
        Ok(self.list(|imagined| imagined.tenant == tenant))
    }

    async fn create(&self, tenant: &str, order: &Order) -> Result<String, Fault> {
        let now = self.clock.now();
        let id = Uuid::new_v4().to_string();
        let mut state = self.state();
        refused(&mut state.failures, "servers")?;
        let broken = take(&mut state.failures.broken);
        state.made += 1;
        // Every one gets a loopback address of its own, of which there are 16 million.
        let [_, b, c, d] = (state.made % 0x00ff_fffe + 1).to_be_bytes();
        let server = Server {
            id: id.clone(),
            name: order.name.clone(),
            status: ServerStatus::Build,
            fault: None,
            deleting: false,
            created: now,
            metadata: order.metadata.clone(),
            address: Some(format!("127.{b}.{c}.{d}")),
            port: None,
            links: vec![Link { href: format!("simulated:/servers/{id}"), rel: "self".to_owned() }],
        };
        state.servers.insert(id.clone(), Imagined { tenant: tenant.to_owned(), server, broken });
        drop(state);
        self.announce(now.saturating_add(self.boot).unwrap_or(Timestamp::MAX));
        Ok(id)
    }

    async fn delete(&self, tenant: &str, id: &str) -> Result<(), Fault> {
        let mut state = self.state();
        if take(&mut state.failures.undeletable) {
            return Err(Fault::Terminal("the simulated cloud refuses to delete servers".to_owned()));
        }
        state.servers.get(id).filter(|imagined| imagined.tenant == tenant).ok_or_else(|| gone(id))?;
        state.servers.remove(id);
        Ok(())
    }

    async fn tag(&self, tenant: &str, id: &str, tags: &Tags) -> Result<(), Fault> {
        let mut state = self.state();
        let imagined = state.servers.get_mut(id).filter(|imagined| imagined.tenant == tenant);
        let metadata = &mut imagined.ok_or_else(|| gone(id))?.server.metadata;
        apply_tags(metadata, tags);
        Ok(())
    }

    fn changes(&self) -> Option<watch::Receiver<u64>> {
        Some(self.changes.subscribe())
    }

    fn stacks(&self) -> Option<&dyn Stacks> {
        Some(self)
    }
}
