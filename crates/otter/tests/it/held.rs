//! A launcher whose answers can be held back, so that something else comes in between.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use otter::launcher::{Fault, Launcher, Order, Server, Simulated, Tags};
use tokio::sync::oneshot;

use crate::detour::{self, Detour, Through};
use crate::support::Service;

/// What the launcher is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    List,
    Create,
    Tag,
}

/// The next answer of a kind may be held back.
#[derive(Default)]
pub(crate) struct Held {
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
impl Detour for Held {
    async fn list(&self, there: &Simulated, tenant: &str) -> Result<Vec<Server>, Fault> {
        let servers = there.servers(tenant).await;
        self.hold_back(Call::List).await;
        servers
    }

    async fn order(&self, there: &Simulated, tenant: &str, order: &Order) -> Result<String, Fault> {
        let created = there.create(tenant, order).await;
        self.hold_back(Call::Create).await;
        created
    }

    async fn mark(&self, there: &Simulated, tenant: &str, id: &str, tags: &Tags) -> Result<(), Fault> {
        let tagged = there.tag(tenant, id, tags).await;
        self.hold_back(Call::Tag).await;
        tagged
    }

    fn tells(&self) -> bool {
        true
    }
}

/// A service with such a launcher.
pub(crate) async fn service() -> (Service, Arc<Through<Held>>) {
    detour::service(Held::default()).await
}
