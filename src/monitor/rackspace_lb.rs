//! Rackspace Cloud Load Balancers v1.0 as a source of readings.

use async_trait::async_trait;
use cloud::load_balancers::{self, LoadBalancerEntry};

use cloud::{Directory, Fault, Session};
use std::sync::Arc;

use super::balancers::{Balancer, BalancerService, Node, NodeState};
use crate::memo::Memo;
use crate::model::NoReading;
use crate::tick::Tick;

/// The balancers of one account and region.
pub struct RackspaceLb {
    session: Session,
    list: Memo<(), Result<Arc<Vec<LoadBalancerEntry>>, NoReading>>,
}

impl RackspaceLb {
    /// Those that `session` signs in to.
    pub fn new(session: Session) -> RackspaceLb {
        RackspaceLb { session, list: Memo::new() }
    }
}

#[async_trait]
impl BalancerService for RackspaceLb {
    async fn find(&self, tick: &Tick, reference: &str) -> Result<String, NoReading> {
        let ask = async {
            load_balancers::list(&self.session, tick.deadline).await.map(Arc::new).map_err(no_reading)
        };
        let list = self.list.get(tick, (), ask).await?;
        let found = Directory::new(&list).find(reference).map(|entry| entry.id.clone());
        found.map_err(|why| NoReading::Missing(format!("load balancer: {why}")))
    }

    async fn balancer(&self, tick: &Tick, id: &str) -> Result<Option<Balancer>, NoReading> {
        let details = load_balancers::details(&self.session, id, tick.deadline);
        let connections = load_balancers::connections(&self.session, id, tick.deadline);
        let (details, connections) = match futures::join!(details, connections) {
            (Err(Fault::NotFound { .. }), _) | (_, Err(Fault::NotFound { .. })) => return Ok(None),
            (details, connections) => (details.map_err(no_reading)?, connections.map_err(no_reading)?),
        };
        let nodes =
            details.nodes.iter().map(|node| Node { address: node.address.clone(), state: state(node) });
        Ok(Some(Balancer { nodes: nodes.collect(), id: details.id, name: details.name, connections }))
    }
}

fn state(node: &load_balancers::Node) -> NodeState {
    if node.serves() {
        NodeState::Serving
    } else if node.condition == "ENABLED" && node.is_primary() {
        NodeState::Offline
    } else {
        NodeState::Idle
    }
}

/// What a fault of a balancer service means for a reading: one that is just being changed has none now.
pub(super) fn no_reading(fault: Fault) -> NoReading {
    match fault {
        Fault::Immutable { being_deleted: false, .. } => NoReading::Changing(fault.to_string()),
        fault => NoReading::Missing(fault.to_string()),
    }
}
