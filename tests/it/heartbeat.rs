//! Groups of the cloud that are judged by their pages instead of their balancers.

use sandbox::{Ask, GroupPlan, Plan};
use serde_json::Value;

use crate::cloud::{GROUP, Stage, small};
use crate::page::{BEAT, BROKEN, Page};
use crate::program::Answer;

/// A group of three servers of a flavor whose capacity nobody knows.
fn plan() -> Plan {
    let flavor = "performance1-4".to_owned();
    let group = GroupPlan { min: 2, desired: Some(3), flavor, ..GroupPlan::default() };
    Plan { groups: vec![group], ..small() }
}

async fn stage(monitor: &str) -> Stage {
    let stage = Stage::with(plan()).await;
    stage.settings(&group(monitor));
    stage
}

fn group(monitor: &str) -> String {
    format!("[[group]]\nname = {GROUP:?}\nscale_up = [\"add_on\"]\nscale_down = [\"remove_1\"]\n{monitor}\n")
}

fn finding(answer: &Answer) -> String {
    let report = answer.record();
    let findings = report["findings"].as_array().expect("a list").iter();
    findings.map(|finding| finding["message"].as_str().expect("text").to_owned()).collect()
}

#[tokio::test]
async fn five_quick_beats_in_a_row_take_a_server_away() {
    let page = Page::start().await;
    let stage = stage(&page.low()).await;
    for _ in 1..5 {
        stage.run(&[]).await.told("null", "not_confirmed", 0);
    }
    let record = stage.run(&[]).await.told("executed", "below_band", 0);
    assert_eq!((&record["desired_from"], &record["desired_to"]), (&3.into(), &2.into()));
    for name in ["connections", "capacity", "utilization", "needed", "load_balancers", "error"] {
        assert_eq!(record[name], Value::Null, "{name}");
    }
    let signal = &record["signal"];
    assert_eq!(
        (&signal["kind"], &signal["unit"], &signal["level"]),
        (&"level".into(), &"ms".into(), &"low".into())
    );
    assert!(signal["value"].as_f64().is_some_and(|value| value > 0.0), "{signal}");
    assert_eq!(record["heartbeat"]["url"], page.url.as_str());
    assert_eq!(page.heads().len(), 5);
    assert_eq!(stage.cloud.requests().count(Ask::Stats), 0, "the balancer is nobody's business here");
}

#[tokio::test]
async fn three_failures_in_a_row_add_a_server_and_begin_anew() {
    let page = Page::start().await;
    page.answers(BROKEN);
    let stage = stage(&page.right()).await;
    for _ in 1..3 {
        let held = stage.run(&[]).await.told("null", "not_confirmed", 0);
        assert!(held["explanation"].as_str().is_some_and(|told| told.contains("503")), "{held}");
    }
    let record = stage.run(&[]).await.told("executed", "above_band", 0);
    assert_eq!((&record["desired_to"], &record["error"]), (&4.into(), &Value::Null));
    assert!(record["heartbeat"]["error"].as_str().is_some_and(|told| told.contains("503")), "{record}");
    stage.run(&[]).await.told("null", "not_confirmed", 0);
}

#[tokio::test]
async fn one_right_beat_ends_a_row() {
    let page = Page::start().await;
    page.answers(BROKEN);
    let stage = stage(&page.right()).await;
    stage.run(&[]).await.told("null", "not_confirmed", 0);
    stage.run(&[]).await.told("null", "not_confirmed", 0);
    page.answers(BEAT);
    stage.run(&[]).await.told("null", "inside_band", 0);
    page.answers(BROKEN);
    stage.run(&[]).await.told("null", "not_confirmed", 0);
    assert_eq!(stage.executions(), 0);
}

#[tokio::test]
async fn a_group_outside_its_limits_is_mended_without_a_beat() {
    let page = Page::start().await;
    page.answers(BROKEN);
    let stage = stage(&format!("{}\nmin = 5", page.right())).await;
    stage.run(&[]).await.told("executed", "outside_limits", 0);
}

#[tokio::test]
async fn check_and_status_show_the_beat() {
    let page = Page::start().await;
    let stage = stage(&page.right()).await;
    let answer = stage.run(&["check", "--strict"]).await;
    assert_eq!((answer.status, finding(&answer).as_str()), (0, ""), "{answer:?}");
    assert!(answer.stdout.contains(&format!("{}: right in ", page.url)), "{answer:?}");
    let status = stage.run(&["status"]).await.record();
    assert_eq!(status["now"]["signal"]["level"], "right");
    page.answers(BROKEN);
    let answer = stage.run(&["check"]).await;
    assert_eq!(answer.status, 1);
    assert!(finding(&answer).contains("503 Service Unavailable; it counts as high"), "{answer:?}");
}

#[tokio::test]
async fn its_credential_is_sent_and_told_to_nobody() {
    const SECRET: &str = "s3cr3t-of-the-page";
    let page = Page::start().await;
    let mut stage = stage(&page.monitor("credential = \"my-page\", low = \"0s\", high = \"1h\"")).await;
    let missing = stage.run(&[]).await;
    assert_eq!(missing.status, 2, "{missing:?}");
    for place in ["LOADSCALE_HEARTBEAT_MY_PAGE", "[heartbeat my-page] authorization"] {
        assert!(missing.stderr.contains(place), "{missing:?}");
    }
    let api_key = stage.cloud.plan().account.api_key.clone();
    stage.credentials(&format!("api_key = {api_key}\n[heartbeat my-page]\nX-Page-Key = {SECRET}"));
    let by_file = stage.run(&["-vvv"]).await;
    stage.variables(vec![("LOADSCALE_HEARTBEAT_MY_PAGE", format!("Bearer {SECRET}"))]);
    let by_variable = stage.run(&["-vvv"]).await;
    for answer in [&by_file, &by_variable] {
        answer.told("null", "inside_band", 0);
        assert!(!answer.stdout.contains(SECRET) && !answer.stderr.contains(SECRET), "{answer:?}");
    }
    let heads = page.heads();
    assert!(heads[0].to_lowercase().contains(&format!("x-page-key: {SECRET}")), "{heads:?}");
    assert!(heads[1].to_lowercase().contains(&format!("authorization: bearer {SECRET}")), "{heads:?}");
    for (path, text) in stage.state_files() {
        assert!(!text.contains(SECRET), "{}", path.display());
    }
}
