//! Beats against a real PostgreSQL, SQLite, Redis and disk, over HTTP.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use clap::{CommandFactory, FromArgMatches};
use tokio::net::TcpListener;

use crate::args::Args;
use crate::page::page;
use crate::probe::Probes;

mod servers;

use servers::{Postgres, Redis};

/// What the page answered.
struct Answer {
    status: u16,
    body: String,
    /// The parts that `Server-Timing` names, in order.
    parts: Vec<String>,
}

fn args(typed: &[&str]) -> Args {
    let typed = ["heartbeat-server"].iter().chain(typed);
    Args::from_arg_matches(&Args::command().get_matches_from(typed)).unwrap()
}

/// A page on a port of its own.
async fn serve(typed: &[&str]) -> String {
    let probes = Probes::open(&args(typed)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, page(probes)).await.unwrap() });
    url
}

async fn beat(url: &str) -> Answer {
    let client = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
    let answer = client.get(url).send().await.unwrap();
    let header = |name: &str| {
        answer.headers().get(name).map_or(String::new(), |value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(header("cache-control"), "no-store");
    let timing = header("server-timing");
    let parts = timing.split(", ").filter(|part| !part.is_empty()).map(part).collect();
    Answer { status: answer.status().as_u16(), parts, body: answer.text().await.unwrap() }
}

/// The name of one metric of `Server-Timing`, whose duration is a number of milliseconds.
fn part(metric: &str) -> String {
    let (name, duration) = metric.split_once(";dur=").unwrap();
    assert!(duration.parse::<f64>().unwrap() >= 0.0, "{metric}");
    name.to_owned()
}

#[track_caller]
fn assert_beats(answer: &Answer, parts: &[&str]) {
    assert_eq!((answer.status, answer.body.as_str()), (200, "Beat"));
    assert_eq!(answer.parts, parts);
}

#[track_caller]
fn assert_fails(answer: &Answer, part: &str, parts: &[&str]) {
    assert_eq!((answer.status, answer.body.as_str()), (503, format!("{part} failed").as_str()));
    assert_eq!(answer.parts, parts);
}

fn disk(folder: &Path) -> [&str; 2] {
    ["--disk", folder.to_str().unwrap()]
}

#[tokio::test]
async fn without_any_part_it_beats_all_the_same() {
    assert_beats(&beat(&serve(&[]).await).await, &[]);
}

#[tokio::test]
async fn every_path_is_the_page() {
    let url = serve(&[]).await;
    assert_beats(&beat(&format!("{url}autoscalebot/heartbeat/")).await, &[]);
}

#[tokio::test]
async fn all_parts_are_tried_and_timed_and_the_disk_is_left_clean() {
    let folder = tempfile::tempdir().unwrap();
    let redis = Redis::start().await;
    let database = format!("sqlite://{}", folder.path().join("beats.db").display());
    let url = redis.url();
    let tempdir = tempfile::tempdir().unwrap();
    let typed = [&["--database", &database, "--cache", &url][..], &disk(tempdir.path())].concat();
    let page = serve(&typed).await;
    for _ in 0..3 {
        assert_beats(&beat(&page).await, &["database", "cache", "disk"]);
    }
    assert_eq!(std::fs::read_dir(tempdir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_row_is_read_from_postgresql() {
    let postgres = Postgres::start().await;
    let url = postgres.url();
    let page = serve(&["--database", &url]).await;
    for _ in 0..3 {
        assert_beats(&beat(&page).await, &["database"]);
    }
    // Another process on the same table.
    assert_beats(&beat(&serve(&["--database", &url]).await).await, &["database"]);
    assert_eq!(postgres.ask("SELECT count(*) FROM heartbeat").await, "1000");
}

#[tokio::test]
async fn a_postgresql_that_goes_away_fails_the_beat_and_one_that_comes_back_mends_it() {
    let mut postgres = Postgres::start().await;
    let page = serve(&["--database", &postgres.url(), "--timeout", "20000"]).await;
    assert_beats(&beat(&page).await, &["database"]);
    postgres.stop().await;
    assert_fails(&beat(&page).await, "database", &["database"]);
    postgres.start_again().await;
    assert_beats(&beat(&page).await, &["database"]);
}

#[tokio::test]
async fn a_key_is_set_when_it_is_absent_and_got_when_it_is_there() {
    let redis = Redis::start().await;
    let page = serve(&["--cache", &redis.url()]).await;
    assert_beats(&beat(&page).await, &["cache"]);
    assert_eq!(redis.ask(&["GET", "heartbeat"]).await.as_deref(), Some("Beat"));
    assert_beats(&beat(&page).await, &["cache"]);
    redis.ask(&["SET", "heartbeat", "somebody else's"]).await;
    assert_fails(&beat(&page).await, "cache", &["cache"]);
}

#[tokio::test]
async fn the_first_part_that_fails_is_named_and_ends_the_beat() {
    let gone = tempfile::tempdir().unwrap().path().join("gone");
    let redis = Redis::start().await;
    let page = serve(&[&["--cache", &redis.url()][..], &disk(&gone)].concat()).await;
    assert_fails(&beat(&page).await, "disk", &["cache", "disk"]);
    redis.ask(&["SHUTDOWN", "NOSAVE"]).await;
    assert_fails(&beat(&page).await, "cache", &["cache"]);
}

#[tokio::test]
async fn a_part_that_never_answers_fails_in_its_time() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    let page = serve(&["--cache", &url, "--timeout", "50"]).await;
    assert_fails(&beat(&page).await, "cache", &["cache"]);
}

#[tokio::test]
async fn what_can_never_work_is_told_at_the_start() {
    for typed in [["--database", "mysql://host/name"], ["--cache", "memcached://host"]] {
        let error = Probes::open(&args(&typed)).err().unwrap();
        assert!(format!("{error:#}").contains("is not known here"), "{error:#}");
    }
}

#[test]
fn a_password_is_not_taken_from_the_command_line() {
    for url in ["postgres://me:hunter2@host/name", "postgres://host/name?user=me&password=hunter2"] {
        let matches = Args::command().get_matches_from(["heartbeat-server", "--database", url]);
        let args = Args::from_arg_matches(&matches).unwrap();
        let told = args.refuse_typed_secrets(&matches).unwrap_err().to_string();
        assert!(told.contains("HEARTBEAT_DATABASE") && !told.contains("hunter2"), "{told}");
    }
}

#[tokio::test]
async fn a_url_that_cannot_be_read_is_not_repeated() {
    for name in ["--database", "--cache"] {
        let error = Probes::open(&args(&[name, "postgres://me:hunter2/@host:no/name"])).err().unwrap();
        let told = format!("{error:#}");
        assert!(told.contains(name) && told.contains("no URL") && !told.contains("hunter2"), "{told}");
    }
}
