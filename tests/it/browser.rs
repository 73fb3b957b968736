//! What a browser makes of reports and pictures: Chromium lays them out and tells what there is to see.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};
use tokio::process::Command;
use tokio::time::timeout;

use crate::program::{answer, loadscale};

/// No page takes so long unless the browser hangs.
const PATIENCE: Duration = Duration::from_secs(120);
/// Without a sandbox, which root cannot have, and without anything that asks a network.
const HEADLESS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,1600",
];
/// Whichever is there: where Chromium is no package, Google Chrome does as well.
const BROWSERS: [&str; 2] = ["chromium", "google-chrome"];
const PROBE: &str = include_str!("probe.js");

fn browser() -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = || env::split_paths(&path);
    let files = BROWSERS.iter().flat_map(|name| folders().map(move |folder| folder.join(name)));
    files
        .into_iter()
        .find(|file| file.exists())
        .expect("chromium, which .ci/test installs, is in no folder of PATH")
}

/// What `probe.js` sees of a page.
async fn seen(page: &str) -> Value {
    let home = tempdir().expect("a folder");
    let file = home.path().join("page.html");
    fs::write(&file, format!("{page}<script>{PROBE}</script>")).expect("written");
    let mut command = Command::new(browser());
    command.args(HEADLESS).arg(format!("--user-data-dir={}", home.path().join("profile").display()));
    command.arg("--dump-dom").arg(format!("file://{}", file.display()));
    command.env("HOME", home.path()).stdin(Stdio::null()).kill_on_drop(true);
    let ended = timeout(PATIENCE, command.output()).await.expect("the browser ends").expect("it starts");
    let dom = String::from_utf8_lossy(&ended.stdout);
    let body = dom.split_once("<body>").and_then(|(_, rest)| rest.rsplit_once("</body>"));
    let told = body.and_then(|(told, _)| serde_json::from_str(told.trim()).ok());
    told.unwrap_or_else(|| panic!("the page says {dom:?}; {}", String::from_utf8_lossy(&ended.stderr)))
}

/// Three hours with a busy one that begins at once.
fn home_with_a_trace() -> TempDir {
    let home = tempdir().expect("a folder");
    let load = |minute: u32| if (60..120).contains(&minute) { 260 } else { 90 };
    let rows = (0..180).map(|minute| format!("{},{}\n", minute * 60, load(minute)));
    let text = format!("timestamp,value\n{}", rows.collect::<String>());
    fs::write(home.path().join("busy.csv"), text).expect("written");
    home
}

fn run(home: &Path, args: &[&str]) {
    let told = answer(loadscale(home).args(args));
    assert_eq!(told.status, 0, "{told:?}");
}

async fn seen_page(home: &TempDir, file: &str) -> Value {
    seen(&fs::read_to_string(home.path().join(file)).expect("a page")).await
}

async fn seen_picture(home: &TempDir, file: &str) -> Value {
    let svg = fs::read_to_string(home.path().join(file)).expect("a picture");
    seen(&format!("<!DOCTYPE html><body>{svg}</body>")).await
}

/// Every picture is there and whole; returns how many there are.
#[track_caller]
fn assert_whole(seen: &Value) -> usize {
    let pictures = seen["pictures"].as_array().expect("pictures");
    for picture in pictures {
        assert_eq!((&picture["drawn"], &picture["cut_off"]), (&json!(true), &json!([])), "{picture}");
        assert!(picture["strokes"].as_u64().is_some_and(|strokes| strokes >= 10), "{picture}");
    }
    assert_eq!((&seen["standards_mode"], &seen["wider_than_the_window"]), (&json!(true), &json!(false)));
    pictures.len()
}

fn first_cells(seen: &Value) -> Vec<&str> {
    let rows = seen["rows"].as_array().expect("rows").iter();
    rows.map(|row| row[0].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn a_report_shows_every_score_every_course_and_the_settings() {
    let home = home_with_a_trace();
    let judged = ["--strategy", "threshold", "--against", "hpa", "--policy", "+1", "--policy", "-1"];
    run(
        home.path(),
        &[&["replay", "busy.csv", "--capacity", "50", "--html", "report.html"][..], &judged].concat(),
    );
    let seen = seen_page(&home, "report.html").await;
    assert_eq!(first_cells(&seen), ["threshold", "threshold, any number", "hpa ?re-implemented?"], "{seen}");
    assert_eq!(seen["rows"][0].as_array().map(Vec::len), Some(10), "{seen}");
    assert_eq!(assert_whole(&seen), 3);
    let settings = seen["settings"].as_array().expect("settings");
    assert!(settings.contains(&json!(["scale_up_above", "1"])), "{settings:?}");
    assert!(settings.contains(&json!(["boot_timeout", "15m"])), "{settings:?}");
}

#[tokio::test]
async fn a_sweep_shows_its_curve_and_the_course_of_its_best_point() {
    let home = home_with_a_trace();
    let sweep = ["--strategy", "target-tracking", "--sweep", "target=0.5..1.0", "--points", "6"];
    let files = ["--plot", "curve.svg", "--html", "report.html"];
    run(home.path(), &[&["replay", "busy.csv", "--capacity", "50"][..], &sweep, &files].concat());
    let report = seen_page(&home, "report.html").await;
    assert_eq!((first_cells(&report).len(), assert_whole(&report)), (6, 2), "{report}");
    assert_eq!(report["headings"][2], "The trade-off", "{report}");
    let curve = seen_picture(&home, "curve.svg").await;
    assert_eq!((assert_whole(&curve), &curve["pictures"][0]), (1, &report["pictures"][0]));
    let texts = curve["pictures"][0]["texts"].as_array().expect("texts");
    for told in ["target on busy.csv", "target-tracking", "0.5", "1"] {
        assert!(texts.contains(&json!(told)), "{told} is not among {texts:?}");
    }
}

#[tokio::test]
async fn a_course_and_a_fit_are_drawn_whole() {
    let home = home_with_a_trace();
    run(
        home.path(),
        &["replay", "busy.csv", "--capacity", "50", "--strategy", "predictive", "--plot", "course.svg"],
    );
    assert_eq!(assert_whole(&seen_picture(&home, "course.svg").await), 1);
    fs::write(home.path().join("samples.csv"), crate::calibrate::samples((2..=32).step_by(2)))
        .expect("written");
    run(home.path(), &["calibrate", "samples.csv", "--slo", "p95 < 240ms", "--plot", "fit.svg"]);
    assert_eq!(assert_whole(&seen_picture(&home, "fit.svg").await), 1);
}
