//! What a pass asks for, and what it asks for at the same time: counts and order, never time.

use std::fs;
use std::time::Duration;

use sandbox::{Ask, Plan};

use crate::cloud::{BOOT, HIGH, Stage, group_table};
use crate::running::Running;

fn sorted(mut asked: Vec<Ask>) -> Vec<Ask> {
    asked.sort_by_key(|ask| format!("{ask:?}"));
    asked
}

/// What a run asks for before it has had any answer.
async fn asked_at_once(stage: &Stage, count: usize) -> Vec<Ask> {
    stage.cloud.latency().set(BOOT);
    let mark = stage.mark();
    let running = Running::start(stage.command(&[]));
    let last = mark + count as u64 - 1;
    stage.cloud.requests().seen(|entry| entry.number == last).await;
    running.kill().await;
    stage.cloud.latency().set(Duration::ZERO);
    let log = stage.cloud.requests().since(mark);
    assert!(log.iter().all(|entry| entry.status.is_none()), "{log:?}");
    sorted(log.into_iter().map(|entry| entry.ask).collect())
}

#[tokio::test]
async fn a_warm_pass_that_acts_is_four_requests_in_two_round_trips() {
    let stage = Stage::start().await;
    stage.warm().await;
    stage.load(HIGH);
    let reads = [Ask::LoadBalancer, Ask::Manifest, Ask::Stats];
    assert_eq!(asked_at_once(&stage, 3).await, reads);
    let mark = stage.mark();
    stage.run(&[]).await.told("executed", "above_band", 0);
    let mut asked = stage.asked(mark);
    assert_eq!(asked.pop(), Some(Ask::Execute));
    assert_eq!(sorted(asked), reads);
}

/// Sign-in, then the lists, then the reads, then the execution: whatever one stage asks for, it asks for
/// at the same time.
#[tokio::test]
async fn a_cold_pass_that_acts_is_four_round_trips() {
    let stage = Stage::start().await;
    stage.load(HIGH);
    assert_eq!(asked_at_once(&stage, 1).await, [Ask::SignIn]);
    let mark = stage.mark();
    stage.run(&[]).await.told("executed", "above_band", 0);
    let all = [
        Ask::Execute,
        Ask::GroupList,
        Ask::LoadBalancer,
        Ask::LoadBalancerList,
        Ask::Manifest,
        Ask::SignIn,
        Ask::Stats,
    ];
    assert_eq!(sorted(stage.asked(mark)), all);
    let known = stage.state_files().into_iter().map(|(path, _)| path);
    let is_known = |path: &std::path::PathBuf| path.to_string_lossy().contains("/known-");
    fs::remove_file(known.clone().find(is_known).expect("ids are remembered")).expect("removed");
    assert_eq!(asked_at_once(&stage, 2).await, [Ask::GroupList, Ask::LoadBalancerList]);
}

#[tokio::test]
async fn a_long_journal_changes_nothing() {
    let stage = Stage::start().await;
    stage.warm().await;
    let mark = stage.mark();
    for _ in 0..5 {
        stage.run(&[]).await.told("null", "inside_band", 0);
    }
    assert_eq!(stage.asked(mark).len(), 15);
}

#[tokio::test]
async fn many_groups_are_read_from_one_list_and_by_themselves_only_to_act() {
    let stage = Stage::with(Plan::crowd(20, 2)).await;
    let table = |n: usize| group_table(&format!("Group{:05}", n + 1), &format!("lb-{:03}", n % 2 + 1), "");
    stage.settings(&(0..20).map(table).collect::<String>());
    // Ten servers of ten groups stand on each balancer.
    let load = |name: &str, connections| {
        stage.cloud.load_balancer(name).expect("planned").set_connections(Some((connections, 0)));
    };
    load("lb-001", 450);
    load("lb-002", 450);
    assert_eq!(stage.run(&[]).await.status, 0);
    let mark = stage.mark();
    assert_eq!(stage.run(&[]).await.status, 0);
    let balancers = [Ask::LoadBalancer, Ask::LoadBalancer, Ask::Stats, Ask::Stats];
    assert_eq!(sorted(stage.asked(mark)), [&[Ask::GroupList], &balancers[..]].concat());
    load("lb-002", 600);
    let mark = stage.mark();
    assert_eq!(stage.run(&[]).await.status, 0);
    let asked = stage.asked(mark);
    let count = |ask| asked.iter().filter(|asked| **asked == ask).count();
    assert_eq!((count(Ask::GroupList), count(Ask::Manifest), count(Ask::Execute)), (1, 10, 10), "{asked:?}");
    assert_eq!(stage.executions(), 10);
}
