//! `check` and `status`: what they find, and that they change nothing.

use sandbox::{Ask, Fault, GroupPlan, Plan, PolicyPlan};
use serde_json::{Value, json};

use crate::cloud::{BALANCER, HIGH, LONG_COOLDOWN, Stage, small};
use crate::program::{Answer, answer_of, loadscale};

/// Rules that nothing can be said against, on a cloud whose group never has fewer than four servers.
const SOUND: &str = "cooldown = \"5m\"";

fn large() -> Plan {
    Plan { groups: vec![GroupPlan { min: 4, ..GroupPlan::default() }], ..small() }
}

fn findings(answer: &Answer) -> Vec<(String, String)> {
    let report = answer.record();
    let text = |finding: &Value, key: &str| finding[key].as_str().expect("text").to_owned();
    let findings = report["findings"].as_array().expect("a list").iter();
    findings.map(|finding| (text(finding, "severity"), text(finding, "message"))).collect()
}

#[tokio::test]
async fn check_shows_what_would_be_used_and_where_it_came_from() {
    let stage = Stage::with(large()).await;
    stage.rules(SOUND);
    stage.load(180);
    let answer = stage.run(&["check", "--strict"]).await;
    assert_eq!((answer.status, findings(&answer)), (0, vec![]), "{answer:?}");
    let report = answer.record();
    let values = report["values"].as_array().expect("a list");
    let value = |key: &str| {
        let found = values.iter().find(|value| value["key"] == key);
        found.unwrap_or_else(|| panic!("no {key} in {values:?}"))
    };
    assert_eq!(value("credentials")["origin"].as_str().map(|o| o.contains("credentials")), Some(true));
    assert!(value("signed in")["value"].as_str().is_some_and(|it| it.contains("sandbox")));
    assert!(value("Group01: scale_up \"add_on\"")["value"].as_str().is_some_and(|it| it.contains("+1")));
    assert_eq!(stage.executions(), 0);
    assert_eq!(stage.journal(), "");
}

#[tokio::test]
async fn check_shows_the_next_day_of_limits_by_the_clock() {
    let stage = Stage::with(large()).await;
    let hour = |hour| format!("\"{hour}:00\" = {}", 5 + hour % 2);
    let hours = (0..24).map(hour).collect::<Vec<_>>().join(", ");
    stage.rules(&format!("{SOUND}\nmin = {{ zone = \"UTC\", {hours} }}"));
    stage.load(180);
    let answer = stage.run(&["check", "--strict"]).await;
    assert_eq!((answer.status, findings(&answer)), (0, vec![]), "{answer:?}");
    let report = answer.record();
    let rows = report["values"].as_array().expect("a list").iter();
    let is_limits = |row: &&Value| row["key"].as_str().is_some_and(|key| key.contains("limits from"));
    let limits: Vec<_> = rows.filter(is_limits).collect();
    // Twenty-four full hours and what is left of the first.
    assert_eq!(limits.len(), 25, "{limits:?}");
    assert!(limits.windows(2).all(|pair| pair[0]["value"] != pair[1]["value"]), "{limits:?}");
}

#[tokio::test]
async fn check_signs_in_afresh() {
    let stage = Stage::start().await;
    stage.warm().await;
    stage.run(&["check"]).await;
    assert_eq!(stage.cloud.requests().count(Ask::SignIn), 2);
}

#[tokio::test]
async fn warnings_are_errors_only_where_strict() {
    let stage = Stage::start().await;
    let answer = stage.run(&["check"]).await;
    let found = findings(&answer);
    assert_eq!(answer.status, 0, "{answer:?}");
    assert!(!found.is_empty() && found.iter().all(|(severity, _)| severity == "warning"), "{found:?}");
    let all: String = found.into_iter().map(|(_, message)| message).collect();
    assert!(all.contains("cooldown") && all.contains("scale_down_below"), "{all}");
    assert_eq!(stage.run(&["check", "--strict"]).await.status, 1);
}

#[tokio::test]
async fn a_policy_of_the_wrong_direction_is_an_error() {
    let group = GroupPlan {
        min: 2,
        policies: vec![PolicyPlan::change("add_on", -1), PolicyPlan::change("remove_1", -1)],
        ..GroupPlan::default()
    };
    let stage = Stage::with(Plan { groups: vec![group], ..small() }).await;
    let answer = stage.run(&["check"]).await;
    assert_eq!(answer.status, 1);
    let found = findings(&answer);
    let errors: Vec<_> = found.iter().filter(|(severity, _)| severity == "error").collect();
    assert!(errors.len() == 1 && errors[0].1.contains("add_on"), "{found:?}");
}

#[tokio::test]
async fn what_cannot_be_read_or_reached_is_an_error() {
    let stage = Stage::start().await;
    stage.rules("min = 20\nmax = 30");
    let answer = stage.run(&["check"]).await;
    assert_eq!(answer.status, 1, "limits that the group can never reach: {answer:?}");
    stage.rules("");
    stage.cloud.faults().always(Ask::Stats, Fault::status(403));
    assert_eq!(stage.run(&["check"]).await.status, 1);
}

#[tokio::test]
async fn a_missing_capacity_is_an_error() {
    let group = GroupPlan { min: 2, flavor: "performance1-4".to_owned(), ..GroupPlan::default() };
    let stage = Stage::with(Plan { groups: vec![group], ..small() }).await;
    let answer = stage.run(&["check"]).await;
    assert_eq!(answer.status, 1);
    assert!(findings(&answer).iter().any(|(_, message)| message.contains("performance1-4")), "{answer:?}");
    stage.run(&[]).await.told("null", "unknown_capacity", 1);
}

#[tokio::test]
async fn status_shows_what_is_and_what_was_decided_last() {
    let stage = Stage::start().await;
    stage.rules(LONG_COOLDOWN);
    stage.load(HIGH);
    let before = stage.run(&["status"]).await;
    assert_eq!((before.status, &before.record()["last"]), (0, &Value::Null), "{before:?}");
    stage.run(&[]).await.told("executed", "above_band", 0);
    let status = stage.run(&["status"]).await.record();
    assert_eq!(status["last"]["outcome"], "executed");
    assert_eq!(
        (&status["now"]["servers"]["desired"], &status["now"]["servers"]["pending"]),
        (&json!(3), &json!(1))
    );
    assert!(status["cooldown_left_seconds"].as_f64().is_some_and(|left| left > 0.0 && left <= 3600.0));
    assert_eq!(stage.executions(), 1);
}

#[tokio::test]
async fn status_is_a_table_for_people() {
    let stage = Stage::start().await;
    stage.warm().await;
    let mut command = loadscale(stage.home());
    command.args(["status", "--state-dir"]).arg(stage.state());
    let answer = answer_of(command).await;
    assert_eq!(answer.status, 0, "{answer:?}");
    for words in
        ["GROUP", "LAST DECISION", "Group01", "0.90", "2 serving, 2 active, 2 desired (2..10)", "hold"]
    {
        assert!(answer.stdout.contains(words), "{words} is not in {}", answer.stdout);
    }
    stage.cloud.faults().always(Ask::Stats, Fault::Html);
    let mut command = loadscale(stage.home());
    command.args(["status", "--state-dir"]).arg(stage.state());
    let answer = answer_of(command).await;
    assert_eq!(answer.status, 1, "{answer:?}");
    assert!(answer.stdout.contains("HTML"), "{BALANCER}: {}", answer.stdout);
}
