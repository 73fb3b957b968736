//! What the two kinds of balancer monitor share: each balancer is read once a tick, then added up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::Monitor;
use crate::known::Known;
use crate::memo::Memo;
use crate::model::{BalancerLoad, NoReading, Nodes, Reading, Signal, Window};
use crate::tick::Tick;

/// The fact that a balancer's id is remembered under.
const KNOWN: &str = "load_balancer";

/// A service that has balancers.
#[async_trait]
pub trait BalancerService: Send + Sync {
    /// The id of the balancer with this name or id, found by listing them all.
    async fn find(&self, tick: &Tick, reference: &str) -> Result<String, NoReading>;

    /// One balancer now; none if there is no balancer of that id.
    async fn balancer(&self, tick: &Tick, id: &str) -> Result<Option<Balancer>, NoReading>;
}

/// One balancer as it was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Balancer {
    /// The cloud's id.
    pub id: String,
    /// The cloud's name.
    pub name: String,
    /// Active connections.
    pub connections: u64,
    /// Its nodes.
    pub nodes: Vec<Node>,
}

/// One server behind a balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its address; the same server may stand behind several balancers.
    pub address: String,
    /// What it does.
    pub state: NodeState,
}

/// What a node does, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeState {
    /// Not meant to take new connections: disabled, draining or a spare.
    Idle,
    /// Meant to serve, and down.
    Offline,
    /// Serves.
    Serving,
}

/// All balancers of a cloud, for all groups.
pub struct Balancers<S> {
    service: S,
    known: Arc<Known>,
    seen: Memo<String, Result<Arc<Balancer>, NoReading>>,
}

impl<S: BalancerService> Balancers<S> {
    /// The balancers of `service`, with their ids remembered in `known`.
    pub fn new(service: S, known: Arc<Known>) -> Balancers<S> {
        Balancers { service, known, seen: Memo::new() }
    }

    /// The balancer with this name or id, read once a tick whoever asks.
    pub async fn read(&self, tick: &Tick, reference: &str) -> Result<Arc<Balancer>, NoReading> {
        self.seen.get(tick, reference.to_owned(), self.ask(tick, reference)).await
    }

    async fn ask(&self, tick: &Tick, reference: &str) -> Result<Arc<Balancer>, NoReading> {
        if let Some(id) = self.known.get(KNOWN, reference) {
            if let Some(balancer) = self.service.balancer(tick, &id).await? {
                return Ok(Arc::new(balancer));
            }
            self.known.forget(KNOWN, reference);
        }
        let id = self.service.find(tick, reference).await?;
        self.known.put(KNOWN, reference, &id);
        let gone = || {
            NoReading::Missing(format!("load balancer {reference:?} (id {id}) was listed, then not found"))
        };
        self.service.balancer(tick, &id).await?.map(Arc::new).ok_or_else(gone)
    }
}

/// A monitor of active connections on one or more balancers, which add up.
pub struct Connections<S> {
    /// The cloud's balancers.
    pub balancers: Arc<Balancers<S>>,
    /// Names or ids.
    pub references: Vec<String>,
    /// How long the service may repeat the same statistics.
    pub stats_cache: Duration,
}

#[async_trait]
impl<S: BalancerService> Monitor for Connections<S> {
    async fn read(&self, tick: &Tick) -> Result<Reading, NoReading> {
        let reads = self.references.iter().map(|reference| self.balancers.read(tick, reference));
        let seen: Result<Vec<_>, _> = join_all(reads).await.into_iter().collect();
        Ok(add_up(&seen?, tick.at, self.stats_cache))
    }
}

/// The reading that `balancers` give together, as of an answer at `at` that may be `stats_cache` old.
/// A balancer that is named twice counts once.
fn add_up(balancers: &[Arc<Balancer>], at: Timestamp, stats_cache: Duration) -> Reading {
    let distinct: BTreeMap<&str, &Balancer> = balancers.iter().map(|b| (b.id.as_str(), b.as_ref())).collect();
    let load = distinct.values().map(|b| b.connections as f64).sum();
    let mut nodes: BTreeMap<&str, NodeState> = BTreeMap::new();
    for node in distinct.values().flat_map(|balancer| &balancer.nodes) {
        let best = nodes.entry(&node.address).or_insert(node.state);
        *best = node.state.max(*best);
    }
    let count = |state| nodes.values().filter(|s| **s == state).count() as u32;
    let nodes = Nodes {
        serving: count(NodeState::Serving),
        offline: count(NodeState::Offline),
        total: nodes.len() as u32,
    };
    let oldest = SignedDuration::try_from(stats_cache).ok().and_then(|age| at.checked_sub(age).ok());
    Reading {
        signal: Signal::Demand { load },
        taken: Window { earliest: oldest.unwrap_or(Timestamp::MIN), latest: at },
        balancers: distinct.into_values().map(BalancerLoad::from).collect(),
        nodes: Some(nodes),
        beat: None,
    }
}

impl From<&Balancer> for BalancerLoad {
    fn from(balancer: &Balancer) -> BalancerLoad {
        BalancerLoad {
            id: balancer.id.clone(),
            name: balancer.name.clone(),
            connections: balancer.connections,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn balancer(id: &str, connections: u64, nodes: &[(&str, NodeState)]) -> Arc<Balancer> {
        let nodes =
            nodes.iter().map(|(address, state)| Node { address: (*address).to_owned(), state: *state });
        Arc::new(Balancer { id: id.to_owned(), name: format!("lb{id}"), connections, nodes: nodes.collect() })
    }

    #[test]
    fn connections_add_up_and_a_server_on_two_balancers_counts_once() {
        use NodeState::{Idle, Offline, Serving};
        let one = balancer("1", 30, &[("10.0.0.1", Serving), ("10.0.0.2", Offline), ("10.0.0.3", Offline)]);
        let two = balancer("2", 12, &[("10.0.0.1", Idle), ("10.0.0.2", Serving), ("10.0.0.4", Idle)]);
        let at: Timestamp = "2026-01-02T03:04:05Z".parse().expect("an instant");
        let reading = add_up(&[one.clone(), two, one], at, Duration::from_secs(300));
        assert_eq!(reading.signal, Signal::Demand { load: 42.0 });
        assert_eq!(reading.nodes, Some(Nodes { serving: 2, offline: 1, total: 4 }));
        assert_eq!(reading.balancers.len(), 2);
        assert_eq!(reading.taken.latest, at);
        assert_eq!(at.duration_since(reading.taken.earliest), SignedDuration::from_secs(300));
    }
}
