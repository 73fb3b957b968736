//! What fits into one round: one call for each balancer, and what has to wait with it.

use super::*;

/// A server on balancers 7 and 8.
fn on_two(id: &str, status: S) -> Server {
    let hold = ("rax:autoscale:lb:CloudLoadBalancer:8".to_owned(), "[{\"port\":80}]".to_owned());
    let mut server = server(id, status, 9);
    server.metadata.insert(hold.0, hold.1);
    server
}

fn change_to(id: &str, condition: Condition) -> Step {
    Step::Change { balancer: "7".to_owned(), node: format!("n{id}"), condition }
}

fn drain(id: &str) -> Step {
    Step::Drain { server: id.to_owned() }
}

fn ids(numbers: std::ops::Range<u8>) -> Vec<String> {
    numbers.map(|number| format!("{number}")).collect()
}

#[test]
fn one_call_removes_ten_nodes_and_their_servers_go_with_them() {
    let failed: Vec<Server> = ids(10..35).iter().map(|id| server(id, S::Error, 9)).collect();
    let nodes = ids(10..35).iter().map(|id| node(id, Condition::Enabled)).collect();
    let plan = run(&wanted(0), &failed, on(nodes));
    let first_ten: Vec<String> = ids(10..20);
    let removed = first_ten.iter().map(|id| format!("n{id}")).collect();
    assert_eq!(plan.steps[0], Step::Remove { balancer: "7".to_owned(), nodes: removed });
    assert_eq!(plan.steps.len(), 11, "one call and ten servers");
    assert_eq!(deleted(&plan), first_ten, "the others wait for a later round");
    // Their places are filled at once all the same.
    assert_eq!(created(&run(&wanted(5), &failed, on(vec![]))), 5);
}

#[test]
fn nodes_go_before_others_come_and_those_are_served_before_any_are_drained() {
    let wanted = Wanted { draining: Some(Duration::from_secs(60)), ..wanted(3) };
    let mut servers = vec![
        server("1", S::Active, 1),
        server("2", S::Active, 2),
        server("3", S::Active, 3),
        server("4", S::Active, 4),
        server("5", S::Error, 5),
    ];
    let there = |id: &str, condition| node(id, condition);
    let mut nodes =
        vec![there("3", Condition::Disabled), there("4", Condition::Enabled), there("5", Condition::Enabled)];
    let step = |servers: &[Server], nodes: &[Node]| run(&wanted, servers, on(nodes.to_vec())).steps;

    assert_eq!(step(&servers, &nodes), [remove("n5"), Step::Delete { server: "5".to_owned() }]);
    servers.pop();
    nodes.pop();
    let new = |id: u8| NewNode { address: format!("10.0.0.{id}"), port: 80, condition: Condition::Enabled };
    assert_eq!(
        step(&servers, &nodes),
        [Step::Add { balancer: "7".to_owned(), nodes: vec![new(1), new(2)] }],
        "both in one call"
    );
    nodes.extend([there("1", Condition::Enabled), there("2", Condition::Enabled)]);
    assert_eq!(step(&servers, &nodes), [change_to("3", Condition::Enabled)]);
    nodes[0].condition = Condition::Enabled;
    assert_eq!(step(&servers, &nodes), [change_to("4", Condition::Draining), drain("4")]);
}

#[test]
fn a_servers_time_begins_when_the_last_of_its_nodes_is_drained() {
    let wanted = Wanted { draining: Some(Duration::from_secs(60)), ..wanted(0) };
    let servers = [server("1", S::Active, 1), server("2", S::Active, 2)];
    let plan = run(&wanted, &servers, on(vec![node("1", Condition::Enabled), node("2", Condition::Enabled)]));
    assert_eq!(plan.steps, [change_to("1", Condition::Draining), drain("1")]);
    assert_eq!((plan.active.len(), plan.waits.len()), (2, 2), "the other goes, too, and serves as yet");
    let plan =
        run(&wanted, &servers, on(vec![node("1", Condition::Draining), node("2", Condition::Enabled)]));
    assert_eq!(plan.steps, [change_to("2", Condition::Draining), drain("1"), drain("2")]);
}

#[test]
fn a_server_on_two_balancers_goes_when_both_have_let_it_go() {
    let servers: Vec<Server> = ids(10..21).iter().map(|id| on_two(id, S::Error)).collect();
    let nodes = |all: &[String]| on(all.iter().map(|id| node(id, Condition::Enabled)).collect());
    // Balancer 8 knows only the last of them: that one has its turn there, and waits for it at balancer 7.
    let pools =
        BTreeMap::from([("7".to_owned(), nodes(&ids(10..21))), ("8".to_owned(), nodes(&ids(20..21)))]);
    let seen = Seen { servers: servers.iter().collect(), pools, ..Seen::default() };
    let plan = plan(&wanted(0), &seen, now(), &rules());
    let calls: Vec<(&str, usize)> = plan
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::Remove { balancer, nodes } => Some((balancer.as_str(), nodes.len())),
            _ => None,
        })
        .collect();
    assert_eq!(calls, [("7", 10), ("8", 1)]);
    assert_eq!(deleted(&plan), ids(10..20));
}

/// Does at a pool what a plan says, as a balancer would. Returns how many calls that took.
fn carry_out(plan: &Plan, nodes: &mut Vec<Node>) -> usize {
    let mut calls = 0;
    for step in &plan.steps {
        match step {
            Step::Add { nodes: new, .. } => {
                nodes.extend(
                    new.iter().map(|new| node(new.address.trim_start_matches("10.0.0."), new.condition)),
                );
            }
            Step::Remove { nodes: gone, .. } => {
                assert!(gone.len() <= 10, "{gone:?}");
                nodes.retain(|node| !gone.contains(&node.id));
            }
            Step::Change { node, condition, .. } => {
                nodes.iter_mut().find(|there| there.id == *node).unwrap().condition = *condition;
            }
            _ => continue,
        }
        calls += 1;
    }
    calls
}

proptest! {
    /// However many nodes there are to be changed, rounds of one call bring the balancer to know exactly the
    /// servers that stay, and no server goes before its node.
    #[test]
    fn rounds_of_one_call_come_to_rest(
        desired in 0_usize..20,
        there in prop::collection::vec((0_usize..3, 0_usize..4), 0..40),
    ) {
        let conditions = [Condition::Enabled, Condition::Draining, Condition::Disabled];
        let mut servers = Vec::new();
        let mut nodes = Vec::new();
        for (at, (status, condition)) in there.iter().enumerate() {
            let id = at.to_string();
            servers.push(server(&id, [S::Active, S::Error, S::Shutoff][*status], i64::try_from(at).unwrap()));
            nodes.extend(conditions.get(*condition).map(|condition| node(&id, *condition)));
        }
        for _ in 0..50 {
            let plan = run(&wanted(desired), &servers, on(nodes.clone()));
            prop_assert!(carry_out(&plan, &mut nodes) <= 1);
            for gone in deleted(&plan) {
                prop_assert!(nodes.iter().all(|node| node.id[1..] != *gone));
                servers.retain(|server| server.id != gone);
            }
        }
        let mut known: Vec<&str> = nodes.iter().map(|node| &node.id[1..]).collect();
        known.sort_unstable();
        let mut stay: Vec<&str> = servers.iter().map(|server| server.id.as_str()).collect();
        stay.sort_unstable();
        prop_assert_eq!(known, stay);
        prop_assert!(nodes.iter().all(|node| node.condition == Condition::Enabled));
    }
}
