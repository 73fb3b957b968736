//! A balancer that only remembers: for services without one, whose launch configurations may name any.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Balancer, Condition, Fault, NewNode, Node, Pool, RackConnect};

/// Every balancer that is named exists and takes all nodes, and every RackConnect v3 pool all servers.
#[derive(Default)]
pub struct Memory {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    nodes: BTreeMap<(String, String), Vec<Node>>,
    members: BTreeMap<(String, String), BTreeSet<String>>,
    made: u64,
}

impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(tenant: &str, balancer: &str) -> (String, String) {
    (tenant.to_owned(), balancer.to_owned())
}

fn made(id: String, new: &NewNode) -> Node {
    let (address, port, condition) = (new.address.clone(), new.port, new.condition);
    Node { id, address, port, condition, online: true, ordinary: true, connections: None }
}

#[async_trait]
impl Balancer for Memory {
    async fn pool(&self, tenant: &str, balancer: &str) -> Result<Pool, Fault> {
        let nodes = self.state().nodes.get(&key(tenant, balancer)).cloned().unwrap_or_default();
        Ok(Pool { nodes, monitored: false })
    }

    async fn add(&self, tenant: &str, balancer: &str, nodes: &[NewNode]) -> Result<(), Fault> {
        let mut state = self.state();
        for node in nodes {
            state.made += 1;
            let node = made(state.made.to_string(), node);
            let pool = state.nodes.entry(key(tenant, balancer)).or_default();
            if pool.iter().any(|there| (&there.address, there.port) == (&node.address, node.port)) {
                return Err(Fault::Retryable(format!("{}:{} is a node already", node.address, node.port)));
            }
            pool.push(node);
        }
        Ok(())
    }

    async fn change(
        &self,
        tenant: &str,
        balancer: &str,
        node: &str,
        condition: Condition,
    ) -> Result<(), Fault> {
        let mut state = self.state();
        let nodes = state.nodes.entry(key(tenant, balancer)).or_default();
        let there = nodes.iter_mut().find(|there| there.id == node);
        there.ok_or_else(|| Fault::Gone(format!("node {node}")))?.condition = condition;
        Ok(())
    }

    async fn remove(&self, tenant: &str, balancer: &str, nodes: &[String]) -> Result<(), Fault> {
        let mut state = self.state();
        state.nodes.entry(key(tenant, balancer)).or_default().retain(|there| !nodes.contains(&there.id));
        Ok(())
    }

    fn rackconnect(&self) -> Option<&dyn RackConnect> {
        Some(self)
    }
}

#[async_trait]
impl RackConnect for Memory {
    async fn members(&self, tenant: &str, pool: &str) -> Result<BTreeSet<String>, Fault> {
        Ok(self.state().members.get(&key(tenant, pool)).cloned().unwrap_or_default())
    }

    async fn join(&self, tenant: &str, pool: &str, server: &str) -> Result<(), Fault> {
        self.state().members.entry(key(tenant, pool)).or_default().insert(server.to_owned());
        Ok(())
    }

    async fn leave(&self, tenant: &str, pool: &str, server: &str) -> Result<(), Fault> {
        self.state().members.entry(key(tenant, pool)).or_default().remove(server);
        Ok(())
    }
}
