//! The servers there are: ordered, booted by the sandbox's clock, deleted, and made to fail.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use otter::clock::Clock as _;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::{Backend, Server, ServerStatus};
use crate::balancer::Network;
use crate::clock::{MovableClock, later};
use crate::plan::{BackendPlan, Plan};

/// The first address of the sandbox's own network. Autoscale knows a server's place on the inner
/// network by its beginning with `10.`.
const FIRST_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

/// How an order for a server fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The order is refused for good, as for want of quota.
    Refused,
    /// The order fails for now, as with a server error.
    Unavailable,
    /// The server is made, and its boot ends in ERROR.
    Boot,
}

/// An order for a server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Order {
    pub(crate) name: String,
    pub(crate) flavor: String,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// The compute service.
pub struct Compute {
    clock: Arc<MovableClock>,
    network: Arc<Network>,
    boot_delay: Mutex<Duration>,
    /// What servers run; `None` in a cloud without real connections.
    backend: Option<BackendPlan>,
    servers: Mutex<HashMap<String, Kept>>,
    failures: Mutex<VecDeque<Failure>>,
    next_address: AtomicU32,
    boots: TaskTracker,
    closed: CancellationToken,
    changes: watch::Sender<u64>,
    open: watch::Sender<bool>,
}

struct Kept {
    server: Server,
    fails: bool,
    backend: Option<Backend>,
}

impl Compute {
    /// Compute without servers, which boot at once until a delay is set.
    pub(crate) fn new(plan: &Plan, clock: Arc<MovableClock>, network: Arc<Network>) -> Arc<Self> {
        Arc::new(Self {
            clock,
            network,
            boot_delay: Mutex::default(),
            backend: plan.real.then(|| plan.backend.clone()),
            servers: Mutex::default(),
            failures: Mutex::default(),
            next_address: AtomicU32::new(FIRST_ADDRESS.to_bits()),
            boots: TaskTracker::new(),
            closed: CancellationToken::new(),
            changes: watch::Sender::new(0),
            open: watch::Sender::new(false),
        })
    }

    /// All servers, in no particular order.
    pub fn servers(&self) -> Vec<Server> {
        self.tell_servers(Server::clone)
    }

    /// What `tell` makes of each server, in no particular order.
    pub(crate) fn tell_servers<T>(&self, tell: impl Fn(&Server) -> T) -> Vec<T> {
        self.kept().values().map(|kept| tell(&kept.server)).collect()
    }

    /// One server.
    pub fn server(&self, id: &str) -> Option<Server> {
        self.kept().get(id).map(|kept| kept.server.clone())
    }

    /// Sets how long servers boot that are ordered from now on.
    pub fn set_boot_delay(&self, delay: Duration) {
        *self.boot_delay.lock().unwrap_or_else(PoisonError::into_inner) = delay;
    }

    /// Makes the next orders fail, one for each entry.
    pub fn fail_next(&self, failures: impl IntoIterator<Item = Failure>) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).extend(failures);
    }

    /// Stops a server: it is SHUTOFF and what was open to it is cut; false if there is no such server.
    pub fn kill(&self, id: &str) -> bool {
        let killed = self.change(id, |kept| {
            kept.server.status = ServerStatus::Shutoff;
            kept.backend = None;
            kept.server.address
        });
        let Some(address) = killed else { return false };
        self.network.disconnect(address);
        self.tell_change();
        true
    }

    /// Returns once every boot that is due by the sandbox's clock is done.
    pub async fn settled(&self) {
        let mut changes = self.changes.subscribe();
        while self.is_a_boot_due() {
            // The sender lives as long as `self`, so this cannot fail.
            let _changed = changes.changed().await;
        }
    }

    /// A counter that rises whenever a server changed by itself: its boot is over, or it died.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Returns once the servers that a sandbox starts with are all there.
    pub(crate) async fn opened(&self) {
        let mut open = self.open.subscribe();
        // The sender lives as long as `self`, so this cannot fail.
        let _is_open = open.wait_for(|open| *open).await;
    }

    /// Tells that they are.
    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }

    /// Makes a server, or fails as was planned.
    pub(crate) fn create(self: &Arc<Self>, order: Order) -> Result<Server, Failure> {
        let failure = self.failures.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        if let Some(failure @ (Failure::Refused | Failure::Unavailable)) = failure {
            return Err(failure);
        }
        let fails = failure == Some(Failure::Boot);
        let mut server = self.new_server(order);
        // Nothing has to be started and no time has to pass for a server without a backend.
        let at_once = !fails && self.backend.is_none() && server.boots <= server.created;
        if at_once {
            server.status = ServerStatus::Active;
        }
        self.kept().insert(server.id.clone(), Kept { server: server.clone(), fails, backend: None });
        if !at_once {
            self.boot_later(&server);
        }
        Ok(server)
    }

    fn boot_later(self: &Arc<Self>, server: &Server) {
        let (this, id, boots) = (Arc::clone(self), server.id.clone(), server.boots);
        self.boots.spawn(self.closed.clone().run_until_cancelled_owned(async move {
            this.clock.until(boots).await;
            this.boot(&id).await;
            this.tell_change();
        }));
    }

    fn new_server(&self, order: Order) -> Server {
        let delay = *self.boot_delay.lock().unwrap_or_else(PoisonError::into_inner);
        let created = self.clock.now();
        Server {
            id: Uuid::new_v4().to_string(),
            name: order.name,
            flavor: order.flavor,
            status: ServerStatus::Build,
            created,
            boots: later(created, delay),
            address: Ipv4Addr::from_bits(self.next_address.fetch_add(1, Ordering::Relaxed)),
            metadata: order.metadata,
        }
    }

    /// Ends a boot, well or not; a server that was deleted meanwhile is left alone.
    async fn boot(&self, id: &str) {
        let Some((address, fails)) = self.kept().get(id).map(|kept| (kept.server.address, kept.fails)) else {
            return;
        };
        let backend = match &self.backend {
            Some(plan) if !fails => match Backend::start(plan).await {
                Ok(backend) => Some(backend),
                Err(error) => {
                    tracing::error!(%error, server = id, "a server cannot listen");
                    self.change(id, |kept| kept.server.status = ServerStatus::Error);
                    return;
                }
            },
            _ => None,
        };
        self.change(id, |kept| {
            kept.server.status = if fails { ServerStatus::Error } else { ServerStatus::Active };
            if let Some(backend) = &backend {
                self.network.connect(address, backend.address());
            }
            kept.backend = backend;
        });
    }

    /// Deletes a server and cuts what is open to it; false if there is no such server.
    pub(crate) fn delete(&self, id: &str) -> bool {
        let Some(kept) = self.kept().remove(id) else { return false };
        self.network.disconnect(kept.server.address);
        true
    }

    /// Sets and removes metadata; false if there is no such server.
    pub(crate) fn tag(&self, id: &str, tags: &BTreeMap<String, Option<String>>) -> bool {
        self.change(id, |kept| {
            for (key, value) in tags {
                match value {
                    Some(value) => kept.server.metadata.insert(key.clone(), value.clone()),
                    None => kept.server.metadata.remove(key),
                };
            }
        })
        .is_some()
    }

    /// Ends all boots, without waiting for it.
    pub(crate) fn halt(&self) {
        self.closed.cancel();
    }

    /// Ends all boots and servers.
    pub(crate) async fn close(&self) {
        self.halt();
        self.boots.close();
        self.boots.wait().await;
        self.kept().clear();
    }

    /// Whether some boot should be over by the clock and is not.
    pub(crate) fn is_a_boot_due(&self) -> bool {
        let now = self.clock.now();
        let due = |kept: &Kept| kept.server.status == ServerStatus::Build && kept.server.boots <= now;
        !self.closed.is_cancelled() && self.kept().values().any(due)
    }

    fn change<T>(&self, id: &str, change: impl FnOnce(&mut Kept) -> T) -> Option<T> {
        self.kept().get_mut(id).map(change)
    }

    fn tell_change(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
