//! The seam to load balancers; one file for each kind.

mod haproxy;
mod memory;

use std::collections::BTreeSet;

use async_trait::async_trait;

pub use crate::fault::Fault;
pub use haproxy::{Haproxy, HaproxySettings};
pub use memory::Memory;

/// Takes nodes in and out of load balancers.
#[async_trait]
pub trait Balancer: Send + Sync + 'static {
    /// The nodes of one balancer and whether a health monitor watches them.
    ///
    /// # Errors
    /// A [`Fault`]; [`Fault::Gone`] if there is no such balancer.
    async fn pool(&self, tenant: &str, balancer: &str) -> Result<Pool, Fault>;

    /// Adds nodes of type PRIMARY and weight 1. A node with that address and port being there already is a
    /// retryable fault. Some may have been added after a fault: the next [`Balancer::pool`] tells.
    ///
    /// # Errors
    /// A [`Fault`]; [`Fault::Gone`] if there is no such balancer.
    async fn add(&self, tenant: &str, balancer: &str, nodes: &[NewNode]) -> Result<(), Fault>;

    /// Changes a node's condition, and gives it type PRIMARY and weight 1.
    ///
    /// # Errors
    /// A [`Fault`]; [`Fault::Gone`] if there is no such node or balancer.
    async fn change(
        &self,
        tenant: &str,
        balancer: &str,
        node: &str,
        condition: Condition,
    ) -> Result<(), Fault>;

    /// Removes nodes. Ids that are not there are no fault.
    ///
    /// # Errors
    /// A [`Fault`]; [`Fault::Gone`] if there is no such balancer.
    async fn remove(&self, tenant: &str, balancer: &str, nodes: &[String]) -> Result<(), Fault>;

    /// RackConnect v3, where there is such a thing: pools that take servers by their ids. A launch
    /// configuration that names one is refused where there is none.
    fn rackconnect(&self) -> Option<&dyn RackConnect> {
        None
    }
}

/// Takes servers in and out of RackConnect v3 pools.
#[async_trait]
pub trait RackConnect: Send + Sync {
    /// The ids of the servers in a pool.
    ///
    /// # Errors
    /// A [`Fault`]; [`Fault::Gone`] if there is no such pool.
    async fn members(&self, tenant: &str, pool: &str) -> Result<BTreeSet<String>, Fault>;

    /// Puts a server into a pool.
    ///
    /// # Errors
    /// A [`Fault`]; [`Fault::Gone`] if there is no such pool.
    async fn join(&self, tenant: &str, pool: &str, server: &str) -> Result<(), Fault>;

    /// Takes a server out of a pool. One that is not there is no fault.
    ///
    /// # Errors
    /// A [`Fault`]; [`Fault::Gone`] if there is no such pool.
    async fn leave(&self, tenant: &str, pool: &str, server: &str) -> Result<(), Fault>;
}

/// A balancer's nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pool {
    /// All of them, those of other hands included.
    pub nodes: Vec<Node>,
    /// Whether a health monitor watches them: a new node then starts as DRAINING and is enabled
    /// once it is online.
    pub monitored: bool,
}

/// A node to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNode {
    /// Where the balancer reaches it.
    pub address: String,
    /// And at which port.
    pub port: u16,
    /// Its condition from the start.
    pub condition: Condition,
}

/// A node as its balancer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The balancer's id of it.
    pub id: String,
    /// Where the balancer reaches it.
    pub address: String,
    /// And at which port.
    pub port: u16,
    /// What was asked of it.
    pub condition: Condition,
    /// Whether it answers; true where nothing checks.
    pub online: bool,
    /// Whether it has type PRIMARY and weight 1 (or no weight), as the service sets them.
    pub ordinary: bool,
    /// Open connections, where the balancer tells; a draining node at zero may go early.
    pub connections: Option<u64>,
}

/// What a balancer is asked to do with a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Give it connections.
    Enabled,
    /// Give it no new ones.
    Draining,
    /// Cut them all.
    Disabled,
}
