//! Nothing lost: the service is killed at random points under load, and afterwards everything that it
//! acknowledged is there, once, and its servers are those that it knows of.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::machine::{Caller, Program, eventually};
use crate::support::{capability, change, count, new_group};

/// Schedules that are due around each kill.
const SCHEDULES: u32 = 8;

/// How often a service is killed.
pub(crate) fn kills() -> u64 {
    count("kills of the service", 5, 100)
}

/// Creates a group; returns its id and those of its policies.
fn group(program: &Program, min: u32, max: u32, policies: Value) -> (String, Vec<String>) {
    let mut body = new_group(min, max);
    body["scalingPolicies"] = policies;
    let made = program.ask("POST", "t/groups", &body.to_string()).1["group"].clone();
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    (id(&made), made["scalingPolicies"].as_array().unwrap().iter().map(id).collect())
}

/// Runs work beside the service until the service is killed at a random moment. Each worker is told its number
/// and ends early when it has nothing more to do.
pub(crate) fn kill_under(program: &mut Program, workers: usize, work: impl Fn(usize, Caller) -> bool + Sync) {
    let (over, caller) = (AtomicBool::new(false), program.caller());
    let (over, work) = (&over, &work);
    std::thread::scope(|scope| {
        for worker in 0..workers {
            scope.spawn(move || while work(worker, caller) && !over.load(Ordering::Relaxed) {});
        }
        // The moment is what this is about: anywhere within a stretch of work.
        std::thread::sleep(Duration::from_millis(50 + rand::random::<u64>() % 400));
        program.kill();
        over.store(true, Ordering::Relaxed);
    });
    program.run();
}

#[test]
fn every_call_that_was_acknowledged_is_counted_once() {
    let mut program = Program::imagined();
    // More servers than it may have are never wanted: only the counting is looked at.
    let (group, policies) = group(&program, 0, 1000, json!([change(1), change(-1000)]));
    let home = format!("t/groups/{group}/policies/{}/webhooks", policies[0]);
    let hook = program.ask("POST", &home, "[{\"name\": \"h\"}]").1;
    let capability = capability(&hook["webhooks"][0]).split_once("/v1.0/").unwrap().1;
    for kill in 0..kills() {
        let (sure, unsure) = (AtomicI64::new(0), AtomicI64::new(0));
        let before = program.capacities(&group)[1];
        kill_under(&mut program, 3, |_, caller| {
            let done = matches!(caller.try_ask("POST", capability, ""), Ok((202, _)));
            if done { &sure } else { &unsure }.fetch_add(1, Ordering::Relaxed);
            true
        });
        let (sure, unsure) = (sure.into_inner(), unsure.into_inner());
        let counted = program.capacities(&group)[1] - before;
        assert!(
            (sure..=sure + unsure).contains(&counted) || before + counted == 1000,
            "kill {kill}: {counted} were counted, {sure} acknowledged, {unsure} perhaps"
        );
        assert_eq!(last_executions(&program, &group), counted.min(100), "history has each of them once");
        // Back to nothing, unless the kill came before the first call.
        let back = program.ask("POST", &format!("t/groups/{group}/policies/{}/execute", policies[1]), "").0;
        assert_eq!(back, if counted == 0 { 403 } else { 202 });
    }
}

/// Executions through the webhook since the last one through the policy, among the newest hundred lines.
fn last_executions(program: &Program, group: &str) -> i64 {
    let page = program.ask("GET", &format!("t/groups/{group}/history?limit=100"), "").1;
    let since =
        page["history"].as_array().unwrap().iter().take_while(|line| line["cause"]["kind"] != "policy");
    let executed = since.filter(|line| line["cause"]["kind"] == "webhook" && line.get("refused").is_none());
    i64::try_from(executed.count()).unwrap()
}

/// A group whose schedules are due within the next second, each at another instant; its id and when the last of
/// them is due. On a machine so busy that they have passed before they are taken, others are tried.
fn scheduled(program: &Program) -> (String, Timestamp) {
    for slack in (0..10).map(|times| Duration::from_millis(300 << times)) {
        let now = Timestamp::now();
        let instants: Vec<_> =
            (1..=SCHEDULES).map(|at| now + slack + at * Duration::from_millis(80)).collect();
        let policies = instants.iter().map(|at| {
            json!({"name": "s", "cooldown": 0, "type": "schedule", "change": 1, "args": {"at": at.to_string()}})
        });
        let mut body = new_group(0, 1000);
        body["scalingPolicies"] = policies.collect();
        let (status, made) = program.ask("POST", "t/groups", &body.to_string());
        if status == 201 {
            return (made["group"]["id"].as_str().unwrap().to_owned(), instants[instants.len() - 1]);
        }
    }
    panic!("no group could be made with schedules that are still to come");
}

#[test]
fn every_schedule_is_run_once_whenever_the_service_is_killed() {
    let mut program = Program::imagined();
    for kill in 0..kills() {
        let (group, last) = scheduled(&program);
        let left = Duration::try_from(last.duration_since(Timestamp::now())).unwrap_or_default();
        // The moment is what this is about: before all, between two, or after the last of them.
        std::thread::sleep(left.mul_f64(rand::random::<f64>() * 1.1));
        program.kill();
        program.run();
        eventually("all schedules have been run", || program.capacities(&group)[1] >= i64::from(SCHEDULES));
        let page = program.ask("GET", &format!("t/groups/{group}/history"), "").1;
        let lines = page["history"].as_array().unwrap().iter();
        let run: Vec<&str> = lines.filter_map(|line| line["cause"]["policyId"].as_str()).collect();
        let once: BTreeSet<&str> = run.iter().copied().collect();
        assert_eq!((run.len(), once.len()), (SCHEDULES as usize, SCHEDULES as usize), "kill {kill}: {page}");
        assert_eq!(program.ask("DELETE", &format!("t/groups/{group}?force=true"), "").0, 204);
    }
}

#[test]
fn no_server_is_leaked_or_orphaned_when_the_service_is_killed_while_they_come_and_go() {
    let mut program = Program::start("");
    let (group, policies) = group(&program, 1, 6, json!([change(2), change(-3), change(3), change(-1)]));
    for _ in 0..kills() {
        kill_under(&mut program, 1, |_, caller| {
            for policy in &policies {
                let _ = caller.try_ask("POST", &format!("t/groups/{group}/policies/{policy}/execute"), "");
            }
            true
        });
    }
    eventually("each server has a record and a process, and the group wants them all", || {
        let [active, desired] = program.capacities(&group);
        let processes: BTreeSet<String> = program.processes().into_iter().collect();
        active == desired
            && usize::try_from(desired).unwrap() == processes.len()
            && records(&program) == processes
    });
}

/// Ids of the servers that the launcher has written down.
pub(crate) fn records(program: &Program) -> BTreeSet<String> {
    let names = std::fs::read_dir(program.servers()).unwrap().flatten().map(|entry| entry.file_name());
    names.filter_map(|name| name.to_str()?.strip_suffix(".json").map(str::to_owned)).collect()
}
