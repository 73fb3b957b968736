//! Plans, tried on tables of servers, nodes and pools.
#![allow(clippy::unwrap_used)]

mod calls;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::plan::known;
use super::*;
use crate::balancer::{Condition, NewNode, Node, Pool};
use crate::fault::Fault;
use crate::launcher::ServerStatus as S;
use crate::model::tags;
use crate::settings::Converge;

fn rules() -> Converge {
    Converge { build_timeout: Duration::from_secs(3600), creates_per_round: 10, ..Converge::default() }
}

fn now() -> Timestamp {
    "2030-01-01T12:00:00Z".parse().unwrap()
}

/// A server that was made so many seconds ago, with the metadata that puts it on balancer 7.
fn server(id: &str, status: S, age: i64) -> Server {
    let hold = ("rax:autoscale:lb:CloudLoadBalancer:7".to_owned(), "[{\"port\":80}]".to_owned());
    Server {
        id: id.to_owned(),
        name: id.to_owned(),
        status,
        fault: None,
        deleting: false,
        created: now() - Duration::from_secs(age.unsigned_abs()),
        metadata: BTreeMap::from([hold]),
        address: Some(format!("10.0.0.{id}")),
        port: None,
        links: Vec::new(),
    }
}

fn node(id: &str, condition: Condition) -> Node {
    let address = format!("10.0.0.{id}");
    let id = format!("n{id}");
    Node { id, address, port: 80, condition, online: true, ordinary: true, connections: None }
}

fn wanted(desired: usize) -> Wanted {
    Wanted { desired, of_stacks: false, deleting: false, draining: None }
}

fn run(wanted: &Wanted, servers: &[Server], pool: Option<Pool>) -> Plan {
    let pools = BTreeMap::from([("7".to_owned(), pool)]);
    let seen = Seen { servers: servers.iter().collect(), pools, ..Seen::default() };
    plan(wanted, &seen, now(), &rules())
}

fn on(nodes: Vec<Node>) -> Option<Pool> {
    Some(Pool { nodes, monitored: false })
}

fn deleted(plan: &Plan) -> Vec<&str> {
    let ids = plan.steps.iter().filter_map(|step| match step {
        Step::Delete { server } => Some(server.as_str()),
        _ => None,
    });
    ids.collect()
}

fn created(plan: &Plan) -> usize {
    plan.steps.iter().filter(|step| **step == Step::Create).count()
}

fn remove(id: &str) -> Step {
    Step::Remove { balancer: "7".to_owned(), nodes: vec![id.to_owned()] }
}

#[test]
fn what_counts_and_what_is_replaced() {
    for (status, age, counts, goes) in [
        (S::Active, 9, true, false),
        (S::Build, 3600, true, false),
        (S::Build, 3601, false, true),
        (S::Wait, 9, true, false),
        (S::AvoidReplacing, 9, true, false),
        (S::Error, 9, false, true),
        (S::Shutoff, 9, false, true),
        (S::Deleted, 9, false, false),
        (S::Unknown, 9, false, false),
    ] {
        let plan = run(&wanted(1), &[server("1", status, age)], on(vec![node("1", Condition::Enabled)]));
        assert_eq!(created(&plan), usize::from(!counts), "{status:?}, {age} seconds old");
        assert_eq!(!deleted(&plan).is_empty(), goes, "{status:?}, {age} seconds old");
        let leaves = goes || status == S::Deleted;
        assert_eq!(plan.steps.contains(&remove("n1")), leaves, "{status:?}, {age} seconds old");
    }
}

#[test]
fn one_round_orders_ten_at_the_most() {
    assert_eq!(created(&run(&wanted(300), &[], on(vec![]))), 10);
}

#[test]
fn surplus_is_the_youngest_building_first_and_the_oldest_active_last_of_all() {
    let servers = [
        server("1", S::Active, 100),
        server("2", S::Active, 200),
        server("3", S::AvoidReplacing, 5),
        server("4", S::Wait, 5),
        server("5", S::Build, 5),
    ];
    let order = ["5", "4", "3", "2", "1"];
    for keep in 0..=servers.len() {
        let plan = run(&wanted(keep), &servers, on(vec![]));
        let mut gone = deleted(&plan);
        gone.sort_by_key(|id| order.iter().position(|there| there == id));
        assert_eq!(gone, order[..servers.len() - keep], "{keep} are wanted");
    }
}

#[test]
fn a_server_in_service_is_active_and_on_its_balancer() {
    let active = |pool| run(&wanted(1), &[server("1", S::Active, 9)], pool);
    let plan = active(on(vec![node("1", Condition::Enabled)]));
    assert_eq!((plan.steps.len(), plan.active.len()), (0, 1));

    let plan = active(on(vec![]));
    let new = NewNode { address: "10.0.0.1".to_owned(), port: 80, condition: Condition::Enabled };
    assert_eq!(plan.steps, [Step::Add { balancer: "7".to_owned(), nodes: vec![new] }]);
    assert!(plan.active.is_empty());

    let plan = active(on(vec![node("1", Condition::Disabled)]));
    let (balancer, id) = ("7".to_owned(), "n1".to_owned());
    assert_eq!(plan.steps, [Step::Change { balancer, node: id, condition: Condition::Enabled }]);

    let plan = active(None);
    assert_eq!(plan.failures, ["Cloud Load Balancer 7 does not exist"]);
    assert!(plan.steps.is_empty(), "the server is kept");
}

#[test]
fn a_node_of_another_type_or_weight_is_put_right_and_not_in_service_till_then() {
    let heavy = Node { ordinary: false, ..node("1", Condition::Enabled) };
    let plan = run(&wanted(1), &[server("1", S::Active, 9)], on(vec![heavy]));
    let (balancer, id) = ("7".to_owned(), "n1".to_owned());
    assert_eq!(plan.steps, [Step::Change { balancer, node: id, condition: Condition::Enabled }]);
    assert!(plan.active.is_empty());
}

#[test]
fn a_node_that_is_disabled_has_nothing_to_be_drained() {
    let wanted = Wanted { draining: Some(Duration::from_secs(60)), ..wanted(0) };
    let plan = run(&wanted, &[server("1", S::Active, 9)], on(vec![node("1", Condition::Disabled)]));
    assert_eq!(plan.steps, [remove("n1"), Step::Delete { server: "1".to_owned() }]);
}

#[test]
fn a_watched_node_is_enabled_once_it_is_online_and_fails_when_it_stays_offline() {
    let watched = |node: Node, age| {
        let pool = Some(Pool { nodes: vec![node], monitored: true });
        run(&wanted(1), &[server("1", S::Active, age)], pool)
    };
    let plan = watched(node("1", Condition::Draining), 9);
    assert!(matches!(plan.steps[..], [Step::Change { condition: Condition::Enabled, .. }]));
    let offline = Node { online: false, ..node("1", Condition::Draining) };
    let plan = watched(offline.clone(), 9);
    assert_eq!((plan.steps.len(), plan.waits.len()), (0, 1));
    assert_eq!(watched(offline, 3601).failures.len(), 1);
}

#[test]
fn a_server_is_drained_until_its_time_is_over_or_its_connections_are() {
    let wanted = Wanted { draining: Some(Duration::from_secs(60)), ..wanted(0) };
    let fresh = server("1", S::Active, 9);
    let plan = run(&wanted, std::slice::from_ref(&fresh), on(vec![node("1", Condition::Enabled)]));
    assert_eq!(plan.steps[1], Step::Drain { server: "1".to_owned() });
    assert!(matches!(plan.steps[0], Step::Change { condition: Condition::Draining, .. }));
    assert_eq!(plan.look_again, Some(now() + Duration::from_secs(60)));

    let since = |seconds: u64| {
        let mut server = fresh.clone();
        let marks = tags::draining(now() - Duration::from_secs(seconds));
        server.metadata.extend(marks.into_iter().map(|(key, value)| (key, value.unwrap())));
        server
    };
    let draining = node("1", Condition::Draining);
    let plan = run(&wanted, &[since(59)], on(vec![draining.clone()]));
    assert_eq!((plan.steps.len(), plan.look_again), (0, Some(now() + Duration::from_secs(1))));
    let over = [remove("n1"), Step::Delete { server: "1".to_owned() }];
    assert_eq!(run(&wanted, &[since(60)], on(vec![draining.clone()])).steps, over);
    let idle = Node { connections: Some(0), ..draining };
    assert_eq!(run(&wanted, &[since(1)], on(vec![idle])).steps, over);
    // A building server has nothing to drain, and one that joined no balancer neither.
    assert_eq!(run(&wanted, &[server("1", S::Build, 9)], on(vec![])).steps, over[1..]);
    assert_eq!(run(&wanted, &[fresh], on(vec![])).steps, over[1..]);
}

#[test]
fn a_server_that_vanished_leaves_no_node_behind() {
    let (id, address) = ("1".to_owned(), "10.0.0.1".to_owned());
    let known =
        Known { id, address, port: None, balancers: vec!["7".to_owned()], pools: Vec::new(), served: false };
    let nodes = vec![node("1", Condition::Enabled), node("2", Condition::Enabled)];
    let mut seen = Seen { vanished: vec![known.clone()], ..Seen::default() };
    let unread = plan(&wanted(0), &seen, now(), &rules());
    assert_eq!((unread.steps.len(), unread.known), (0, vec![known.clone()]), "its balancer was not read");
    seen.pools = BTreeMap::from([("7".to_owned(), on(nodes))]);
    let there = plan(&wanted(0), &seen, now(), &rules());
    assert_eq!(there.steps, [remove("n1")], "other hands' nodes stay");
    assert_eq!(there.known, [known], "the removal may fail");
    seen.pools = BTreeMap::from([("7".to_owned(), on(vec![node("2", Condition::Enabled)]))]);
    assert_eq!(plan(&wanted(0), &seen, now(), &rules()), Plan::default(), "nothing of it is left");
    seen.pools = BTreeMap::from([("7".to_owned(), on(vec![node("1", Condition::Enabled)]))]);
    seen.inherited = BTreeSet::from(["1".to_owned()]);
    assert!(plan(&wanted(0), &seen, now(), &rules()).steps.is_empty(), "the node is another's now");
}

#[test]
fn a_server_is_remembered_until_it_has_no_node_left() {
    let failed = server("1", S::Error, 9);
    let plan = run(&wanted(0), std::slice::from_ref(&failed), on(vec![node("1", Condition::Enabled)]));
    assert_eq!(remembered(&plan, &[]), [], "its node was removed and it was deleted");
    let fault = Fault::Retryable("not now".to_owned());
    assert_eq!(remembered(&plan, &[fault]).len(), 1, "it may be there still");
    let ending = Server { deleting: true, ..failed };
    let left = |nodes| run(&wanted(0), std::slice::from_ref(&ending), on(nodes)).known.len();
    assert_eq!((left(vec![node("1", Condition::Enabled)]), left(vec![])), (1, 0));
}

#[test]
fn servers_that_fail_one_after_the_other_before_they_serve_are_a_failure_with_a_reason() {
    let fault = Some("exit status: 1: no module named htp.server".to_owned());
    let failed = [Server { fault, ..server("1", S::Error, 9) }, server("2", S::Active, 9)];
    let pools = || BTreeMap::from([("7".to_owned(), on(vec![node("2", Condition::Enabled)]))]);
    let seen = Seen { servers: failed.iter().collect(), pools: pools(), ..Seen::default() };
    let reason = "Server 1 failed: exit status: 1: no module named htp.server";
    let first = plan(&wanted(3), &seen, now(), &rules());
    assert_eq!(
        (created(&first), deleted(&first), first.failures.len()),
        (2, vec!["1"], 0),
        "replaced at once"
    );
    assert_eq!(first.lost, [reason]);

    let failing = Past { failing: true, ..Past::default() };
    let after = |past: &Past| Seen { past: past.clone(), ..seen.clone() };
    let next = plan(&wanted(3), &after(&failing), now(), &rules());
    assert_eq!((created(&next), deleted(&next)), (0, vec!["1"]), "the next one would fail as well");
    assert_eq!(next.failures, [reason]);

    let served = Past { served: ["1".to_owned()].into(), ..failing.clone() };
    let died = plan(&wanted(3), &after(&served), now(), &rules());
    assert_eq!((created(&died), died.failures.len()), (2, 0), "it was well once");
    let surplus = plan(&wanted(1), &after(&failing), now(), &rules());
    assert_eq!((surplus.lost.len(), surplus.failures.len()), (0, 0), "nothing has to be replaced");
}

#[test]
fn many_that_served_and_died_at_once_are_replaced_over_rounds_without_a_failure() {
    let ids: Vec<String> = (10..25).map(|id| id.to_string()).collect();
    let servers: Vec<Server> = ids.iter().map(|id| server(id, S::Error, 99)).collect();
    let plan_after = |servers: &[&Server], past: Past| {
        let nodes = on(servers.iter().map(|server| node(&server.id, Condition::Enabled)).collect());
        let pools = BTreeMap::from([("7".to_owned(), nodes)]);
        plan(
            &wanted(15),
            &Seen { servers: servers.to_vec(), past, pools, ..Seen::default() },
            now(),
            &rules(),
        )
    };
    let was_well = Past { served: ids.into_iter().collect(), failing: false };
    let first = plan_after(&servers.iter().collect::<Vec<_>>(), was_well);
    assert_eq!((created(&first), deleted(&first).len(), first.failures.len()), (10, 10, 0));

    // None of them is in service any more; what is remembered says that they were.
    let known = remembered(&first, &[]);
    assert!(first.active.is_empty() && known.len() == 5, "{known:?}");
    let left: Vec<&Server> =
        servers.iter().filter(|server| known.iter().any(|known| known.id == server.id)).collect();
    let booting: Vec<Server> = (30..40).map(|id| server(&id.to_string(), S::Build, 1)).collect();
    let served = known.iter().filter(|known| known.served).map(|known| known.id.clone()).collect();
    let there: Vec<&Server> = left.into_iter().chain(&booting).collect();
    let second = plan_after(&there, Past { served, failing: true });
    assert_eq!((created(&second), deleted(&second).len(), second.lost.len()), (5, 5, 5));
    assert!(second.failures.is_empty(), "{:?}", second.failures);
}

#[test]
fn a_rackconnect_pool_takes_servers_by_id_and_lets_them_go_at_once() {
    let pooled = |id: &str| {
        let hold = ("rax:autoscale:lb:RackConnectV3:p".to_owned(), String::new());
        Server { metadata: BTreeMap::from([hold]), ..server(id, S::Active, 9) }
    };
    let run = |wanted: &Wanted, there: Option<&[&str]>| {
        let there = there.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect());
        let members = BTreeMap::from([("p".to_owned(), there)]);
        let server = pooled("1");
        let gone = known(&pooled("9"), &Past::default()).unwrap();
        let seen = Seen { servers: vec![&server], vanished: vec![gone], members, ..Seen::default() };
        plan(wanted, &seen, now(), &rules())
    };
    let (pool, leave) =
        ("p".to_owned(), |id: &str| Step::Leave { pool: "p".to_owned(), server: id.to_owned() });
    let joining = run(&wanted(1), Some(&["other"]));
    assert_eq!((joining.steps, joining.active.len()), (vec![Step::Join { pool, server: "1".to_owned() }], 0));
    let joined = run(&wanted(1), Some(&["1", "9"]));
    assert_eq!((joined.steps, joined.active.len()), (vec![leave("9")], 1));
    let draining = Wanted { draining: Some(Duration::from_secs(60)), ..wanted(0) };
    let delete = Step::Delete { server: "1".to_owned() };
    assert_eq!(run(&draining, Some(&["1"])).steps, [leave("1"), delete]);
    assert_eq!(run(&wanted(1), None).failures, ["RackConnect v3 pool p does not exist"]);
}

#[test]
fn a_group_that_is_to_be_gone_waits_for_its_last_server() {
    let wanted = Wanted { deleting: true, ..wanted(0) };
    let plan = run(&wanted, &[server("1", S::Unknown, 9)], on(vec![]));
    assert_eq!((deleted(&plan), plan.waits.len()), (vec!["1"], 1));
}

proptest! {
    /// Carried out again and again, plans come to rest with as many servers as are wanted, whatever
    /// there was at first.
    #[test]
    fn plans_come_to_rest(desired in 0_usize..25, statuses in prop::collection::vec(0_usize..8, 0..20)) {
        let all = [S::Active, S::Build, S::Error, S::Shutoff, S::Wait, S::AvoidReplacing, S::Deleted, S::Unknown];
        let mut servers: Vec<Server> = statuses
            .iter()
            .enumerate()
            .map(|(at, status)| server(&at.to_string(), all[*status], i64::try_from(at).unwrap()))
            .collect();
        let mut made = servers.len();
        for _ in 0..6 {
            let plan = run(&wanted(desired), &servers, on(vec![]));
            let gone: Vec<String> = deleted(&plan).into_iter().map(str::to_owned).collect();
            servers.retain(|server| !gone.contains(&server.id));
            for _ in 0..created(&plan) {
                servers.push(server(&made.to_string(), S::Build, 0));
                made += 1;
            }
        }
        let last = run(&wanted(desired), &servers, on(vec![]));
        prop_assert_eq!((created(&last), deleted(&last).len()), (0, 0));
        let counted = servers.iter().filter(|server| !matches!(server.status, S::Deleted | S::Unknown)).count();
        prop_assert_eq!(counted, desired);
    }
}
