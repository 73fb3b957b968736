//! `explain`: what a journal tells of a pass, as people and as machines read it.

use std::fs;

use serde_json::{Value, json};

use crate::cloud::{HIGH, LONG_COOLDOWN, RIGHT, Stage};
use crate::program::{Answer, answer_of, loadscale};

/// The words of the questions that were asked, and the answer to the last.
fn chain(told: &Value) -> (Vec<&str>, &str) {
    let all = told["chain"].as_array().expect("a chain");
    let words = all.iter().map(|answer| answer["question"].as_str().expect("a word"));
    let last = all.last().expect("an answer")["answer"].as_str().expect("a sentence");
    (words.collect(), last)
}

fn otherwise<'a>(told: &'a Value, what: &str) -> Option<&'a Value> {
    told["otherwise"].as_array().expect("a list").iter().find(|other| other["what"] == what)
}

#[tokio::test]
async fn the_last_pass_is_explained_and_any_before_it() {
    let stage = Stage::start().await;
    stage.rules(LONG_COOLDOWN);
    stage.warm().await;
    stage.load(HIGH);
    let moved = stage.run(&[]).await;
    moved.told("executed", "above_band", 0);
    stage.load(2 * HIGH);
    stage.run(&[]).await.told("null", "cooling_down", 0);

    let last = stage.run(&["explain"]).await.record();
    let (asked, answer) = chain(&last);
    assert_eq!(
        asked,
        ["fleet", "paused", "limits", "reading", "size", "confirmed", "covered", "room", "rest"]
    );
    assert!(answer.contains("has 36") && last["reproduced"] == true, "{last}");
    let rested = otherwise(&last, "rested").expect("a cooldown is all that holds");
    assert_eq!(rested["change"]["to"], 4);

    let time = moved.record()["time"].as_str().expect("a time").to_owned();
    let before = stage.run(&["explain", "--at", &time]).await.record();
    assert_eq!(
        (&before["record"]["outcome"], &before["record"]["desired_to"]),
        (&json!("executed"), &json!(3))
    );
    let (asked, _) = chain(&before);
    assert_eq!(asked.last(), Some(&"policy"));
    assert_eq!(otherwise(&before, "load_at_most").expect("a load that fits")["value"], 100);
}

/// What the chain says of the size that a strategy aims at.
fn aimed(told: &Value) -> &str {
    let chain = told["chain"].as_array().expect("a chain");
    let aimed = chain.iter().find(|answer| answer["question"] == "aim").expect("an aim");
    aimed["answer"].as_str().expect("a sentence")
}

#[tokio::test]
async fn a_strategy_tells_which_of_its_rules_set_the_size() {
    let stage = Stage::start().await;
    let strategy =
        |name: &str| stage.rules(&format!("strategy = {name:?}\ntracking.stabilization_down = \"1h\""));
    strategy("target-tracking");
    // Two servers of 50 at 0.7.
    stage.load(70);
    stage.run(&[]).await.told("null", "right_size", 0);
    let near = stage.run(&["explain"]).await.record();
    assert!(aimed(&near).starts_with("With target = 0.7 the load asks for 2 servers."), "{near}");
    assert!(aimed(&near).contains("tolerance_up = 0.1"), "{near}");
    stage.load(HIGH);
    stage.run(&[]).await.told("executed", "too_small", 0);
    let moved = stage.run(&["explain"]).await.record();
    assert!(aimed(&moved).contains("At least 4: as it asks"), "{moved}");
    assert!(otherwise(&moved, "load_at_most").is_some() && moved["reproduced"] == true, "{moved}");

    strategy("predictive");
    stage.load(105);
    stage.run(&[]).await.told("null", "right_size", 0);
    let held = stage.run(&["explain"]).await.record();
    let (_, answer) = chain(&held);
    assert!(answer.starts_with("Too little is known for a forecast yet"), "{held}");
    assert!(
        aimed(&held).contains("At most 4: the largest size recommended within stabilization_down = 3600 s")
    );
    assert_eq!(held["reproduced"], true, "{held}");
}

#[tokio::test]
async fn people_read_it_in_lines() {
    let stage = Stage::start().await;
    stage.warm().await;
    let mut command = loadscale(stage.home());
    command.arg("explain").arg("--state-dir").arg(stage.state());
    let Answer { status, stdout, .. } = answer_of(command).await;
    assert_eq!(status, 0, "{stdout}");
    for line in [
        "hold (inside_band)",
        &format!("reading   {RIGHT} connections"),
        "Is desired capacity within the limits?",
        "with 101 connections or more",
    ] {
        assert!(stdout.contains(line), "{line:?} is missing in\n{stdout}");
    }
}

#[tokio::test]
async fn a_copied_journal_is_read_without_credentials() {
    let stage = Stage::start().await;
    stage.warm().await;
    let whole = stage.run(&["explain"]).await;
    fs::remove_file(stage.home().join("credentials")).expect("removed");
    let copied = stage.run(&["explain"]).await;
    assert_eq!((copied.status, copied.record()), (0, whole.record()), "{copied:?}");
    let replayed = stage.run(&["replay", "--group", "Group01"]).await;
    assert!(replayed.stderr.contains("1 passes with a load are too few"), "{replayed:?}");

    let journal =
        fs::read_dir(stage.state().join("groups")).expect("journals").next().expect("one").expect("read");
    fs::create_dir(journal.path().with_file_name("Group01-0123456789ab")).expect("made");
    let several = stage.run(&["explain"]).await;
    assert_eq!(several.status, 2);
    assert!(several.stderr.contains("has 2 journals under that name"), "{several:?}");
    fs::remove_dir_all(stage.state()).expect("removed");
    let none = stage.run(&["explain"]).await;
    assert!(none.stderr.contains("Group01: there is no journal of it in"), "{none:?}");
}

#[tokio::test]
async fn without_a_pass_it_says_what_is_missing() {
    let stage = Stage::start().await;
    let nothing = stage.run(&["explain"]).await;
    assert_eq!(nothing.status, 2, "{nothing:?}");
    assert!(nothing.stderr.contains("Group01: there is no pass to explain"), "{nothing:?}");
    stage.warm().await;
    let too_early = stage.run(&["explain", "--at", "2020-01-01T00:00:00Z"]).await;
    assert!(too_early.stderr.contains("no pass at or before 2020-01-01T00:00:00Z"), "{too_early:?}");
}
