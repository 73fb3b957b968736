//! PURE: the plan of one round.

use jiff::Timestamp;

use super::calls::{self, Errand};
use super::nodes::{self, Nodes};
use super::servers::{self, Sorted};
use super::{Known, Plan, Rules, Seen, Step, Wanted};
use crate::launcher::Server;
use crate::model::state::ActiveServer;
use crate::model::tags;

/// What to do in one round to bring a group from what is seen to what is wanted.
pub fn plan(wanted: &Wanted, seen: &Seen<'_>, now: Timestamp, rules: &Rules) -> Plan {
    let mut plan = Plan::default();
    let sorted = servers::sort(wanted, &seen.servers, now, rules);
    let nodes = Nodes::new(seen);
    let mut errands: Vec<Errand> =
        seen.vanished.iter().map(|gone| clear_away(gone, seen, &nodes, &mut plan)).collect();
    for server in &sorted.gone {
        errands.push(Errand { first: nodes.remove_all_of(server), then: None });
    }
    for server in &sorted.failed {
        errands.push(Errand { first: nodes.remove_all_of(server), then: Some(delete(server)) });
    }
    for server in &sorted.leaving {
        errands.push(servers::see_off(server, wanted, &nodes, now, &mut plan));
    }
    for server in &sorted.kept {
        if nodes::join(server, &nodes, now, rules, &mut plan) {
            plan.active.push(active(server));
        }
    }
    // What those that stay need of the balancers takes its turn with the rest.
    errands.push(Errand { first: std::mem::take(&mut plan.steps), then: None });
    plan.steps = calls::one_each(errands);
    plan.steps.extend(std::iter::repeat_n(Step::Create, sorted.missing.min(rules.creates_per_round)));
    tell_waits(wanted, seen, &sorted, &mut plan);
    plan.known.extend(seen.servers.iter().filter_map(|server| known(server)));
    plan
}

/// Removes what a server that vanished has left behind, and remembers it until nothing of it is seen.
fn clear_away(gone: &Known, seen: &Seen<'_>, nodes: &Nodes<'_>, plan: &mut Plan) -> Errand {
    // Another server may have its address by now, and with it the node.
    let heirs = |server: &&Server| server.address.as_ref() == Some(&gone.address) && server.port == gone.port;
    let steps = nodes.remove_all_of_gone(gone, seen.servers.iter().any(heirs));
    let unread = gone.balancers.iter().any(|id| !seen.pools.contains_key(id))
        || gone.pools.iter().any(|id| !seen.members.contains_key(id));
    if unread || !steps.is_empty() {
        plan.known.push(gone.clone());
    }
    Errand { first: steps, then: None }
}

pub(super) fn delete(server: &Server) -> Step {
    Step::Delete { server: server.id.clone() }
}

pub(super) fn active(server: &Server) -> ActiveServer {
    ActiveServer { id: server.id.clone(), links: server.links.clone() }
}

fn tell_waits(wanted: &Wanted, seen: &Seen<'_>, sorted: &Sorted<'_>, plan: &mut Plan) {
    if sorted.building > 0 {
        plan.waits.push(format!("{} servers are building", sorted.building));
    }
    if sorted.busy > 0 {
        plan.limited.push(format!("{} servers are in the midst of a change", sorted.busy));
    }
    if wanted.deleting && !seen.servers.is_empty() {
        plan.waits.push(format!("{} servers are still there", seen.servers.len()));
    }
}

pub(super) fn known(server: &Server) -> Option<Known> {
    let mut balancers: Vec<String> =
        tags::balancers_of(&server.metadata).into_iter().map(|(id, _)| id).collect();
    balancers.dedup();
    let (pools, address) = (tags::pools_of(&server.metadata), server.address.clone()?);
    let joined = !balancers.is_empty() || !pools.is_empty();
    joined.then(|| Known { id: server.id.clone(), address, port: server.port, balancers, pools })
}
