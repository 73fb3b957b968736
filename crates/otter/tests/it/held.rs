//! A launcher whose answers can be held back, so that something else comes in between.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use otter::launcher::{Fault, Launcher, Order, Server, Simulated};
use tokio::sync::{oneshot, watch};

use crate::support::{Service, settings};

/// What the launcher is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    List,
    Create,
    Tag,
}

/// Imagined servers; the next answer of a kind may be held back.
pub(crate) struct Held {
    inner: Arc<Simulated>,
    next: Mutex<Option<Gate>>,
}

/// The launcher's side of an answer that is to be held back.
struct Gate {
    call: Call,
    done: oneshot::Sender<()>,
    released: oneshot::Receiver<()>,
}

/// An answer that is to be held back.
pub(crate) struct Holding {
    done: oneshot::Receiver<()>,
    release: oneshot::Sender<()>,
}

impl Holding {
    /// Returns when the launcher has done what it was asked and does not say so.
    pub(crate) async fn done(&mut self) {
        (&mut self.done).await.unwrap();
    }

    /// Lets it answer.
    pub(crate) fn release(self) {
        self.release.send(()).unwrap();
    }
}

impl Held {
    /// Holds back the answer to the next call of this kind.
    pub(crate) fn hold(&self, call: Call) -> Holding {
        let (told, done) = oneshot::channel();
        let (release, released) = oneshot::channel();
        *self.next.lock().unwrap() = Some(Gate { call, done: told, released });
        Holding { done, release }
    }

    async fn hold_back(&self, call: Call) {
        let gate = self.next.lock().unwrap().take_if(|gate| gate.call == call);
        if let Some(gate) = gate {
            gate.done.send(()).unwrap();
            gate.released.await.unwrap();
        }
    }
}

#[async_trait]
impl Launcher for Held {
    async fn servers(&self, tenant: &str) -> Result<Vec<Server>, Fault> {
        let servers = self.inner.servers(tenant).await;
        self.hold_back(Call::List).await;
        servers
    }

    async fn create(&self, tenant: &str, order: &Order) -> Result<String, Fault> {
        let created = self.inner.create(tenant, order).await;
        self.hold_back(Call::Create).await;
        created
    }

    async fn delete(&self, tenant: &str, id: &str) -> Result<(), Fault> {
        self.inner.delete(tenant, id).await
    }

    async fn tag(
        &self,
        tenant: &str,
        id: &str,
        tags: &BTreeMap<String, Option<String>>,
    ) -> Result<(), Fault> {
        let tagged = self.inner.tag(tenant, id, tags).await;
        self.hold_back(Call::Tag).await;
        tagged
    }

    fn changes(&self) -> Option<watch::Receiver<u64>> {
        self.inner.changes()
    }
}

/// A service with such a launcher.
pub(crate) async fn service() -> (Service, Arc<Held>) {
    let mut made = None;
    let service = Service::driving(settings(), |inner| {
        made.insert(Arc::new(Held { inner, next: Mutex::default() })).clone()
    });
    let service = service.await;
    (service, made.unwrap())
}
