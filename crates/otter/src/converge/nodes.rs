//! PURE: how balancers come to know the servers that stay and forget those that go.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::rackconnect::{self, Members};
use super::servers::age;
use super::{Known, Plan, Seen, Step};
use crate::balancer::{Condition, NewNode, Node, Pool};
use crate::launcher::{Server, ServerStatus};
use crate::model::tags;
use crate::settings::Converge;

/// The nodes of the balancers that were gathered, and the members of the RackConnect v3 pools.
pub(super) struct Nodes<'g> {
    pools: &'g BTreeMap<String, Option<Pool>>,
    members: &'g Members,
}

impl<'g> Nodes<'g> {
    pub(super) fn new(seen: &'g Seen<'_>) -> Self {
        Self { pools: &seen.pools, members: &seen.members }
    }

    /// Takes a server out of all that send it connections.
    pub(super) fn remove_all_of(&self, server: &Server) -> Vec<Step> {
        self.remove_all(&server.id, server.address.as_deref(), server.port)
    }

    /// The same for one that has vanished; its nodes stay if another server has its address now.
    pub(super) fn remove_all_of_gone(&self, gone: &Known, inherited: bool) -> Vec<Step> {
        self.remove_all(&gone.id, (!inherited).then_some(&gone.address), gone.port)
    }

    fn remove_all(&self, id: &str, address: Option<&str>, port: Option<u16>) -> Vec<Step> {
        let there = address.map(|address| self.at(address, port)).unwrap_or_default();
        let nodes = there.into_iter().map(|(balancer, node)| remove(balancer, node));
        nodes.chain(rackconnect::leave(self.members, id)).collect()
    }

    /// Takes a server out of its balancers gently, or at once if `time_is_over`. Returns the steps
    /// and how many nodes are left after them.
    pub(super) fn drain(&self, server: &Server, time_is_over: bool) -> (Vec<Step>, usize) {
        let mut steps = rackconnect::leave(self.members, &server.id);
        let mut left = 0;
        let Some(address) = &server.address else { return (steps, left) };
        for (balancer, node) in self.at(address, server.port) {
            let idle = node.condition == Condition::Draining && node.connections == Some(0);
            if time_is_over || idle || node.condition == Condition::Disabled {
                steps.push(remove(balancer, node));
                continue;
            }
            left += 1;
            if node.condition == Condition::Enabled {
                steps.push(change(balancer, node, Condition::Draining));
            }
        }
        (steps, left)
    }

    /// Whether a server that is active is a node of all the balancers it joined, whatever its condition.
    pub(super) fn serves(&self, server: &Server) -> bool {
        let Some(address) = &server.address else { return false };
        let there = self.at(address, server.port);
        server.status == ServerStatus::Active
            && rackconnect::serves(self.members, server)
            && tags::balancers_of(&server.metadata)
                .iter()
                .all(|(balancer, _)| there.iter().any(|(id, _)| id == balancer))
    }

    /// The nodes at an address, and at this port if the server has its own.
    fn at(&self, address: &str, port: Option<u16>) -> Vec<(&'g str, &'g Node)> {
        let there = |node: &&Node| node.address == address && port.is_none_or(|port| node.port == port);
        let pools = self.pools.iter().filter_map(|(id, pool)| Some((id, pool.as_ref()?)));
        pools.flat_map(|(id, pool)| pool.nodes.iter().filter(there).map(|node| (id.as_str(), node))).collect()
    }
}

fn remove(balancer: &str, node: &Node) -> Step {
    Step::Remove { balancer: balancer.to_owned(), nodes: vec![node.id.clone()] }
}

fn change(balancer: &str, node: &Node, condition: Condition) -> Step {
    Step::Change { balancer: balancer.to_owned(), node: node.id.clone(), condition }
}

/// Sees to it that a server that stays is on all balancers it is meant for. Whether it is in service.
pub(super) fn join(
    server: &Server,
    nodes: &Nodes<'_>,
    now: Timestamp,
    rules: &Converge,
    plan: &mut Plan,
) -> bool {
    if server.status != ServerStatus::Active {
        return false;
    }
    let mut on_all = rackconnect::join(nodes.members, server, plan);
    let holds = tags::balancers_of(&server.metadata);
    // Without an address it can join nothing; the original says nothing about it, either.
    let Some(address) = &server.address else { return on_all && holds.is_empty() };
    for (balancer, port) in holds {
        let wanted = (address.as_str(), server.port.unwrap_or(port));
        on_all &= match nodes.pools.get(&balancer) {
            Some(Some(pool)) => {
                join_one(&balancer, wanted, pool, age(server, now) > rules.build_timeout, plan)
            }
            _ => {
                plan.failures.push(format!("Cloud Load Balancer {balancer} does not exist"));
                false
            }
        };
    }
    on_all
}

/// The same for one balancer.
fn join_one(balancer: &str, (address, port): (&str, u16), pool: &Pool, old: bool, plan: &mut Plan) -> bool {
    let Some(node) = pool.nodes.iter().find(|node| node.address == address && node.port == port) else {
        let condition = if pool.monitored { Condition::Draining } else { Condition::Enabled };
        let node = NewNode { address: address.to_owned(), port, condition };
        plan.steps.push(Step::Add { balancer: balancer.to_owned(), nodes: vec![node] });
        return false;
    };
    if node.condition == Condition::Enabled && node.ordinary {
        return true;
    }
    if !pool.monitored || node.online {
        plan.steps.push(change(balancer, node, Condition::Enabled));
    } else if old {
        plan.failures
            .push(format!("Node {address}:{port} of Cloud Load Balancer {balancer} does not come online"));
    } else {
        plan.waits.push(format!("node {address}:{port} of balancer {balancer} is not online yet"));
    }
    false
}
