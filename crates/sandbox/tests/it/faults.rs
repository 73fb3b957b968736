//! Each kind of fault as a client sees it.

use std::time::Duration;

use reqwest::Response;
use sandbox::{Api, Ask, Fault, RetryAfter};
use serde_json::json;

use crate::client::{Fixture, answer};

struct Spoiled {
    fixture: Fixture,
    url: String,
}

impl Spoiled {
    async fn start() -> Self {
        let fixture = Fixture::small().await;
        let balancer = fixture.sandbox.load_balancer("load_balancer").unwrap();
        let url = format!("{}/loadbalancers/{}/stats", fixture.sandbox.load_balancer_url(), balancer.id());
        Self { fixture, url }
    }

    async fn with(&self, fault: Fault) -> reqwest::Result<Response> {
        self.fixture.sandbox.faults().next(Ask::Stats, fault);
        self.fixture.get(&self.url).send().await
    }

    async fn whole(&self) {
        assert_eq!(self.fixture.ok(&self.url).await["currentConn"], 0, "a fault planned once comes once");
    }
}

#[tokio::test]
async fn connections_are_dropped_and_reset() {
    let spoiled = Spoiled::start().await;
    let dropped = spoiled.with(Fault::Drop).await.unwrap_err();
    assert!(dropped.is_request(), "{dropped:?}");
    let log = spoiled.fixture.sandbox.requests().entries();
    assert_eq!((log.last().unwrap().ask, log.last().unwrap().status), (Ask::Stats, None));
    let reset = spoiled.with(Fault::ResetMidBody).await.unwrap();
    assert_eq!(reset.status(), 200);
    assert!(reset.bytes().await.is_err());
    spoiled.whole().await;
}

#[tokio::test]
async fn an_answer_may_never_come() {
    let spoiled = Spoiled::start().await;
    spoiled.fixture.sandbox.faults().next(Ask::Stats, Fault::NeverAnswer);
    let waiting = tokio::spawn(spoiled.fixture.get(&spoiled.url).send());
    spoiled.fixture.sandbox.requests().arrived(Ask::Stats, 1).await;
    assert!(!waiting.is_finished());
    waiting.abort();
    spoiled.whole().await;
}

#[tokio::test]
async fn errors_come_in_the_services_own_form() {
    let spoiled = Spoiled::start().await;
    for status in [403, 404, 413, 422, 500, 503] {
        let (seen, body) = answer(spoiled.with(Fault::status(status)).await.unwrap()).await;
        assert_eq!((seen, &body["code"]), (status, &json!(status)));
    }
    let unauthorized = spoiled.with(Fault::status(401)).await.unwrap();
    assert_eq!(unauthorized.text().await.unwrap(), "");
    spoiled.whole().await;
}

#[tokio::test]
async fn patience_is_asked_for_in_seconds_and_by_date() {
    let spoiled = Spoiled::start().await;
    let seconds = spoiled.with(Fault::retry_after(413, RetryAfter::Seconds(7))).await.unwrap();
    assert_eq!(seconds.headers()["Retry-After"], "7");
    assert_eq!(answer(seconds).await.1["overLimit"]["code"], 413);
    let date = spoiled.with(Fault::retry_after(429, RetryAfter::Date(7))).await.unwrap();
    assert_eq!(date.status(), 429);
    assert!(date.headers()["Retry-After"].to_str().unwrap().ends_with(" GMT"));
}

#[tokio::test]
async fn bodies_are_spoiled() {
    let spoiled = Spoiled::start().await;
    let html = spoiled.with(Fault::Html).await.unwrap();
    assert_eq!(html.headers()["Content-Type"], "text/html; charset=utf-8");
    assert!(html.text().await.unwrap().starts_with("<!DOCTYPE html>"));
    let truncated = spoiled.with(Fault::TruncatedJson).await.unwrap();
    assert!(truncated.text().await.unwrap().starts_with("{\"connect"));
    let missing = spoiled.with(Fault::MissingField { pointer: None }).await.unwrap();
    let (_, body) = answer(missing).await;
    assert_eq!((body.as_object().unwrap().len(), body.get("currentConn")), (13, None));
    let pointer = Some("/currentConnSsl".to_owned());
    let (_, body) = answer(spoiled.with(Fault::WrongType { pointer }).await.unwrap()).await;
    assert_eq!((&body["currentConnSsl"], &body["currentConn"]), (&json!("many"), &json!(0)));
    let pointer = Some("/nothing".to_owned());
    assert_eq!(spoiled.with(Fault::MissingField { pointer }).await.unwrap().status(), 500);
    spoiled.whole().await;
}

#[tokio::test]
async fn a_huge_body_is_huge_and_a_slow_one_slow() {
    let spoiled = Spoiled::start().await;
    let mut huge = spoiled.with(Fault::HugeBody).await.unwrap();
    let mut size = 0;
    while let Some(chunk) = huge.chunk().await.unwrap() {
        size += chunk.len();
    }
    assert!(size >= 100_000_000, "{size}");
    let mut slow = spoiled.with(Fault::OneByteASecond).await.unwrap();
    let patience = Duration::from_secs(10);
    let first = tokio::time::timeout(patience, slow.chunk()).await.unwrap().unwrap().unwrap();
    assert_eq!(&first[..], b"{");
}

#[tokio::test]
async fn a_service_that_is_down_refuses_and_comes_back() {
    let spoiled = Spoiled::start().await;
    spoiled.whole().await;
    let service = spoiled.fixture.sandbox.service(Api::LoadBalancer);
    service.down().await.unwrap();
    let refused = spoiled.fixture.get(&spoiled.url).send().await.unwrap_err();
    assert!(refused.is_connect(), "{refused:?}");
    service.up().await.unwrap();
    spoiled.whole().await;
}
