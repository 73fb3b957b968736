//! Actions: never sent twice, and what became of them is told truly.

use std::time::Duration;

use cloud::autoscale::{Executed, execute};
use cloud::{Config, Fault, Pacing, Session, load_balancers};

use crate::fake::{Act, Fake, Request, access, later, ok, status};

const EXECUTE: &str = "/groups/g/policies/p/execute";

fn posts(fake: &Fake) -> usize {
    fake.count(|request| request.path == EXECUTE)
}

async fn run(fake: &Fake) -> Executed {
    execute(&fake.open(), "g", "p", later()).await
}

/// The same by somebody who does not wait long for an answer.
async fn run_impatiently(fake: &Fake) -> Executed {
    let pacing = Pacing { request_timeout: Duration::from_millis(200), ..fake.given().pacing };
    let session = Session::new(Config { pacing, ..fake.given() }).unwrap();
    execute(&session, "g", "p", later()).await
}

async fn answered(act: impl Fn() -> Act + Send + Sync + 'static) -> (Executed, usize) {
    let fake = Fake::start(move |_, _| act()).await;
    (run(&fake).await, posts(&fake))
}

#[tokio::test]
async fn an_execution_is_one_post_without_a_body() {
    let fake = Fake::start(|_, _| Act::Answer(202, "", "{}".into())).await;
    assert_eq!(run(&fake).await, Executed::Done);
    let seen = fake.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].method.as_str(), seen[0].path.as_str()), ("POST", EXECUTE));
    assert_eq!(seen[0].header("content-length"), Some("0"));
    assert_eq!(seen[0].token(), Some("the-token"));
}

#[tokio::test]
async fn a_202_is_the_whole_answer_whatever_follows() {
    let accepted: [fn() -> Act; 3] = [
        || Act::Answer(202, "", "<html>".into()),
        || Act::Break("HTTP/1.1 202 Accepted\r\nContent-Length: 90\r\n\r\n{".into()),
        || Act::Drip("HTTP/1.1 202 Accepted\r\nContent-Length: 90\r\n\r\n{".into()),
    ];
    for act in accepted {
        assert_eq!(answered(act).await, (Executed::Done, 1));
    }
}

#[tokio::test]
async fn what_may_have_happened_is_unknown_and_never_sent_again() {
    let unknown: [fn() -> Act; 9] = [
        || status(500),
        || Act::Answer(503, "Retry-After: 0\r\n", String::new()),
        || status(408),
        || status(200),
        || Act::Silence,
        || Act::Break(String::new()),
        || Act::Break("HTTP/1.1 2".into()),
        || Act::Drip("HTTP/1.1 202 Accepted\r\n".into()),
        || Act::Break("nonsense\r\n\r\n".into()),
    ];
    for (index, act) in unknown.into_iter().enumerate() {
        let fake = Fake::start(move |_, _| act()).await;
        let executed = run_impatiently(&fake).await;
        assert!(matches!(executed, Executed::Unknown(_)), "{index}: {executed:?}");
        assert!(posts(&fake) <= 1, "{index}");
    }
}

#[tokio::test]
async fn what_was_declined_has_not_happened() {
    for (code, expected) in
        [(400, "refused"), (404, "not found"), (413, "quota"), (302, "redirects"), (409, "just now")]
    {
        let (executed, posts) = answered(move || status(code)).await;
        let Executed::Failed(fault) = executed else { panic!("{code}: {executed:?}") };
        assert!(fault.to_string().contains(expected), "{fault}");
        assert_eq!(posts, 1);
    }
}

#[tokio::test]
async fn autoscales_own_rules_are_refusals() {
    let body = r#"{"error":{"type":"CannotExecutePolicyError","code":403,"message":"Cooldowns not met","details":""}}"#;
    let (executed, posts) = answered(move || Act::Answer(403, "", body.into())).await;
    let (kind, message) = ("CannotExecutePolicyError".into(), "Cooldowns not met".into());
    assert_eq!((executed, posts), (Executed::Refused { kind, message }, 1));
}

#[tokio::test]
async fn a_missing_role_is_named() {
    let (executed, _) = answered(|| Act::Answer(403, "", "<html>".into())).await;
    let Executed::Failed(fault @ Fault::Forbidden { .. }) = executed else { panic!("{executed:?}") };
    assert!(fault.to_string().contains("autoscale:admin"), "{fault}");
}

#[tokio::test]
async fn nobody_there_means_not_done() {
    let fake = Fake::start(|_, _| status(500)).await;
    let mut config = fake.given();
    config.endpoints.autoscale = Some("http://127.0.0.1:1".into());
    let executed = execute(&Session::new(config).unwrap(), "g", "p", later()).await;
    assert!(matches!(executed, Executed::Failed(Fault::Connection { sent: false, .. })), "{executed:?}");
}

#[tokio::test]
async fn a_busy_service_is_asked_once_more() {
    let busy = |code: u16, when: &'static str| {
        Fake::start(move |_, before| match before {
            0 => Act::Answer(code, when, String::new()),
            _ => Act::Answer(202, "", "{}".into()),
        })
    };
    for (code, when) in [
        (413, "Retry-After: 0\r\n"),
        (429, "Retry-After: 0\r\n"),
        (429, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
    ] {
        let fake = busy(code, when).await;
        assert_eq!((run(&fake).await, posts(&fake)), (Executed::Done, 2));
    }
    let fake = busy(429, "Retry-After: 3600\r\n").await;
    assert!(matches!(run(&fake).await, Executed::Failed(Fault::OverLimit { .. })));
    assert_eq!(posts(&fake), 1);
}

#[tokio::test]
async fn and_only_once() {
    let (executed, posts) = answered(|| Act::Answer(429, "Retry-After: 0\r\n", String::new())).await;
    assert!(matches!(executed, Executed::Failed(Fault::OverLimit { .. })));
    assert_eq!(posts, 2);
}

fn sign_in(request: &Request, before: usize) -> Act {
    access(&format!("token-{}", before + 1), &format!("http://{}", request.header("host").unwrap()))
}

#[tokio::test]
async fn a_refused_token_is_renewed_and_the_action_sent_once_more() {
    let fake = Fake::start(|request, before| match request.token() {
        _ if request.is_sign_in() => sign_in(request, before),
        Some("token-1") => status(401),
        _ => Act::Answer(202, "", "{}".into()),
    })
    .await;
    let session = Session::new(fake.rackspace()).unwrap();
    assert_eq!(execute(&session, "g", "p", later()).await, Executed::Done);
    assert_eq!((fake.sign_ins(), posts(&fake)), (2, 2));
}

#[tokio::test]
async fn a_sign_in_that_fails_leaves_the_action_undone_not_unknown() {
    let fake = Fake::start(|request, before| match request.is_sign_in() {
        true if before == 0 => sign_in(request, before),
        true => Act::Answer(503, "Retry-After: 3600\r\n", String::new()),
        false => status(401),
    })
    .await;
    let session = Session::new(fake.rackspace()).unwrap();
    let executed = execute(&session, "g", "p", later()).await;
    assert!(matches!(executed, Executed::Failed(Fault::Server { status: 503, .. })), "{executed:?}");
    assert_eq!(posts(&fake), 1);
}

#[tokio::test]
async fn a_pooled_connection_that_dies_under_the_action_is_not_replaced_behind_our_back() {
    let fake = Fake::start(|request, _| match request.method.as_str() {
        "GET" => ok(r#"{"currentConn":5}"#),
        _ => Act::Break(String::new()),
    })
    .await;
    let session = fake.open();
    for _ in 0..20 {
        let before = posts(&fake);
        assert_eq!(load_balancers::connections(&session, "71", later()).await, Ok(5));
        let executed = execute(&session, "g", "p", later()).await;
        assert!(matches!(executed, Executed::Unknown(Fault::Connection { sent: true, .. })), "{executed:?}");
        assert_eq!(posts(&fake) - before, 1);
    }
}

#[tokio::test]
async fn a_pooled_connection_that_died_before_costs_nothing() {
    // The server closes after every answer without announcing it.
    let fake = Fake::start(|request, _| match request.method.as_str() {
        "GET" => Act::Break("HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"currentConn\":5}".into()),
        _ => Act::Answer(202, "", "{}".into()),
    })
    .await;
    let session = fake.open();
    for round in 1..=20 {
        assert_eq!(load_balancers::connections(&session, "71", later()).await, Ok(5));
        let executed = execute(&session, "g", "p", later()).await;
        assert!(matches!(executed, Executed::Done | Executed::Unknown(_)), "{executed:?}");
        assert!(posts(&fake) <= round);
    }
}
