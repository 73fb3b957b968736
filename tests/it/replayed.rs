//! `replay` of a live group's journal, and of a trace, as they are typed.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::cloud::Stage;
use crate::program::{Answer, answer, loadscale};

/// Adds two days ago, four hours of minutes with a busy hour, as thinning would have left them.
fn add_a_past(stage: &Stage) {
    let start = Timestamp::now().checked_sub(48.hours()).expect("a time");
    let mut lines = String::new();
    for minute in 0..240 {
        let at = start.checked_add(minute.minutes()).expect("a time");
        let busy = (60..120).contains(&minute);
        let (load, servers) = if busy { (260.0, 4) } else { (90.0, 2) };
        let thinned =
            json!({ "thinned": { "at": at, "load": load, "serving": servers, "desired": servers } });
        writeln!(lines, "{thinned}").expect("written");
    }
    let day = start.to_zoned(jiff::tz::TimeZone::UTC).date();
    fs::write(folder(stage).join(format!("{day}.jsonl")), lines).expect("written");
}

/// The folder of the group's journal.
fn folder(stage: &Stage) -> PathBuf {
    let journal = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "jsonl");
    let files = stage.state_files();
    let file = files.iter().map(|(path, _)| path).find(|path| journal(path)).expect("a journal");
    file.parent().expect("a folder").to_owned()
}

fn strategies(answer: &Answer) -> Vec<String> {
    answer.records().iter().map(|line| line["strategy"].as_str().expect("a name").to_owned()).collect()
}

fn short(line: &Value) -> f64 {
    line["tau_U"].as_f64().expect("a number")
}

#[tokio::test]
async fn a_groups_journal_is_replayed_with_its_own_rules() {
    let stage = Stage::start().await;
    stage.warm().await;
    add_a_past(&stage);
    let told = stage.run(&["replay", "--group", "Group01", "--strategy", "predictive", "--boot", "2m"]).await;
    assert_eq!(told.status, 0, "{told:?}");
    assert_eq!(
        strategies(&told),
        ["Group01", "Group01, any number", "predictive", "predictive, any number", "Group01, as it went"]
    );
    let lines = told.records();
    assert!(short(&lines[0]) > short(&lines[1]), "by steps of one it is short for longer: {told:?}");
    let went = &lines[4];
    let hours = went["server_hours"].as_f64().expect("a number");
    assert!(went["actions"] == 2 && (10.0..10.1).contains(&hours), "{went}");
    // 260 connections need six servers.
    assert_eq!(went["slo_minutes"], 60.0);
}

#[tokio::test]
async fn a_journal_that_tells_too_little_is_refused() {
    let stage = Stage::start().await;
    let none = stage.run(&["replay", "--group", "Group01"]).await;
    assert_eq!(none.status, 2, "{none:?}");
    assert!(none.stderr.contains("0 passes with a load are too few"), "{none:?}");
    stage.warm().await;
    add_a_past(&stage);
    let recent = stage.run(&["replay", "--since", "1d"]).await;
    assert!(recent.stderr.contains("1 passes with a load are too few"), "{recent:?}");
}

#[test]
fn a_trace_without_a_capacity_is_refused() {
    let home = tempfile::tempdir().expect("a folder");
    fs::write(home.path().join("t.csv"), "timestamp,value\n0,10\n60,20\n").expect("written");
    let told = answer(loadscale(home.path()).args(["replay", "t.csv"]));
    assert_eq!(told.status, 2, "{told:?}");
    assert!(told.stderr.contains("--capacity is missing"), "{told:?}");
    let against =
        ["replay", "t.csv", "--capacity", "10", "--against", "hpa", "--strategy", "threshold", "--json"];
    let told = answer(loadscale(home.path()).args(against));
    assert_eq!(strategies(&told), ["threshold", "hpa"], "{told:?}");
}
