//! Who signs in how often, and what becomes of the token.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cloud::{ApplicationCredential, Config, Credentials, Fault, Kind, Service, Session, load_balancers};

use crate::fake::{Act, Fake, Request, access, later, ok, soon, status};

const STATS: &str = r#"{"currentConn":5,"currentConnSsl":0}"#;

fn url_of(request: &Request) -> String {
    format!("http://{}/v1.0/123456", request.header("host").unwrap())
}

/// A cloud whose n-th sign-in gives token n (from 1), and which takes the tokens that `good` takes.
async fn cloud(good: impl Fn(&str) -> bool + Send + Sync + 'static) -> Fake {
    Fake::start(move |request, before| match request.token() {
        _ if request.is_sign_in() => access(&format!("token-{}", before + 1), &url_of(request)),
        Some(token) if good(token) => ok(STATS),
        _ => status(401),
    })
    .await
}

async fn connections(session: &Session) -> Result<u64, Fault> {
    load_balancers::connections(session, "71", later()).await
}

#[tokio::test]
async fn one_sign_in_serves_all_requests() {
    let fake = cloud(|_| true).await;
    let session = Session::new(fake.rackspace()).unwrap();
    for _ in 0..3 {
        assert_eq!(connections(&session).await, Ok(5));
    }
    assert_eq!(fake.sign_ins(), 1);
    let seen = fake.seen();
    assert_eq!(seen[0].path, "/v2.0/tokens");
    let body: serde_json::Value = serde_json::from_str(&seen[0].body).unwrap();
    assert_eq!(body["auth"]["RAX-KSKEY:apiKeyCredentials"]["apiKey"], "the-api-key");
    assert_eq!(seen[1].path, "/v1.0/123456/loadbalancers/71/stats");
    assert_eq!(seen[1].token(), Some("token-1"));
}

#[tokio::test]
async fn the_next_process_finds_the_token() {
    let (fake, folder) = (cloud(|_| true).await, tempfile::tempdir().unwrap());
    for _ in 0..2 {
        let config = Config { token_folder: Some(folder.path().into()), ..fake.rackspace() };
        assert_eq!(connections(&Session::new(config).unwrap()).await, Ok(5));
    }
    assert_eq!(fake.sign_ins(), 1);
}

#[tokio::test]
async fn another_key_does_not_find_it() {
    let (fake, folder) = (cloud(|_| true).await, tempfile::tempdir().unwrap());
    for key in ["one", "two"] {
        let credentials = Credentials::ApiKey { username: "ann".into(), api_key: key.into() };
        let config = Config { token_folder: Some(folder.path().into()), credentials, ..fake.rackspace() };
        assert_eq!(connections(&Session::new(config).unwrap()).await, Ok(5));
    }
    assert_eq!(fake.sign_ins(), 2);
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_for_all_who_wait() {
    let fake = cloud(|token| token != "token-1").await;
    let session = Session::new(fake.rackspace()).unwrap();
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let session = session.clone();
            tokio::spawn(async move { connections(&session).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(5));
    }
    assert_eq!(fake.sign_ins(), 2);
}

#[tokio::test]
async fn a_token_that_another_process_renewed_is_taken_over() {
    let fake = cloud(|token| token != "token-1").await;
    let folder = tempfile::tempdir().unwrap();
    let session =
        || Session::new(Config { token_folder: Some(folder.path().into()), ..fake.rackspace() }).unwrap();
    let (ours, theirs) = (session(), session());
    assert!(ours.sign_in_afresh(later()).await.is_ok());
    assert!(theirs.sign_in_afresh(later()).await.is_ok());
    assert_eq!(connections(&ours).await, Ok(5));
    assert_eq!(fake.sign_ins(), 2);
}

#[tokio::test]
async fn a_service_that_refuses_every_token_is_not_asked_for_ever() {
    let fake = cloud(|_| false).await;
    let session = Session::new(fake.rackspace()).unwrap();
    for _ in 0..3 {
        assert!(matches!(connections(&session).await, Err(Fault::Unauthorized { .. })));
    }
    assert_eq!(fake.sign_ins(), 2);
    assert_eq!(fake.count(|request| !request.is_sign_in()), 4);
}

#[tokio::test]
async fn the_same_token_again_does_not_loop() {
    let fake = Fake::start(|request, _| match request.is_sign_in() {
        true => access("always-the-same", &url_of(request)),
        false => status(401),
    })
    .await;
    let session = Session::new(fake.rackspace()).unwrap();
    assert!(matches!(connections(&session).await, Err(Fault::Unauthorized { .. })));
    assert_eq!((fake.sign_ins(), fake.count(|request| !request.is_sign_in())), (2, 2));
}

#[tokio::test]
async fn a_wrong_key_is_tried_once_however_many_need_it() {
    let fake = Fake::start(|_, _| {
        Act::Answer(401, "", r#"{"unauthorized":{"code":401,"message":"Unable to authenticate"}}"#.into())
    })
    .await;
    let session = Session::new(fake.rackspace()).unwrap();
    let all = futures::future::join_all((0..10).map(|_| connections(&session))).await;
    for outcome in all {
        let fault = outcome.unwrap_err();
        assert!(matches!(fault, Fault::SignInRefused { .. }), "{fault}");
        assert!(fault.to_string().contains("Unable to authenticate"), "{fault}");
    }
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn a_second_factor_is_told_from_a_wrong_password() {
    let challenge = "WWW-Authenticate: OS-MF sessionId='s', factor='PASSCODE'\r\n";
    let fake = Fake::start(move |_, _| Act::Answer(401, challenge, String::new())).await;
    let fault = connections(&Session::new(fake.rackspace()).unwrap()).await.unwrap_err();
    assert!(matches!(fault, Fault::SignInRefused { .. }));
    assert!(fault.to_string().contains("second factor"), "{fault}");
}

#[tokio::test]
async fn identity_that_fails_is_asked_again() {
    let fake = Fake::start(|request, before| match (request.is_sign_in(), before) {
        (true, 0) => status(503),
        (true, 1) => Act::Answer(413, "Retry-After: 0\r\n", String::new()),
        (true, _) => access("token", &url_of(request)),
        (false, _) => ok(STATS),
    })
    .await;
    assert_eq!(connections(&Session::new(fake.rackspace()).unwrap()).await, Ok(5));
    assert_eq!(fake.sign_ins(), 3);
}

#[tokio::test]
async fn signing_in_afresh_does_so_and_tells_who_one_is() {
    let fake = cloud(|_| true).await;
    let session = Session::new(fake.rackspace()).unwrap();
    assert_eq!(connections(&session).await, Ok(5));
    let account = session.sign_in_afresh(later()).await.unwrap();
    assert_eq!(account.user.as_deref(), Some("ann"));
    assert_eq!(account.project.as_deref(), Some("123456"));
    assert_eq!(account.default_region.as_deref(), Some("DFW"));
    assert_eq!(fake.sign_ins(), 2);
    assert_eq!(session.endpoint(Service::Autoscale, later()).await, Ok(format!("{}/v1.0/123456", fake.url)));
}

#[tokio::test]
async fn keystone_gives_its_token_in_a_header() {
    let fake = Fake::start(|request, _| {
        if request.path != "/identity/v3/auth/tokens" {
            return ok(r#"{"stats":{"active_connections":8}}"#);
        }
        let url = format!("http://{}/load-balancer/v2.0", request.header("host").unwrap());
        let body = format!(
            r#"{{"token":{{"expires_at":"2999-01-01T00:00:00.000000Z","catalog":[{{"type":"load-balancer",
            "name":"octavia","endpoints":[{{"interface":"public","region_id":"R","url":"{url}"}}]}}]}}}}"#
        );
        Act::Answer(201, "X-Subject-Token: keystone-token\r\n", body)
    })
    .await;
    let credential = ApplicationCredential::Id("abc".into());
    let credentials = Credentials::ApplicationCredential { credential, secret: "s3cret".into() };
    let mut config = Config { kind: Kind::OpenStack, credentials, ..fake.rackspace() };
    config.identity_url = Some(format!("{}/identity", fake.url));
    let session = Session::new(config).unwrap();
    assert_eq!(cloud::octavia::connections(&session, "lb", later()).await, Ok(8));
    let seen = fake.seen();
    assert!(!seen[0].body.contains("scope"), "{}", seen[0].body);
    assert_eq!(seen[1].path, "/load-balancer/v2/lbaas/loadbalancers/lb/stats");
    assert_eq!(seen[1].token(), Some("keystone-token"));
}

#[tokio::test]
async fn without_a_sign_in_the_token_is_the_one_given_or_none() {
    let fake = Fake::start(|_, _| ok(STATS)).await;
    assert_eq!(connections(&fake.open()).await, Ok(5));
    let config = Config { credentials: Credentials::Anonymous, ..fake.given() };
    assert_eq!(connections(&Session::new(config).unwrap()).await, Ok(5));
    let seen = fake.seen();
    assert_eq!((seen[0].token(), seen[1].token()), (Some("the-token"), None));
}

#[tokio::test]
async fn a_given_token_that_is_refused_is_not_sent_again() {
    let fake = Fake::start(|_, _| status(401)).await;
    assert!(matches!(connections(&fake.open()).await, Err(Fault::Unauthorized { .. })));
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn no_secret_crosses_a_network_in_clear_text() {
    let mut config = Fake::start(|_, _| status(500)).await.rackspace();
    config.identity_url = Some("http://identity.example.com/v2.0".into());
    let fault = connections(&Session::new(config).unwrap()).await.unwrap_err();
    assert_eq!(fault, Fault::PlainHttp { address: "http://identity.example.com".into() });
}

#[tokio::test]
async fn a_catalog_cannot_send_the_token_over_plain_http_either() {
    let fake = Fake::start(|_, _| access("token", "http://elsewhere.example.com/v1.0")).await;
    let fault = connections(&Session::new(fake.rackspace()).unwrap()).await.unwrap_err();
    assert!(matches!(fault, Fault::PlainHttp { .. }), "{fault}");
}

#[tokio::test]
async fn all_problems_of_a_config_are_told_at_once() {
    let credentials = Credentials::Token("t".into());
    let mut config = Config::new(Kind::OpenStack, credentials);
    config.endpoints.autoscale = Some("ftp://host/".into());
    config.endpoints.compute = Some("https://ann:pw@host/".into());
    let Err(Fault::Misconfigured(problems)) = Session::new(config).map(|_| ()) else {
        panic!("a bad config")
    };
    let all = problems.join("\n");
    assert_eq!(problems.len(), 3, "{all}");
    assert!(
        ["endpoints.autoscale", "endpoints.compute", "identity_url"].iter().all(|key| all.contains(key)),
        "{all}"
    );
    assert!(!all.contains("pw"), "{all}");
}

#[tokio::test]
async fn a_sign_in_that_never_ends_ends_at_the_deadline() {
    let fake = Fake::start(|_, _| Act::Silence).await;
    let session = Session::new(fake.rackspace()).unwrap();
    let calls = (0..3).map(|_| load_balancers::connections(&session, "71", soon(100)));
    for outcome in futures::future::join_all(calls).await {
        assert!(matches!(outcome, Err(Fault::Timeout { .. } | Fault::Deadline { .. })), "{outcome:?}");
    }
}

#[tokio::test]
async fn tokens_refused_again_and_again_are_renewed_as_often_as_they_were_taken() {
    let newest = Arc::new(AtomicUsize::new(0));
    let valid = newest.clone();
    let fake = Fake::start(move |request, before| match request.token() {
        _ if request.is_sign_in() => {
            newest.store(before + 1, Ordering::SeqCst);
            access(&format!("token-{}", before + 1), &url_of(request))
        }
        Some(token) if token == format!("token-{}", newest.load(Ordering::SeqCst)) => ok(STATS),
        _ => status(401),
    })
    .await;
    let session = Session::new(fake.rackspace()).unwrap();
    for _ in 0..4 {
        assert_eq!(connections(&session).await, Ok(5));
        valid.store(usize::MAX, Ordering::SeqCst);
    }
    assert_eq!(fake.sign_ins(), 4);
}
