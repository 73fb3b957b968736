//! A staircase against servers whose limit is known, and what `calibrate` makes of its samples.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on is to fail")]

#[path = "../../tests/it/soak.rs"]
mod soak;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::Path;
use std::time::Duration;

use futures::future::join_all;
use loadscale::calibrate::objective::Objective;
use loadscale::calibrate::refusal::Refusal;
use loadscale::calibrate::samples::Samples;
use loadscale::calibrate::{Calibration, calibrate};
use sandbox::{BackendPlan, LoadBalancerPlan, Plan, Sandbox};
use tokio::process::Command;

/// How far a capacity may be from the true one.
const TOLERANCE: f64 = 0.1;
/// As many are driven at a time as the smallest machine carries.
const AT_A_TIME: usize = 3;
/// A machine that is too busy for a measurement is given a rest and asked again.
const ATTEMPTS: usize = 4;

/// Servers behind one balancer: how many, their workers, service time and jitter in milliseconds, and the
/// bound for their p95.
type Known = (usize, usize, u64, u64, u64);

const SERVERS: [Known; 10] = [
    (1, 4, 60, 24, 300),
    (1, 1, 30, 12, 360),
    (2, 3, 80, 30, 400),
    (1, 2, 40, 8, 300),
    (1, 8, 120, 50, 360),
    (1, 3, 50, 25, 250),
    (1, 6, 100, 90, 350),
    (3, 1, 45, 15, 300),
    (1, 5, 70, 35, 420),
    (1, 2, 50, 50, 450),
];

fn backend((_, workers, service_time, jitter, _): Known) -> BackendPlan {
    BackendPlan {
        workers,
        service_time: Duration::from_millis(service_time),
        jitter: Duration::from_millis(jitter),
        ..BackendPlan::default()
    }
}

/// How long each of many requests takes, rising, if `users` ask one server again as soon as they are
/// answered: every request goes to the worker that is free first.
fn latencies(backend: &BackendPlan, users: usize) -> Vec<Duration> {
    const SETTLING: u32 = 2_000;
    const REQUESTS: u32 = 12_000;
    let mut free: BinaryHeap<_> = vec![Reverse(Duration::ZERO); backend.workers].into();
    let mut asking: BinaryHeap<_> = vec![Reverse(Duration::ZERO); users].into();
    let mut took = Vec::new();
    for number in 0..REQUESTS {
        let (Reverse(asked), Reverse(start)) = (asking.pop().unwrap(), free.pop().unwrap());
        let done = asked.max(start) + backend.effort(number);
        free.push(Reverse(done));
        asking.push(Reverse(done));
        if number >= SETTLING {
            took.push(done - asked);
        }
    }
    took.sort_unstable();
    took
}

/// The most users of one server with whom the objective holds, between whole users by a straight line.
fn truth(backend: &BackendPlan, objective: &Objective) -> f64 {
    let strain = |users: usize| {
        let took = latencies(backend, users);
        let quantile = |percent: usize| took[took.len() * percent / 100].as_secs_f64() * 1000.0;
        let latency: Vec<_> = (1..100).map(|percent| (percent as f64, quantile(percent))).collect();
        objective.strain(&latency, 0.0).unwrap()
    };
    let above = (2..).find(|users| strain(*users) > 1.0).unwrap();
    let (low, high) = (strain(above - 1), strain(above));
    (above - 1) as f64 + (1.0 - low) / (high - low)
}

/// From well below to well above where the bound would be if no answer were slower than the others.
fn staircase((servers, workers, service_time, _, bound): Known) -> String {
    let about = (servers * workers) as f64 * bound as f64 / service_time as f64;
    let part = |share: f64| (about * share).ceil() as usize;
    format!("{}..{}:{}", part(0.4), part(1.45), part(0.15))
}

/// Drives such servers, and gives back the samples as text.
async fn drive(known: Known, folder: &Path) -> String {
    let balancer = LoadBalancerPlan { fixed_servers: known.0, ..LoadBalancerPlan::default() };
    let sandbox = Sandbox::start(Plan {
        load_balancers: vec![balancer],
        groups: Vec::new(),
        backend: backend(known),
        ..Plan::default()
    })
    .await
    .unwrap();
    let host = format!("http://{}", sandbox.load_balancer("load_balancer").unwrap().address().unwrap());
    let steps = staircase(known);
    let arguments = [
        "--host",
        &host,
        "--staircase",
        &steps,
        "--step-time",
        "5s",
        "--sample-interval",
        "1s",
        "--think-time",
        "0s",
        "--no-print-metrics",
    ];
    let output = Command::new(env!("CARGO_BIN_EXE_loadtest"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read_to_string(folder.join("samples.csv")).unwrap()
}

/// What is found of such servers by either objective; again if the machine was too busy to tell.
async fn found(known: Known, objectives: &[Objective; 2]) -> [Calibration; 2] {
    let mut refusals = Vec::new();
    for _ in 0..ATTEMPTS {
        let folder = tempfile::tempdir().unwrap();
        let text = drive(known, folder.path()).await;
        let judge = |objective: &Objective| {
            let samples = Samples::parse("samples.csv", &text, objective).unwrap();
            calibrate(&samples, objective, u32::try_from(known.0).unwrap())
        };
        match (judge(&objectives[0]), judge(&objectives[1])) {
            (Ok(first), Ok(second)) => return [first, second],
            (first, second) => refusals.extend([first.err(), second.err()].into_iter().flatten()),
        }
        let busy = |why: &Refusal| {
            ["generator", "disagree", "uncertain", "too_few_answers", "never_held"].contains(&why.code())
        };
        assert!(refusals.iter().all(busy), "{known:?}: {refusals:?}\n{text}");
    }
    panic!("{known:?}: {refusals:?}");
}

async fn check(known: Known) {
    let bound = known.4;
    let objectives = [format!("p95 < {bound}ms"), format!("apdex({bound}ms) >= 0.9")];
    let objectives = objectives.map(|text| text.parse::<Objective>().unwrap());
    let found = found(known, &objectives).await;
    for (found, objective) in found.iter().zip(&objectives) {
        let (is, truth) = (found.capacity(), truth(&backend(known), objective));
        assert!(
            (is / truth - 1.0).abs() <= TOLERANCE,
            "{known:?}: {objective} at {is}, not {truth:.1}: {found:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_capacity_of_known_servers_is_found_within_a_tenth() {
    let count = soak::count("kinds of servers calibrated", 3, SERVERS.len());
    for some in SERVERS[..count].chunks(AT_A_TIME) {
        join_all(some.iter().copied().map(check)).await;
    }
}

#[test]
fn the_truth_is_what_the_laws_of_queues_say() {
    // Everyone waits for everyone else: with 3 users and 1 worker of 10 ms each answer takes 30 ms.
    let one = BackendPlan { workers: 1, service_time: Duration::from_millis(10), ..BackendPlan::default() };
    assert!(latencies(&one, 3).iter().all(|took| *took == Duration::from_millis(30)));
    // Little's law, with jitter: the mean is users x service time / workers.
    let four = backend((1, 4, 60, 24, 0));
    let took = latencies(&four, 20);
    let mean = took.iter().sum::<Duration>().as_secs_f64() / took.len() as f64;
    assert!((mean - 20.0 * 0.060 / 4.0).abs() < 0.001, "{mean}");
}
