//! Imagined servers with something on the way to them: a detour says what is different, and nothing else.

use std::ops::Deref;
use std::sync::Arc;

use async_trait::async_trait;
use otter::launcher::{Fault, Launcher, Order, Server, Simulated, Tags};
use tokio::sync::watch;

use crate::support::{Service, settings};

/// What becomes of the calls to a launcher; left alone, each gets there.
#[async_trait]
pub(crate) trait Detour: Send + Sync + 'static {
    async fn list(&self, there: &Simulated, tenant: &str) -> Result<Vec<Server>, Fault> {
        there.servers(tenant).await
    }

    async fn order(&self, there: &Simulated, tenant: &str, order: &Order) -> Result<String, Fault> {
        there.create(tenant, order).await
    }

    async fn mark(&self, there: &Simulated, tenant: &str, id: &str, tags: &Tags) -> Result<(), Fault> {
        there.tag(tenant, id, tags).await
    }

    /// Whether the launcher tells of changes; else the service looks every interval.
    fn tells(&self) -> bool {
        false
    }
}

/// A launcher at the end of a detour.
pub(crate) struct Through<D> {
    there: Arc<Simulated>,
    detour: D,
}

impl<D> Deref for Through<D> {
    type Target = D;

    fn deref(&self) -> &D {
        &self.detour
    }
}

#[async_trait]
impl<D: Detour> Launcher for Through<D> {
    async fn servers(&self, tenant: &str) -> Result<Vec<Server>, Fault> {
        self.list(&self.there, tenant).await
    }

    async fn create(&self, tenant: &str, order: &Order) -> Result<String, Fault> {
        self.order(&self.there, tenant, order).await
    }

    async fn delete(&self, tenant: &str, id: &str) -> Result<(), Fault> {
        self.there.delete(tenant, id).await
    }

    async fn tag(&self, tenant: &str, id: &str, tags: &Tags) -> Result<(), Fault> {
        self.mark(&self.there, tenant, id, tags).await
    }

    fn changes(&self) -> Option<watch::Receiver<u64>> {
        self.tells().then(|| self.there.changes()).flatten()
    }
}

/// A service that reaches its imagined servers by a detour.
pub(crate) async fn service<D: Detour>(detour: D) -> (Service, Arc<Through<D>>) {
    let mut made = None;
    let service =
        Service::driving(settings(), |there| made.insert(Arc::new(Through { there, detour })).clone());
    let service = service.await;
    (service, made.unwrap())
}
