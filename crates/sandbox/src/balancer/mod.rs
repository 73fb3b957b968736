//! Load balancers: what they are, whom they send connections to, and what they say of themselves.
//!
//! [`LoadBalancer`] is the thing itself. `forward` carries connections for it, `clb` and `octavia`
//! tell of it on the wire, each in its own way.

mod algorithm;
mod clb;
mod forward;
mod load_balancer;
mod network;
mod node;
mod octavia;
mod stats;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use algorithm::Algorithm;
pub use load_balancer::{LoadBalancer, Status};
pub use node::{Condition, Node, NodeKind, NodeStatus};
pub use stats::Stats;

pub(crate) use forward::{carry_all, reset};
pub(crate) use network::Network;

/// All load balancers, by the id that Cloud Load Balancers gives them.
#[derive(Clone)]
pub(crate) struct LoadBalancers(Arc<BTreeMap<u64, Arc<LoadBalancer>>>);

impl LoadBalancers {
    pub(crate) fn new(all: impl IntoIterator<Item = Arc<LoadBalancer>>) -> Self {
        Self(Arc::new(all.into_iter().map(|balancer| (balancer.id(), balancer)).collect()))
    }

    /// Those whose id is at least `first`, in the order of their ids.
    fn from(&self, first: u64) -> impl Iterator<Item = &Arc<LoadBalancer>> {
        self.0.range(first..).map(|(_, balancer)| balancer)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<LoadBalancer>> {
        self.0.values()
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<&Arc<LoadBalancer>> {
        self.0.get(&id.parse().ok()?)
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<&Arc<LoadBalancer>> {
        self.all().find(|balancer| balancer.name() == name)
    }

    /// The routes of Cloud Load Balancers.
    pub(crate) fn clb(&self, tenant: &str) -> axum::Router {
        clb::routes(self.clone(), tenant)
    }

    /// The routes of Octavia.
    pub(crate) fn octavia(&self, origin: &str, project: &str) -> axum::Router {
        octavia::routes(self.clone(), origin, project)
    }
}
