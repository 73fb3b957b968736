//! What `calibrate` prints, draws and refuses.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::cloud::{GROUP, RIGHT, Stage, group_table};
use crate::page::Page;
use crate::program::{Answer, answer, loadscale};

/// Samples of a server of four workers at 50 ms each that everyone asks again at once.
pub(crate) fn samples(levels: impl Iterator<Item = u32>) -> String {
    let mut text = "time,users,connections,requests,errors,throughput,p10,p50,p95,cpu,lag_ms\n".to_owned();
    let rows = levels.flat_map(|users| [users; 6]).zip(1..);
    for (users, second) in rows {
        let n = f64::from(users);
        let throughput = n.min(4.0) * 20.0 + f64::from(second % 3) * 0.3;
        let mean = n / throughput * 1000.0;
        let (p10, p95) = (mean * 0.8, mean * 1.2 + f64::from(second % 5));
        let answered = throughput.round();
        writeln!(text, "{second},{users},{n},{answered},0,{throughput},{p10},{mean},{p95},0.1,0.5")
            .expect("a string");
    }
    text
}

fn calibrate(text: &str, arguments: &[&str]) -> (TempDir, Answer) {
    let home = tempdir().expect("a folder");
    fs::write(home.path().join("samples.csv"), text).expect("written");
    let mut command = loadscale(home.path());
    command.args(["calibrate", "samples.csv", "--slo", "p95 < 240ms"]).args(arguments);
    let answer = answer(&mut command);
    (home, answer)
}

fn read(home: &TempDir, file: &str) -> String {
    fs::read_to_string(home.path().join(Path::new(file))).expect("a file")
}

#[test]
fn the_line_to_paste_stands_last_and_settings_take_it() {
    let (_, answer) = calibrate(&samples((2..=32).step_by(2)), &["--flavor", "general1-2"]);
    assert_eq!(answer.status, 0, "{answer:?}");
    let (table, section) = answer.stdout.split_once("\n\n").expect("a table and a section");
    for words in ["p95 < 240ms breaks at connections", "sigma, contention", "throughput is off the law by"] {
        assert!(table.contains(words), "{words} is not in: {table}");
    }
    let capacity: toml::Table = section.parse().expect("TOML");
    let value = capacity["capacity"]["general1-2"].as_float().expect("a number");
    assert!((15.0..=16.2).contains(&value), "{value}");
}

#[test]
fn its_json_is_one_object_with_every_interval() {
    let (_, answer) = calibrate(&samples((2..=32).step_by(2)), &["--json", "--servers", "2"]);
    let found = answer.record();
    assert_eq!((answer.status, &found["flavor"], &found["refusal"]), (0, &Value::Null, &Value::Null));
    assert_eq!((&found["samples"], &found["objective"]), (&"samples.csv".into(), &"p95 < 240ms".into()));
    let number = |value: &Value| value.as_f64().expect("a number");
    for estimate in ["/connections", "/law/lambda", "/law/sigma", "/law/kappa"] {
        let estimate = found.pointer(estimate).expect("an estimate");
        let [value, low, high] = ["value", "low", "high"].map(|key| number(&estimate[key]));
        assert!(low <= value && value <= high, "{estimate}");
    }
    assert!((7.5..=8.1).contains(&number(&found["capacity"])), "half of it for each of two: {found}");
    assert_eq!(found["levels"].as_array().expect("levels").len(), 16);
}

#[test]
fn its_plot_shows_every_level_and_the_law() {
    let (home, answer) = calibrate(&samples((2..=32).step_by(2)), &["--plot", "fit.svg"]);
    assert_eq!(answer.status, 0, "{answer:?}");
    let svg = read(&home, "fit.svg");
    assert_eq!(svg.matches(r#"<circle class="dot""#).count(), 32, "16 levels in two charts");
    assert_eq!(svg.matches(r#"<path class="law""#).count(), 1);
    assert!(svg.contains("samples.csv: p95 &lt; 240ms") && svg.ends_with("</svg>\n"), "{svg}");
}

#[test]
fn a_refusal_gives_no_number_but_the_reason_and_status_1() {
    let short = samples(2..=12);
    let (home, answer) = calibrate(&short, &["--plot", "fit.svg"]);
    assert_eq!((answer.status, answer.stdout.as_str()), (1, ""));
    assert!(answer.stderr.contains("never came near the knee"), "{}", answer.stderr);
    assert!(!home.path().join("fit.svg").exists(), "nothing was fitted, so nothing is drawn");

    let (_, answer) = calibrate(&short, &["--json"]);
    let refused = answer.record();
    assert_eq!((answer.status, &refused["capacity"]), (1, &Value::Null));
    assert_eq!(refused["refusal"]["reason"], "never_near");
    assert!(refused["refusal"]["explanation"].as_str().expect("a text").contains("12.0 connections"));
}

#[test]
fn what_cannot_be_read_is_told_by_line_with_status_2() {
    let (_, answer) = calibrate("time,users\nnoon,x\n", &[]);
    assert_eq!(answer.status, 2);
    for words in ["samples.csv:1", "\"connections\" is missing", "\"p95\""] {
        assert!(answer.stderr.contains(words), "{words} is not in: {}", answer.stderr);
    }
    let home = tempdir().expect("a folder");
    for wrong in
        [&["calibrate", "none.csv", "--slo", "p95 < 1s"][..], &["calibrate", "none.csv", "--slo", "fast"]]
    {
        assert_eq!(crate::program::answer(loadscale(home.path()).args(wrong)).status, 2, "{wrong:?}");
    }
}

#[tokio::test]
async fn live_history_stands_side_by_side_and_says_how_much_is_missing() {
    let page = Page::start().await;
    let stage = Stage::start().await;
    let moves = "scale_up = [\"add_on\"], scale_down = [\"remove_1\"]";
    stage.settings(&format!(
        "[[group]]\nname = \"page\"\n{}\nscaler = {{ kind = \"autoscale\", group = {GROUP:?}, {moves} }}\n",
        page.right()
    ));
    fs::rename(stage.home().join("settings.toml"), stage.home().join("page.toml")).expect("moved");
    stage.settings(&group_table(GROUP, "load_balancer", ""));
    stage.load(RIGHT);
    for settings in ["page.toml", "settings.toml", "page.toml"] {
        let pass = stage.run(&["--settings", settings]).await;
        assert_eq!(pass.status, 0, "{pass:?}");
    }
    let history = ["calibrate", "--group", GROUP, "--heartbeat", "page.toml", "--slo", "p95 < 1s"];
    let answer = stage.run(&history).await;
    let refused = answer.record();
    assert_eq!((answer.status, &refused["refusal"]["reason"]), (1, &"too_short".into()), "{answer:?}");
    let why = refused["refusal"]["explanation"].as_str().expect("a text");
    assert!(why.starts_with("there are 2 response times with connections beside them"), "{why}");
    assert_eq!(refused["flavor"], "general1-2", "the group's own");

    let unknown = stage.run(&["calibrate", "--heartbeat", "none.toml", "--slo", "p95 < 1s"]).await;
    assert_eq!(unknown.status, 2);
    assert!(unknown.stderr.contains("none.toml"), "{unknown:?}");
}
