//! PURE: what one round asks of the balancers. A balancer is locked while it changes, so each gets one call a
//! round; what waits for a later one keeps its server waiting, too.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::Step;
use crate::balancer::Condition;

/// Nodes that one call removes: Cloud Load Balancers take no more in one request.
const REMOVED_AT_ONCE: usize = 10;

/// What is to be done for the sake of one server.
#[derive(Default)]
pub(super) struct Errand {
    /// Steps at balancers, for one node each, and at pools.
    pub(super) first: Vec<Step>,
    /// What may follow once all of those are taken.
    pub(super) then: Option<Step>,
}

/// The steps of one round: the errands as far as one call for each balancer gets them. Nodes that share a call
/// are added or removed together.
pub(super) fn one_each(errands: Vec<Errand>) -> Vec<Step> {
    let mut calls: BTreeMap<&str, Step> = BTreeMap::new();
    let mut steps = Vec::new();
    for step in errands.iter().flat_map(|errand| &errand.first) {
        match step.balancer().map(|balancer| calls.entry(balancer)) {
            Some(Entry::Vacant(free)) => _ = free.insert(step.clone()),
            Some(Entry::Occupied(mut taken)) => taken.get_mut().make_room_for(step),
            None => steps.push(step.clone()),
        }
    }
    let is_taken =
        |step: &Step| step.balancer().and_then(|id| calls.get(id)).is_none_or(|call| call.covers(step));
    let whole = errands.iter().filter(|errand| errand.first.iter().all(is_taken));
    let follow: Vec<Step> = whole.filter_map(|errand| errand.then.clone()).collect();
    steps.extend(calls.into_values());
    steps.extend(follow);
    steps
}

impl Step {
    /// The balancer that is locked by it.
    fn balancer(&self) -> Option<&str> {
        match self {
            Self::Add { balancer, .. } | Self::Change { balancer, .. } | Self::Remove { balancer, .. } => {
                Some(balancer)
            }
            _ => None,
        }
    }

    /// What comes first at a balancer: nodes that go make room for new ones, and capacity that comes is needed
    /// before what leaves is drained.
    fn turn(&self) -> u8 {
        match self {
            Self::Remove { .. } => 0,
            Self::Add { .. } => 1,
            Self::Change { condition: Condition::Enabled, .. } => 2,
            _ => 3,
        }
    }

    /// Takes another step at the same balancer into this call, leaves the call to it if its turn is earlier, or
    /// has it wait.
    fn make_room_for(&mut self, other: &Self) {
        if other.turn() < self.turn() {
            *self = other.clone();
            return;
        }
        match (self, other) {
            (Self::Remove { nodes, .. }, Self::Remove { nodes: more, .. }) => {
                // A node may be in the way of two servers that had its address one after the other.
                let fresh: Vec<_> = more.iter().filter(|node| !nodes.contains(node)).cloned().collect();
                nodes.extend(fresh.into_iter().take(REMOVED_AT_ONCE.saturating_sub(nodes.len())));
            }
            (Self::Add { nodes, .. }, Self::Add { nodes: more, .. }) => nodes.extend(more.iter().cloned()),
            _ => {}
        }
    }

    /// Whether this call does what a step for one node is about.
    fn covers(&self, step: &Self) -> bool {
        match (self, step) {
            (Self::Remove { nodes, .. }, Self::Remove { nodes: some, .. }) => {
                some.iter().all(|node| nodes.contains(node))
            }
            (Self::Add { nodes, .. }, Self::Add { nodes: some, .. }) => {
                some.iter().all(|node| nodes.contains(node))
            }
            (call, step) => call == step,
        }
    }
}
