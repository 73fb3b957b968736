//! Autoscale's load balancers: those of the sandbox.

use std::net::Ipv4Addr;
use std::sync::Arc;

use async_trait::async_trait;
use otter::balancer::{Balancer, Condition, Fault, NewNode, Node, Pool};

use crate::balancer::{self, LoadBalancer, LoadBalancers, NodeKind, NodeStatus, Status};

pub(super) struct Balance(pub(super) LoadBalancers);

#[async_trait]
impl Balancer for Balance {
    async fn pool(&self, _tenant: &str, balancer: &str) -> Result<Pool, Fault> {
        Ok(Pool { nodes: self.find(balancer)?.tell_nodes(told), monitored: false })
    }

    async fn add(&self, _tenant: &str, balancer: &str, nodes: &[NewNode]) -> Result<(), Fault> {
        let balancer = self.changeable(balancer)?;
        nodes.iter().try_for_each(|node| add_one(balancer, node))
    }

    async fn change(
        &self,
        _tenant: &str,
        balancer: &str,
        node: &str,
        wanted: Condition,
    ) -> Result<(), Fault> {
        let balancer = self.changeable(balancer)?;
        let gone = || Fault::Gone(format!("node {node}"));
        let id = node.parse().map_err(|_| gone())?;
        balancer.set_condition(id, condition(wanted)).map_err(|_| gone())?;
        balancer.set_node_kind(id, NodeKind::Primary);
        Ok(())
    }

    async fn remove(&self, _tenant: &str, balancer: &str, nodes: &[String]) -> Result<(), Fault> {
        let ids: Vec<u64> = nodes.iter().filter_map(|node| node.parse().ok()).collect();
        self.changeable(balancer)?.remove(&ids);
        Ok(())
    }
}

impl Balance {
    fn find(&self, balancer: &str) -> Result<&Arc<LoadBalancer>, Fault> {
        let found = self.0.by_id(balancer).filter(|found| found.status() != Status::Deleted);
        found.ok_or_else(|| Fault::Gone(format!("load balancer {balancer}")))
    }

    /// A balancer that is ACTIVE; one that is just changing lets nobody else change it.
    fn changeable(&self, balancer: &str) -> Result<&Arc<LoadBalancer>, Fault> {
        let found = self.find(balancer)?;
        if found.status() == Status::Active {
            Ok(found)
        } else {
            Err(Fault::Retryable(format!("load balancer {balancer} is immutable just now")))
        }
    }
}

fn add_one(balancer: &LoadBalancer, node: &NewNode) -> Result<(), Fault> {
    let address: Ipv4Addr =
        node.address.parse().map_err(|_| Fault::Terminal(format!("{} is no IPv4 address", node.address)))?;
    let is_there = |there: &balancer::Node| there.address == address && there.port == node.port;
    if balancer.tell_nodes(is_there).contains(&true) {
        return Err(Fault::Retryable(format!("{address} is a node of {} already", balancer.name())));
    }
    balancer.add(address, node.port, condition(node.condition));
    Ok(())
}

fn told(node: &balancer::Node) -> Node {
    Node {
        id: node.id.to_string(),
        address: node.address.to_string(),
        port: node.port,
        condition: match node.condition {
            balancer::Condition::Enabled => Condition::Enabled,
            balancer::Condition::Draining => Condition::Draining,
            balancer::Condition::Disabled => Condition::Disabled,
        },
        online: node.status == NodeStatus::Online,
        ordinary: node.kind == NodeKind::Primary,
        connections: Some(node.connections()),
    }
}

fn condition(condition: Condition) -> balancer::Condition {
    match condition {
        Condition::Enabled => balancer::Condition::Enabled,
        Condition::Draining => balancer::Condition::Draining,
        Condition::Disabled => balancer::Condition::Disabled,
    }
}
