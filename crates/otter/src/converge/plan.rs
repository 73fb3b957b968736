//! PURE: the plan of one round.

use jiff::Timestamp;

use super::calls::{self, Errand};
use super::losses::Loss;
use super::nodes::{self, Nodes};
use super::servers::{self, Sorted};
use super::stacks::plan_stacks;
use super::{Known, Past, Plan, Seen, Step, Wanted};
use crate::fault::Fault;
use crate::launcher::{Server, ServerStatus};
use crate::model::state::ActiveServer;
use crate::model::tags;
use crate::settings::Converge;

/// What to do in one round to bring a group from what is seen to what is wanted. What is there of the other kind of
/// capacity, from before the launch configuration was replaced, goes.
pub fn plan(wanted: &Wanted, seen: &Seen<'_>, now: Timestamp, rules: &Converge) -> Plan {
    let none = &Wanted { desired: 0, ..wanted.clone() };
    let (servers, stacks) = if wanted.of_stacks { (none, wanted) } else { (wanted, none) };
    let mut plan = plan_servers(servers, seen, now, rules);
    plan_stacks(stacks, seen, rules, &mut plan);
    plan
}

fn plan_servers(wanted: &Wanted, seen: &Seen<'_>, now: Timestamp, rules: &Converge) -> Plan {
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
    if !plan.tell_losses(&losses(&sorted), &seen.past) {
        let created = sorted.missing.min(rules.creates_per_round);
        plan.steps.extend(std::iter::repeat_n(Step::Create, created));
    }
    tell_waits(wanted, seen, &sorted, &mut plan);
    let done_with = |server: &Server| servers::is_gone(server) && nodes.remove_all_of(server).is_empty();
    let there = seen.servers.iter().filter(|server| !done_with(server));
    plan.known.extend(there.filter_map(|server| known(server, &seen.past)));
    plan
}

/// What is to be remembered after a round. A server that was deleted without a fault has nothing left on any
/// balancer: its address is the next one's.
pub fn remembered(plan: &Plan, faults: &[Fault]) -> Vec<Known> {
    let deleted = |known: &Known| plan.steps.contains(&Step::Delete { server: known.id.clone() });
    let mut known = plan.known.clone();
    known.retain(|known| !faults.is_empty() || !deleted(known));
    known
}

/// Removes what a server that vanished has left behind, and remembers it until nothing of it is seen.
fn clear_away(gone: &Known, seen: &Seen<'_>, nodes: &Nodes<'_>, plan: &mut Plan) -> Errand {
    let steps = nodes.remove_all_of_gone(gone, seen.inherited.contains(&gone.id));
    let unread = gone.balancers.iter().any(|id| !seen.pools.contains_key(id))
        || gone.pools.iter().any(|id| !seen.members.contains_key(id));
    if unread || !steps.is_empty() {
        plan.known.push(gone.clone());
    }
    Errand { first: steps, then: None }
}

/// The servers that failed and have to be replaced.
fn losses<'g>(sorted: &Sorted<'g>) -> Vec<Loss<'g>> {
    let lost = sorted.failed.iter().filter(|_| sorted.missing > 0);
    lost.map(|server| Loss { id: &server.id, reason: how_it_failed(server) }).collect()
}

/// The server and the reason, in words for a person.
fn how_it_failed(server: &Server) -> String {
    let reason = server.fault.as_deref();
    let reason = reason.unwrap_or(match server.status {
        ServerStatus::Build => "it did not boot in time",
        ServerStatus::Shutoff => "it is shut off",
        _ => "it is in ERROR",
    });
    format!("Server {} failed: {reason}", server.name)
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

pub(super) fn known(server: &Server, past: &Past) -> Option<Known> {
    let mut balancers: Vec<String> =
        tags::balancers_of(&server.metadata).into_iter().map(|(id, _)| id).collect();
    balancers.dedup();
    let (pools, address) = (tags::pools_of(&server.metadata), server.address.clone()?);
    let (id, served) = (server.id.clone(), past.served.contains(&server.id));
    let joined = !balancers.is_empty() || !pools.is_empty();
    (joined || served).then_some(Known { id, address, port: server.port, balancers, pools, served })
}
