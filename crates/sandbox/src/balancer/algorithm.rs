//! How a balancer chooses a node for a connection.

use serde::{Deserialize, Serialize};

use super::{Node, NodeKind};

/// How a balancer chooses among the nodes that serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Algorithm {
    /// The one with the fewest open connections.
    LeastConnections,
    /// Each in turn.
    RoundRobin,
    /// Any.
    Random,
}

impl Algorithm {
    /// The node for the next connection, the `turn`th; `None` if none serves. A secondary node serves only
    /// when no primary does.
    pub(super) fn pick(self, nodes: &[Node], turn: usize) -> Option<&Node> {
        let able = |kind| move |node: &&Node| node.is_able() && node.kind == kind;
        let mut serving: Vec<&Node> = nodes.iter().filter(able(NodeKind::Primary)).collect();
        if serving.is_empty() {
            serving = nodes.iter().filter(able(NodeKind::Secondary)).collect();
        }
        let count = serving.len();
        match self {
            _ if count == 0 => None,
            Algorithm::LeastConnections => serving.into_iter().min_by_key(|node| node.connections()),
            Algorithm::RoundRobin => serving.get(turn % count).copied(),
            Algorithm::Random => serving.get(rand::random_range(0..count)).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::balancer::{Condition, NodeStatus};

    fn nodes() -> Vec<Node> {
        let node = |id: u8| Node::new(id.into(), Ipv4Addr::new(10, 0, 0, id), 80, Condition::Enabled);
        (0..3).map(node).collect()
    }

    fn picked(algorithm: Algorithm, nodes: &[Node], turn: usize) -> Option<u64> {
        algorithm.pick(nodes, turn).map(|node| node.id)
    }

    #[test]
    fn each_takes_its_turn_among_those_that_serve() {
        let mut nodes = nodes();
        nodes[1].condition = Condition::Draining;
        let turns: Vec<_> = (0..4).map(|turn| picked(Algorithm::RoundRobin, &nodes, turn)).collect();
        assert_eq!(turns, [Some(0), Some(2), Some(0), Some(2)]);
    }

    #[test]
    fn a_secondary_node_serves_only_when_no_primary_does() {
        let mut nodes = nodes();
        nodes[0].kind = NodeKind::Secondary;
        for algorithm in [Algorithm::LeastConnections, Algorithm::RoundRobin, Algorithm::Random] {
            assert_ne!(picked(algorithm, &nodes, 0), Some(0));
        }
        nodes[1].status = NodeStatus::Offline;
        nodes[2].condition = Condition::Disabled;
        for algorithm in [Algorithm::LeastConnections, Algorithm::RoundRobin, Algorithm::Random] {
            assert_eq!(picked(algorithm, &nodes, 0), Some(0));
        }
        nodes[0].status = NodeStatus::Offline;
        assert_eq!(picked(Algorithm::LeastConnections, &nodes, 0), None);
    }
}
