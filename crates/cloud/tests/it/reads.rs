//! Reads: what is repeated, what is not, and that every limit holds.

use std::time::Duration;

use cloud::{Config, Fault, Pacing, Rate, Rates, Session, load_balancers};
use tokio::time::Instant;

use crate::fake::{Act, Fake, later, ok, soon, status};

const STATS: &str = r#"{"currentConn":5}"#;

async fn read(fake: &Fake, deadline: Instant) -> Result<u64, Fault> {
    load_balancers::connections(&fake.open(), "71", deadline).await
}

/// A server that does `first` once and is well afterwards.
async fn once(first: impl Fn() -> Act + Send + Sync + 'static) -> Fake {
    Fake::start(move |_, before| if before == 0 { first() } else { ok(STATS) }).await
}

#[tokio::test]
async fn what_passes_is_waited_out() {
    let date = "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    let passing: [fn() -> Act; 7] = [
        || status(500),
        || Act::Answer(503, "", "<html>busy</html>".into()),
        || Act::Break(String::new()),
        || Act::Break("HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"current".into()),
        || Act::Break("not HTTP at all\r\n\r\n".into()),
        || Act::Answer(413, "Retry-After: 0\r\n", String::new()),
        || Act::Answer(429, "Retry-After: 0\r\n", String::new()),
    ];
    for first in passing {
        let fake = once(first).await;
        assert_eq!(read(&fake, later()).await, Ok(5));
        assert_eq!(fake.seen().len(), 2);
    }
    let fake = once(move || Act::Answer(413, date, String::new())).await;
    assert_eq!(read(&fake, later()).await, Ok(5));
}

#[tokio::test]
async fn what_does_not_pass_is_told_at_once() {
    for (code, body) in [
        (400, ""),
        (403, ""),
        (404, ""),
        (413, r#"{"message":"node limit","code":413}"#),
        (422, r#"{"message":"Load Balancer '71' has a status of 'PENDING_UPDATE'"}"#),
    ] {
        let fake = Fake::start(move |_, _| Act::Answer(code, "", body.into())).await;
        assert!(read(&fake, later()).await.is_err());
        assert_eq!(fake.seen().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_once() {
    let fake = Fake::start(|_, _| Act::Answer(429, "Retry-After: 0\r\n", String::new())).await;
    assert!(matches!(read(&fake, later()).await, Err(Fault::OverLimit { .. })));
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test]
async fn a_wait_that_does_not_fit_is_not_begun() {
    let fake = Fake::start(|_, _| Act::Answer(503, "Retry-After: 300\r\n", String::new())).await;
    let start = Instant::now();
    assert!(matches!(read(&fake, later()).await, Err(Fault::Server { status: 503, .. })));
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn a_server_that_keeps_failing_is_told_as_that() {
    let fake = Fake::start(|_, _| status(500)).await;
    assert!(matches!(read(&fake, soon(500)).await, Err(Fault::Server { status: 500, .. })));
    assert!(fake.seen().len() > 2);
}

#[tokio::test]
async fn nobody_there_is_told_as_that() {
    let fake = Fake::start(|_, _| status(500)).await;
    let mut config = fake.given();
    // Port 1 of this machine, where nothing listens.
    config.endpoints.load_balancer = Some("http://127.0.0.1:1".into());
    let fault =
        load_balancers::connections(&Session::new(config).unwrap(), "71", soon(500)).await.unwrap_err();
    assert!(matches!(fault, Fault::Connection { sent: false, .. }), "{fault}");
    assert!(fault.to_string().contains("no connection: tcp connect error: Connection refused"), "{fault}");
}

#[tokio::test]
async fn an_answer_that_does_not_end_is_left_at_the_request_time_out() {
    let dripping: [fn() -> Act; 3] = [
        || Act::Silence,
        || Act::Drip("HTTP/1.1 200 OK\r\n".into()),
        || Act::Drip("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n".into()),
    ];
    for first in dripping {
        let fake = once(first).await;
        let pacing = Pacing { request_timeout: Duration::from_millis(50), ..fake.given().pacing };
        let session = Session::new(Config { pacing, ..fake.given() }).unwrap();
        assert_eq!(load_balancers::connections(&session, "71", later()).await, Ok(5));
    }
}

#[tokio::test]
async fn and_at_the_deadline() {
    let fake = Fake::start(|_, _| Act::Drip("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n".into())).await;
    assert!(matches!(read(&fake, soon(500)).await, Err(Fault::Timeout { .. })));
    assert!(matches!(read(&fake, Instant::now()).await, Err(Fault::Deadline { .. })));
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn a_refusal_whose_body_does_not_end_is_still_that_refusal() {
    let fake = Fake::start(|_, _| Act::Drip("HTTP/1.1 404 X\r\nContent-Length: 9000\r\n\r\n".into())).await;
    assert!(matches!(read(&fake, later()).await, Err(Fault::NotFound { .. })));
}

#[tokio::test]
async fn a_body_without_measure_is_not_taken_in() {
    let announced =
        Fake::start(|_, _| Act::Flood("HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n".into())).await;
    let endless = Fake::start(|_, _| Act::Flood("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".into())).await;
    for fake in [announced, endless] {
        let fault = read(&fake, later()).await.unwrap_err();
        assert!(matches!(fault, Fault::BadBody { .. }), "{fault}");
        assert!(fault.to_string().contains("larger than"), "{fault}");
        assert_eq!(fake.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_body_that_makes_no_sense_is_told_with_the_place() {
    for (body, named) in [
        ("<!doctype html><html>", "an HTML page"),
        (r#"{"currentConn":5"#, "EOF"),
        (r#"{"currentConn":"5"}"#, "currentConn"),
        ("{}", "no statistics"),
        ("", "an empty body"),
    ] {
        let fake = Fake::start(move |_, _| ok(body)).await;
        let fault = read(&fake, later()).await.unwrap_err();
        assert!(matches!(fault, Fault::BadBody { .. }), "{fault}");
        let text = fault.to_string();
        assert!(text.contains(named) && text.contains("/loadbalancers/71/stats"), "{text}");
        assert_eq!(fake.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Fake::start(|_, _| ok(STATS)).await;
    let location: &'static str = format!("Location: {}/x?secret=1\r\n", elsewhere.url).leak();
    let fake = Fake::start(move |_, _| Act::Answer(302, location, String::new())).await;
    let fault = read(&fake, later()).await.unwrap_err();
    assert!(matches!(&fault, Fault::Redirected { status: 302, to, .. } if *to == elsewhere.url), "{fault}");
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn requests_are_kept_below_the_rate() {
    let fake = Fake::start(|_, _| ok(STATS)).await;
    let rate = Rate { requests: 2, per: Duration::from_secs(3600) };
    let rates = Rates { load_balancers: vec![rate], ..Rates::unlimited() };
    let session = Session::new(Config { rates, ..fake.given() }).unwrap();
    for _ in 0..2 {
        assert_eq!(load_balancers::connections(&session, "71", later()).await, Ok(5));
    }
    let fault = load_balancers::connections(&session, "71", later()).await.unwrap_err();
    assert!(matches!(fault, Fault::Deadline { .. }), "{fault}");
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test]
async fn connections_are_used_again() {
    let fake = Fake::start(|_, before| {
        let body = format!(r#"{{"currentConn":{before}}}"#);
        if before == 0 { ok(body) } else { Act::Answer(200, "Connection: close\r\n", body) }
    })
    .await;
    let session = fake.open();
    for count in 0..3 {
        assert_eq!(load_balancers::connections(&session, "71", later()).await, Ok(count));
    }
}
