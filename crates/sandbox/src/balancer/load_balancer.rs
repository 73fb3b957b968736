//! One load balancer: its nodes, its status, and the connections it carries.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use otter::clock::Clock as _;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::stats::Cache;
use super::{Algorithm, Condition, Node, NodeKind, NodeStatus, Stats};
use crate::clock::MovableClock;
use crate::plan::LoadBalancerPlan;

/// Node ids start at a multiple of this, so that no two balancers have one in common.
const NODES_EACH: u64 = 1_000_000;

/// A balancer's status, as Cloud Load Balancers words it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "the wire's own words")]
pub enum Status {
    Active,
    Build,
    PendingUpdate,
    PendingDelete,
    Suspended,
    Error,
    Deleted,
}

/// There is no such node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotFound;

/// A load balancer.
pub struct LoadBalancer {
    id: u64,
    uuid: Uuid,
    name: String,
    algorithm: Algorithm,
    created: Timestamp,
    clock: Arc<MovableClock>,
    cache: Cache,
    /// Where it listens, if it does.
    address: Option<SocketAddr>,
    state: Mutex<State>,
    current: watch::Sender<u64>,
    max: AtomicU64,
    failures: AtomicU64,
}

struct State {
    status: Status,
    nodes: Vec<Node>,
    next_node: u64,
    turn: usize,
    /// Connections and TLS connections that were set instead of counted.
    set: Option<(u64, u64)>,
}

impl LoadBalancer {
    pub(crate) fn new(
        id: u64,
        plan: &LoadBalancerPlan,
        clock: Arc<MovableClock>,
        address: Option<SocketAddr>,
    ) -> Self {
        let state = State {
            status: Status::Active,
            nodes: Vec::new(),
            next_node: id * NODES_EACH,
            turn: 0,
            set: None,
        };
        Self {
            id,
            uuid: Uuid::new_v4(),
            name: plan.name.clone(),
            algorithm: plan.algorithm,
            created: clock.now(),
            clock,
            cache: Cache::new(plan.stats_cache),
            address,
            state: Mutex::new(state),
            current: watch::Sender::new(0),
            max: AtomicU64::default(),
            failures: AtomicU64::default(),
        }
    }

    /// Its id in Cloud Load Balancers.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Its id in Octavia.
    pub fn uuid(&self) -> Uuid {
        self.uuid
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it takes connections; `None` in a cloud without real ones.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn created(&self) -> Timestamp {
        self.created
    }

    /// Its status.
    pub fn status(&self) -> Status {
        self.state().status
    }

    /// Sets its status. Only an ACTIVE balancer tells its statistics; a suspended or deleted one
    /// carries nothing.
    pub fn set_status(&self, status: Status) {
        self.state().status = status;
    }

    /// Its nodes, in the order of their ids.
    pub fn nodes(&self) -> Vec<Node> {
        self.tell_nodes(Node::clone)
    }

    /// What `tell` makes of each node.
    pub(crate) fn tell_nodes<T>(&self, tell: impl Fn(&Node) -> T) -> Vec<T> {
        self.state().nodes.iter().map(tell).collect()
    }

    pub(super) fn node_count(&self) -> usize {
        self.state().nodes.len()
    }

    /// Sets its open connections, plain and TLS-terminated, whatever is really open; `None` counts again.
    pub fn set_connections(&self, connections: Option<(u64, u64)>) {
        self.state().set = connections;
    }

    /// Its open connections now, whatever the cache says.
    pub fn connections(&self) -> u64 {
        let set = self.state().set;
        set.map_or_else(|| *self.current.borrow(), |(plain, tls)| plain + tls)
    }

    /// Returns once exactly so many connections are really open.
    pub async fn carries(&self, connections: u64) {
        let mut current = self.current.subscribe();
        // The sender lives as long as `self`, so this cannot fail.
        let _carries = current.wait_for(|current| *current == connections).await;
    }

    /// Connections that no server took: none was there, or the one chosen cut it before a first answer.
    pub fn refused(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Its statistics, as old as its cache allows.
    pub fn stats(&self) -> Stats {
        self.cache.get(&self.clock, || self.stats_now())
    }

    fn stats_now(&self) -> Stats {
        let set = self.state().set;
        let (current, tls) = set.unwrap_or_else(|| (*self.current.borrow(), 0));
        Stats {
            connect_failure: self.refused(),
            max_conn: self.max.load(Ordering::Relaxed).max(current),
            current_conn: current,
            max_conn_ssl: tls,
            current_conn_ssl: tls,
            ..Stats::default()
        }
    }

    /// Adds a node and returns its id.
    pub(crate) fn add(&self, address: Ipv4Addr, port: u16, condition: Condition) -> u64 {
        let mut state = self.state();
        let id = state.next_node;
        state.next_node += 1;
        state.nodes.push(Node::new(id, address, port, condition));
        id
    }

    /// Removes nodes and cuts their connections; ids that are not there are passed over.
    pub(crate) fn remove(&self, ids: &[u64]) {
        self.state().nodes.retain_mut(|node| {
            let stays = !ids.contains(&node.id);
            if !stays {
                node.cut_connections();
            }
            stays
        });
    }

    /// Sets what is asked of a node; one that is disabled loses its connections.
    pub(crate) fn set_condition(&self, node: u64, condition: Condition) -> Result<(), NotFound> {
        self.change(node, |node| {
            node.condition = condition;
            if condition == Condition::Disabled {
                node.cut_connections();
            }
        })
    }

    /// Sets whether a node is online, as its health monitor would; false if there is no such node.
    pub fn set_node_status(&self, node: u64, status: NodeStatus) -> bool {
        self.change(node, |node| node.status = status).is_ok()
    }

    /// Sets a node's type; false if there is no such node.
    pub fn set_node_kind(&self, node: u64, kind: NodeKind) -> bool {
        self.change(node, |node| node.kind = kind).is_ok()
    }

    fn change(&self, id: u64, change: impl FnOnce(&mut Node)) -> Result<(), NotFound> {
        let mut state = self.state();
        let node = state.nodes.iter_mut().find(|node| node.id == id).ok_or(NotFound)?;
        change(node);
        Ok(())
    }

    /// Chooses a node for a new connection, which counts as open until the hold is dropped.
    pub(super) fn choose(self: &Arc<Self>) -> Option<Hold> {
        let mut state = self.state();
        if matches!(state.status, Status::Suspended | Status::Deleted) {
            return None;
        }
        let turn = state.turn;
        state.turn = turn.wrapping_add(1);
        let node = self.algorithm.pick(&state.nodes, turn)?;
        Some(Hold::new(Arc::clone(self), node))
    }

    pub(super) fn count_refused(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection in the balancer's count.
pub(super) struct Hold {
    balancer: Arc<LoadBalancer>,
    open: Arc<AtomicU64>,
    pub(super) address: Ipv4Addr,
    /// Cancelled when the node is to have no connections.
    pub(super) cut: CancellationToken,
}

impl Hold {
    fn new(balancer: Arc<LoadBalancer>, node: &Node) -> Self {
        node.open.fetch_add(1, Ordering::Relaxed);
        balancer.current.send_modify(|current| {
            *current += 1;
            balancer.max.fetch_max(*current, Ordering::Relaxed);
        });
        Self { balancer, open: Arc::clone(&node.open), address: node.address, cut: node.cut.clone() }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        self.balancer.current.send_modify(|current| *current -= 1);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn balancer(plan: LoadBalancerPlan) -> (Arc<LoadBalancer>, Arc<MovableClock>) {
        let clock = Arc::new(MovableClock::default());
        clock.freeze();
        (Arc::new(LoadBalancer::new(71, &plan, Arc::clone(&clock), None)), clock)
    }

    fn add(balancer: &LoadBalancer, last: u8) -> u64 {
        balancer.add(Ipv4Addr::new(10, 0, 0, last), 80, Condition::Enabled)
    }

    #[test]
    fn the_node_with_the_fewest_connections_is_next() {
        let (balancer, _) = balancer(LoadBalancerPlan::default());
        add(&balancer, 1);
        add(&balancer, 2);
        let holds: Vec<Hold> = (0..4).map(|_| balancer.choose().unwrap()).collect();
        assert_eq!(balancer.nodes().iter().map(Node::connections).collect::<Vec<_>>(), [2, 2]);
        assert_eq!(balancer.stats().current_conn, 4);
        drop(holds);
        let stats = balancer.stats();
        assert_eq!((stats.current_conn, stats.max_conn), (0, 4));
    }

    #[test]
    fn what_is_removed_or_disabled_is_cut() {
        let (balancer, _) = balancer(LoadBalancerPlan::default());
        let node = add(&balancer, 1);
        let hold = balancer.choose().unwrap();
        balancer.set_condition(node, Condition::Disabled).unwrap();
        assert!(hold.cut.is_cancelled());
        balancer.set_condition(node, Condition::Enabled).unwrap();
        let hold = balancer.choose().unwrap();
        assert!(!hold.cut.is_cancelled());
        balancer.remove(&[node]);
        assert!(hold.cut.is_cancelled());
        assert_eq!(balancer.set_condition(node, Condition::Enabled), Err(NotFound));
    }
}
