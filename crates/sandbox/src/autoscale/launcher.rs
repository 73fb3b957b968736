//! Autoscale's launcher: servers of the sandbox's compute.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use otter::launcher::{Fault, Launcher, Link, Order, Server, ServerStatus};
use tokio::sync::watch;

use crate::compute::{self, Compute, Failure};

/// The flavor of an order that names none; Autoscale lets none pass.
const NO_FLAVOR: &str = "";

pub(super) struct Launch {
    pub(super) compute: Arc<Compute>,
    pub(super) url: String,
}

#[async_trait]
impl Launcher for Launch {
    async fn servers(&self, _tenant: &str) -> Result<Vec<Server>, Fault> {
        self.compute.opened().await;
        // When the clock jumps, boots and Autoscale wake side by side. A boot that is over by the clock must
        // not be taken for one that takes too long.
        self.compute.settled().await;
        Ok(self.compute.tell_servers(|server| self.told(server)))
    }

    async fn create(&self, _tenant: &str, order: &Order) -> Result<String, Fault> {
        let flavor = order.server.get("flavorRef").and_then(|flavor| flavor.as_str()).unwrap_or(NO_FLAVOR);
        let order = compute::Order {
            name: order.name.clone(),
            flavor: flavor.to_owned(),
            metadata: order.metadata.clone(),
        };
        self.compute.create(order).map(|server| server.id).map_err(fault)
    }

    async fn delete(&self, _tenant: &str, id: &str) -> Result<(), Fault> {
        found(self.compute.delete(id), id)
    }

    async fn tag(
        &self,
        _tenant: &str,
        id: &str,
        tags: &BTreeMap<String, Option<String>>,
    ) -> Result<(), Fault> {
        found(self.compute.tag(id, tags), id)
    }

    fn changes(&self) -> Option<watch::Receiver<u64>> {
        Some(self.compute.changes())
    }
}

impl Launch {
    fn told(&self, server: &compute::Server) -> Server {
        Server {
            id: server.id.clone(),
            name: server.name.clone(),
            status: ServerStatus::from(server.status.word()),
            fault: None,
            deleting: false,
            created: server.created,
            metadata: server.metadata.clone(),
            address: Some(server.address.to_string()),
            port: None,
            links: vec![Link { href: format!("{}/servers/{}", self.url, server.id), rel: "self".to_owned() }],
        }
    }
}

fn found(found: bool, id: &str) -> Result<(), Fault> {
    if found { Ok(()) } else { Err(Fault::Gone(format!("server {id}"))) }
}

fn fault(failure: Failure) -> Fault {
    match failure {
        Failure::Refused => {
            Fault::Terminal("Quota exceeded for instances: the sandbox was told so".to_owned())
        }
        Failure::Unavailable | Failure::Boot => {
            Fault::Retryable("compute is unavailable: the sandbox was told so".to_owned())
        }
    }
}
