//! Signatures and verdicts; requests are tested against a real receiver by the integration tests.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::notifier::tests::notice;

fn webhook() -> Webhook {
    Webhook::new(Url::parse("http://127.0.0.1:9/hook/hunter2").unwrap(), Body::Plain, None)
}

/// The example of the Standard Webhooks specification's reference libraries.
#[test]
fn a_signature_is_as_the_specification_has_it() {
    let key = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let webhook = webhook().signed(&key).unwrap();
    let signature = signature(
        webhook.signing_key.as_ref().unwrap(),
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        br#"{"test": 2432232314}"#,
    );
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn a_key_that_is_no_base64_is_refused_without_being_told() {
    let told = webhook().signed(&"whsec_hunter2!".into()).err().unwrap();
    assert!(told.contains("not base64") && !told.contains("hunter2"), "{told}");
    assert!(webhook().signed(&"any words".into()).is_ok());
}

#[test]
fn a_request_bears_what_the_receiver_needs_to_trust_it() {
    let webhook = webhook().signed(&"key".into()).unwrap().authorized(&"Bearer abc".into());
    let client = plain().tls_certs_only([]).build().unwrap();
    let request = webhook.request(&client, &notice(), b"{}".to_vec()).build().unwrap();
    let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("authorization"), "Bearer abc");
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("webhook-id"), notice().id);
    let time = header("webhook-timestamp").parse().unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"key");
    assert_eq!(header("webhook-signature"), signature(&key, &notice().id, time, b"{}"));
}

#[test]
fn only_a_body_that_cannot_be_read_is_given_up() {
    for (status, refused) in
        [(400, true), (413, true), (422, true), (401, false), (404, false), (429, false), (500, false)]
    {
        let verdict = verdict(StatusCode::from_u16(status).unwrap(), None, "words");
        assert_eq!(matches!(verdict, Undelivered::Refused(_)), refused, "{status}");
        assert!(verdict.to_string().contains(&status.to_string()));
    }
    let redirect = verdict(StatusCode::FOUND, None, "").to_string();
    assert!(redirect.contains("redirects are not followed"), "{redirect}");
}

#[tokio::test]
async fn a_receiver_that_is_not_there_is_told_without_its_url() {
    let Err(Undelivered::Failed { why, .. }) = webhook().notify(&notice()).await else {
        panic!("it was told")
    };
    assert!(!why.contains("hunter2"), "{why}");
    assert!(why.to_lowercase().contains("connect"), "{why}");
}
