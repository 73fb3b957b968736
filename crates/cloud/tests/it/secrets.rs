//! No secret comes back out, whatever a server echoes.

use cloud::{Fault, Session, autoscale, load_balancers};

use crate::fake::{Act, Fake, access, later, ok};

const SECRETS: [&str; 2] = ["the-api-key", "the-one-token"];

/// A cloud that answers everything but a good sign-in with what it was sent.
async fn parrot(code: u16) -> Fake {
    Fake::start(move |request, _| {
        let url = format!("http://{}", request.header("host").unwrap());
        let echo = format!("{} {} the-api-key", request.head, request.body);
        let quoted = serde_json::Value::from(echo.clone());
        match request.path.as_str() {
            path if path.ends_with("/tokens") && code != 401 => access("the-one-token", &url),
            path if path.contains("html") => Act::Answer(code, "", format!("<p>{echo}")),
            path if path.contains("plain") => Act::Answer(code, "", echo),
            _ => Act::Answer(code, "", format!(r#"{{"error":{{"type":{quoted},"message":{quoted}}}}}"#)),
        }
    })
    .await
}

#[track_caller]
fn is_clean(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn faults_hold_none() {
    for code in [200, 302, 400, 401, 403, 404, 409, 413, 418, 422, 429] {
        let fake = parrot(code).await;
        let session = Session::new(fake.rackspace()).unwrap();
        for id in ["json", "html", "plain"] {
            let fault = load_balancers::connections(&session, id, later()).await.unwrap_err();
            is_clean(&format!("{fault} {fault:?}"));
            let executed = autoscale::execute(&session, id, "p", later()).await;
            is_clean(&format!("{executed:?}"));
        }
    }
}

#[tokio::test]
async fn a_value_of_the_wrong_type_is_not_quoted_with_the_secret_in_it() {
    let fake = Fake::start(|request, _| match request.is_sign_in() {
        true => access("the-one-token", &format!("http://{}", request.header("host").unwrap())),
        false => ok(r#"{"loadBalancers":"the-one-token the-api-key"}"#),
    })
    .await;
    let session = Session::new(fake.rackspace()).unwrap();
    let fault = load_balancers::list(&session, later()).await.unwrap_err();
    assert!(matches!(fault, Fault::BadBody { .. }));
    is_clean(&fault.to_string());
}

#[tokio::test]
async fn nor_does_a_sign_in_that_cannot_be_understood() {
    for body in [
        r#"{"access":{"token":"the-one-token"}}"#,
        r#"{"access":{"token":{"id":"the-one-token","expires":"the-api-key"}}}"#,
        r#"{"access":{"token":{"id":"the-one-token"}}}"#,
        r#""the-one-token""#,
    ] {
        let fake = Fake::start(move |_, _| ok(body)).await;
        let session = Session::new(fake.rackspace()).unwrap();
        let fault = load_balancers::list(&session, later()).await.unwrap_err();
        assert!(matches!(fault, Fault::BadBody { .. }), "{fault}");
        is_clean(&format!("{fault} {fault:?}"));
    }
}

#[tokio::test]
async fn a_groups_own_error_holds_none() {
    let fake = Fake::start(|request, _| match request.is_sign_in() {
        true => access("the-one-token", &format!("http://{}", request.header("host").unwrap())),
        false => ok(
            r#"{"groups":[{"id":"g","state":{"name":"n","activeCapacity":0,"desiredCapacity":1,"paused":false,
            "status":"ERROR","errors":[{"message":"nova said no to the-one-token"}]}}]}"#,
        ),
    })
    .await;
    let session = Session::new(fake.rackspace()).unwrap();
    let groups = autoscale::groups(&session, later()).await.unwrap();
    assert_eq!(groups[0].state.errors, ["nova said no to [redacted]"]);
}

#[tokio::test]
async fn nothing_that_can_be_printed_shows_one() {
    let fake = Fake::start(|_, _| ok("")).await;
    is_clean(&format!("{:?}", fake.rackspace()));
}
