//! A pass killed anywhere: the journal stays readable, and no second execution follows inside the cooldown.

use std::fs;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use sandbox::{Ask, Entry, Fault};

use crate::cloud::{HIGH, LONG_COOLDOWN, Stage};
use crate::running::Running;
use crate::soak;

/// Passes killed at the same time.
const AT_ONCE: usize = 4;
/// A kill between two requests comes so long after the first of them, step by step.
const STEP: Duration = Duration::from_micros(150);
/// Requests of a warm pass that acts.
const WARM: u64 = 4;
/// Requests of a cold one.
const COLD: u64 = 7;

/// Where a pass is killed.
#[derive(Debug, Clone, Copy)]
struct Point {
    /// Whether ids and token are known.
    warm: bool,
    /// At the arrival of this request of the pass, from 0.
    request: u64,
    /// Once that request has been answered, not while it waits.
    answered: bool,
    /// And so long after that. What is asserted holds whenever the kill really comes.
    after: Duration,
}

impl Point {
    /// Whether the execution is held until the pass is dead, so that one surely dies waiting for it.
    /// The other points leave it to chance how far an execution gets.
    fn holds_execution(self) -> bool {
        let requests = if self.warm { WARM } else { COLD };
        !self.answered && self.after.is_zero() && self.request + 1 == requests
    }
}

/// `count` points spread over warm and cold passes: each request as it arrives and as it is answered,
/// again and again, each time a step later.
fn points(count: usize) -> impl Iterator<Item = Point> {
    let requests = [(true, WARM), (false, COLD)]
        .into_iter()
        .flat_map(|(warm, requests)| (0..requests).map(move |request| (warm, request)));
    let moments: Vec<_> = requests
        .flat_map(|(warm, request)| [false, true].map(|answered| (warm, request, answered)))
        .collect();
    (0..count).map(move |number| {
        let (warm, request, answered) = moments[number * 7 % moments.len()];
        let round = u32::try_from(number / moments.len()).unwrap_or(u32::MAX);
        Point { warm, request, answered, after: STEP * round }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pass_killed_anywhere_never_acts_twice() {
    let count = soak::count("points at which a pass is killed", 22, 200);
    let executed: Vec<u64> =
        stream::iter(points(count)).map(killed_at).buffer_unordered(AT_ONCE).collect().await;
    let without = executed.iter().filter(|times| **times == 0).count();
    assert!(without >= 2, "a warm and a cold pass die before their execution: {executed:?}");
    assert!(without < executed.len(), "others die before or after: {executed:?}");
}

/// Kills a pass there, lets two others follow, and returns how often policies were executed.
async fn killed_at(point: Point) -> u64 {
    let stage = Stage::start().await;
    stage.rules(LONG_COOLDOWN);
    if point.warm {
        stage.warm().await;
    }
    stage.load(HIGH);
    if point.holds_execution() {
        stage.cloud.faults().next(Ask::Execute, Fault::NeverAnswer);
    }
    kill_at(&stage, point).await;
    let started = stage.journal().contains("\"started\"");
    for follower in 1..=2 {
        let answer = stage.run(&[]).await;
        assert_eq!(answer.status, 0, "{point:?}: {answer:?}");
        let record = answer.record();
        let acted = record["outcome"] == "executed";
        assert_eq!(acted, follower == 1 && !started, "{point:?}: {record}");
    }
    assert!(stage.executions() <= 1, "{point:?}: executed {} times", stage.executions());
    stage.executions()
}

async fn kill_at(stage: &Stage, point: Point) {
    let number = stage.mark() + point.request;
    let running = Running::start(stage.command(&[]));
    let there = |entry: &Entry| entry.number == number && (!point.answered || entry.status.is_some());
    stage.cloud.requests().seen(there).await;
    tokio::time::sleep(point.after).await;
    running.kill().await;
}

#[tokio::test]
async fn a_torn_last_line_is_cut_and_nothing_else_is_lost() {
    let stage = Stage::start().await;
    stage.rules(LONG_COOLDOWN);
    stage.load(HIGH);
    stage.run(&[]).await.told("executed", "above_band", 0);
    let journal =
        stage.state_files().into_iter().find(|(path, _)| path.extension().is_some_and(|e| e == "jsonl"));
    let (path, text) = journal.expect("a journal");
    let checkpoint = path.with_file_name("checkpoint.json");
    fs::remove_file(checkpoint).expect("removed");
    fs::write(&path, format!("{text}{{\"pass\":{{\"seen\":{{\"at\":\"20")).expect("written");
    stage.run(&[]).await.told("null", "pending_covers", 0);
    let mended = stage.journal();
    assert!(mended.starts_with(&text) && mended.lines().all(|line| line.ends_with('}')), "{mended}");
    assert_eq!(stage.executions(), 1);
}
