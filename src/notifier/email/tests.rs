//! The mail itself; how it is sent is tested against a real server by the integration tests.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::notifier::tests::notice;

fn email(to: &[&str]) -> Email {
    let server = Server {
        host: "localhost".to_owned(),
        port: 25,
        security: Security::None,
        login: None,
        ca_file: None,
    };
    let to = to.iter().map(|to| to.parse().unwrap()).collect();
    Email::new(server, "loadscale <scale@example.com>".parse().unwrap(), to)
}

fn mail(notice: &Notice) -> String {
    let mail = email(&["ops@example.com", "Ünder <boss@example.com>"]).message(notice).unwrap();
    String::from_utf8(mail.formatted()).unwrap()
}

#[test]
fn a_mail_says_all_to_all() {
    let mail = mail(&notice());
    for expected in [
        "From: loadscale <scale@example.com>\r\n",
        "To: ops@example.com, ",
        "<boss@example.com>",
        "Subject: [loadscale] warning: web: needs 9 servers",
        "Date: Thu, 01 Jan 1970 01:00:00 +0000\r\n",
        "Why: That is why.",
        "Next step: find out what makes the load",
    ] {
        assert!(mail.contains(expected), "{expected}: {mail}");
    }
}

#[test]
fn a_mail_sent_again_has_the_same_id_and_an_end_the_same_thread() {
    let line =
        |mail: &str, name: &str| mail.lines().find(|line| line.starts_with(name)).map(str::to_owned).unwrap();
    let begun = mail(&notice());
    assert_eq!(line(&begun, "Message-ID"), line(&mail(&notice()), "Message-ID"));
    let ended = mail(&Notice { id: "other".to_owned(), ..notice() });
    assert_ne!(line(&begun, "Message-ID"), line(&ended, "Message-ID"));
    assert_eq!(line(&begun, "References"), line(&ended, "References"));
}

#[test]
fn a_title_cannot_add_a_header() {
    let mail = mail(&Notice { title: "so\r\nBcc: all@example.com".to_owned(), ..notice() });
    let headers = mail.split("\r\n\r\n").next().unwrap();
    assert!(!headers.lines().any(|line| line.starts_with("Bcc")), "{mail}");
}

#[tokio::test]
async fn a_ca_file_that_cannot_be_used_is_named() {
    let mut email = email(&["ops@example.com"]);
    email.server.security = Security::Tls;
    email.server.ca_file = Some("/nowhere/ca.pem".into());
    let Err(Undelivered::Failed { why, .. }) = email.notify(&notice()).await else { panic!("it was sent") };
    assert!(why.contains("/nowhere/ca.pem"), "{why}");
}
