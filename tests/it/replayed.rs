//! `replay` of a live group's journal, and of a trace, as they are typed.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cloud::{BALANCER, GROUP, Stage, group_table};
use crate::program::{Answer, answer, loadscale};

/// Adds two days ago, four hours of minutes with a busy hour.
fn add_a_past(stage: &Stage) {
    let busy = |minute| (60..120).contains(&minute);
    add_minutes(stage, 240, |minute| if busy(minute) { (260.0, 4) } else { (90.0, 2) });
}

/// Adds two days ago, so many minutes with their load and servers, as thinning would have left them.
fn add_minutes(stage: &Stage, minutes: i64, seen: impl Fn(i64) -> (f64, u32)) {
    let start = Timestamp::now().checked_sub(48.hours()).expect("a time");
    let mut lines = String::new();
    for minute in 0..minutes {
        let at = start.checked_add(minute.minutes()).expect("a time");
        let (load, servers) = seen(minute);
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

/// A folder with `t.csv`, a load by the minute.
fn home_with(loads: impl IntoIterator<Item = f64>) -> TempDir {
    let home = tempfile::tempdir().expect("a folder");
    let rows = loads.into_iter().enumerate().map(|(minute, load)| format!("{},{load}\n", 60 * minute));
    let text = format!("timestamp,value\n{}", rows.collect::<String>());
    fs::write(home.path().join("t.csv"), text).expect("written");
    home
}

/// Two hours of 30 to 90, in waves of half an hour.
fn waves() -> impl Iterator<Item = f64> {
    (0..120).map(|minute| (60.0 + 30.0 * (f64::from(minute) / 30.0 * std::f64::consts::TAU).sin()).round())
}

fn replay(home: &TempDir, arguments: &[&str]) -> Answer {
    answer(loadscale(home.path()).args(["replay", "t.csv", "--capacity", "10"]).args(arguments))
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

#[test]
fn without_a_load_it_says_what_to_name() {
    let home = tempfile::tempdir().expect("a folder");
    let told = answer(loadscale(home.path()).arg("replay"));
    assert_eq!(told.status, 2, "{told:?}");
    assert!(told.stderr.contains("name a trace, or one group with --group"), "{told:?}");
}

/// Scripts read these names.
#[test]
fn its_json_has_the_documented_keys() {
    let told = replay(&home_with(waves()), &["--strategy", "threshold", "--json"]);
    let line = told.record();
    let keys: Vec<&str> = line.as_object().expect("an object").keys().map(String::as_str).collect();
    let documented = [
        "J",
        "J10",
        "actions",
        "hours_ratio",
        "longest_short_minutes",
        "lost_load_percent",
        "p95_utilization",
        "reversals",
        "server_hours",
        "slo_minutes",
        "strategy",
        "tau_O",
        "tau_U",
        "theta_O",
        "theta_U",
        "trace",
        "upsilon",
    ];
    let missing: Vec<_> = documented.iter().filter(|key| !keys.contains(key)).collect();
    assert!(missing.is_empty() && keys.len() == documented.len(), "{missing:?} of {keys:?}");
}

#[test]
fn rules_of_a_settings_file_are_judged_drawn_and_reported_by_the_steps_there_are() {
    let home = home_with(waves());
    let settings = group_table(GROUP, BALANCER, "scale_up_above = 0.9\nscale_down_below = 0.5");
    let settings = format!("[cloud]\nregion = \"DFW\"\n[capacity]\ndefault = 10\n{settings}");
    fs::write(home.path().join("rules.toml"), settings).expect("written");
    let rules = ["--settings", "rules.toml", "--group", GROUP, "--policy", "+1", "--policy", "-1"];
    let files = ["--against", "hpa", "--plot", "course.svg", "--html", "report.html"];
    let told = replay(&home, &[&rules[..], &files[..]].concat());
    assert_eq!(told.status, 0, "{told:?}");
    let first = told.stdout.lines().next().expect("the world");
    assert!(first.contains("0.0 % of it gaps") && first.contains("moves: +1, -1"), "{first}");
    for row in ["STRATEGY", "Group01 ", "Group01, any number", "hpa (re-implemented)"] {
        assert!(told.stdout.lines().any(|line| line.starts_with(row)), "no {row:?} in\n{}", told.stdout);
    }
    let read = |file: &str| fs::read_to_string(home.path().join(file)).expect("a file");
    assert!(read("course.svg").contains("Group01 on t.csv"));
    let page = read("report.html");
    assert!(told.stderr.contains("course.svg shows Group01 alone"), "{told:?}");
    assert_eq!(page.matches("<svg").count(), 3, "a picture each");
    assert!(page.contains("hpa (re-implemented)") && page.contains("scale_up_above"), "{page}");
}

#[test]
fn a_sweep_tries_its_values_in_their_order() {
    let sweep = ["--strategy", "target-tracking", "--sweep", "target=0.5..1.0", "--points", "3", "--json"];
    let told = replay(&home_with(waves()), &sweep);
    let names = strategies(&told);
    assert!(
        names.len() == 3 && names.iter().all(|name| name.starts_with("target-tracking target=")),
        "{names:?}"
    );
    let hours: Vec<f64> =
        told.records().iter().map(|line| line["server_hours"].as_f64().expect("hours")).collect();
    assert!(
        hours.is_sorted_by(|before, after| before > after),
        "a higher target needs fewer servers: {hours:?}"
    );
}

#[test]
fn a_sweep_judges_no_rules_that_settings_would_refuse() {
    // scale_down_below is 0.8.
    let band = ["--strategy", "threshold", "--sweep", "scale_up_above=0.6..1.0", "--points", "5", "--json"];
    let told = replay(&home_with(waves()), &band);
    let values: Vec<_> = told.records().iter().map(|line| line["value"].as_f64().expect("a value")).collect();
    assert!(values.len() == 2 && values.iter().all(|value| *value > 0.8), "{values:?}");
    assert!(told.records().iter().all(|line| line["rule"] == "scale_up_above"), "{told:?}");
    assert!(told.stderr.contains("3 of 5 values of scale_up_above are left out"), "{told:?}");
    let inverted = ["--strategy", "threshold", "--sweep", "scale_up_above=0.5..0.7"];
    let told = replay(&home_with(waves()), &inverted);
    assert!(told.status == 2 && told.stderr.contains("must be below scale_up_above"), "{told:?}");
    let beyond = replay(&home_with(waves()), &["--strategy", "threshold", "--sweep", "min=1001..1002"]);
    assert!(beyond.stderr.contains("min = 1001: there may be 1000 servers at most"), "{beyond:?}");
}

#[test]
fn a_sweep_of_a_rule_without_use_is_told() {
    let sweep = ["--strategy", "threshold", "--sweep", "target=0.5..1.0", "--points", "3"];
    let told = replay(&home_with(waves()), &sweep);
    assert!(told.stderr.contains("threshold: every value comes to the same"), "{told:?}");
}

#[test]
fn scores_that_flatter_are_told_so() {
    let cut = waves().map(|load| load.min(80.0));
    let told = replay(&home_with(cut), &["--strategy", "threshold", "--max", "7"]);
    assert!(told.stderr.contains("stays at its peak for long"), "{told:?}");
    assert!(told.stderr.contains("the load needs more than 7 servers"), "{told:?}");
    let told = replay(&home_with(waves()), &["--strategy", "threshold"]);
    assert!(!told.stderr.contains("more than"), "{told:?}");
}

#[test]
fn a_picture_without_a_folder_is_told_before_the_work() {
    let told = replay(&home_with(waves()), &["--strategy", "threshold", "--plot", "none/course.svg"]);
    assert_eq!((told.status, told.stdout.as_str()), (2, ""), "{told:?}");
    assert!(told.stderr.contains("there is no folder none"), "{told:?}");
}

#[tokio::test]
async fn check_judges_the_rules_on_what_the_journal_tells() {
    let stage = Stage::start().await;
    stage.warm().await;
    add_minutes(&stage, 1500, |minute| (if minute % 60 < 30 { 95.0 } else { 180.0 }, 3));
    let told = stage.run(&["check"]).await;
    let report = told.record();
    let messages = report["findings"].as_array().expect("findings").iter();
    let messages: Vec<&str> = messages.filter_map(|finding| finding["message"].as_str()).collect();
    let short = messages.iter().find(|message| message.contains("would have been short"));
    assert!(short.is_some_and(|message| message.contains("leaves no room")), "{messages:?}");
}
