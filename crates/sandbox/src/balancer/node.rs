//! A node of a load balancer: where connections go, if it is in a state to take them.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A node.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its id in Cloud Load Balancers.
    pub id: u64,
    /// Its id in Octavia.
    pub member: Uuid,
    /// Where its server is on the sandbox's own network.
    pub address: Ipv4Addr,
    /// The port of that.
    pub port: u16,
    /// What was asked of it.
    pub condition: Condition,
    /// What a health monitor would say.
    pub status: NodeStatus,
    /// Whether it serves at all times or only when no other does.
    pub kind: NodeKind,
    pub(super) open: Arc<AtomicU64>,
    /// Cancelled when its connections are to be cut.
    pub(super) cut: CancellationToken,
}

impl Node {
    pub(super) fn new(id: u64, address: Ipv4Addr, port: u16, condition: Condition) -> Self {
        Self {
            id,
            member: Uuid::new_v4(),
            address,
            port,
            condition,
            status: NodeStatus::Online,
            kind: NodeKind::Primary,
            open: Arc::default(),
            cut: CancellationToken::new(),
        }
    }

    /// Its open connections.
    pub fn connections(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// Whether it would take a connection if it is its turn.
    pub(super) fn is_able(&self) -> bool {
        self.condition == Condition::Enabled && self.status == NodeStatus::Online
    }

    /// Cuts what is open; what comes after is another matter.
    pub(super) fn cut_connections(&mut self) {
        std::mem::take(&mut self.cut).cancel();
    }
}

/// What was asked of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Condition {
    /// To take connections.
    Enabled,
    /// To take no new ones and keep those it has.
    Draining,
    /// To have none.
    Disabled,
}

/// What a health monitor would say of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NodeStatus {
    /// It answers.
    Online,
    /// It does not.
    Offline,
}

/// When a node serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NodeKind {
    /// At all times.
    Primary,
    /// Only when no primary node does.
    Secondary,
}
