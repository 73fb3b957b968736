//! Notices by mail, over a real mail server with TLS and logins.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::cloud::{BALANCER, GROUP, HIGH, Stage, group_table};
use crate::program::Answer;

const PATIENCE: Duration = Duration::from_secs(60);
/// Debian's own, which has Debian's python3-aiosmtpd.
const PYTHON: &str = "/usr/bin/python3";
const PASSWORD: &str = "hunter2";

/// A mail server, until it is dropped.
struct MailServer {
    port: u64,
    out: Lines<BufReader<ChildStdout>>,
    folder: TempDir,
    _process: Child,
}

impl MailServer {
    /// One with a certificate for `localhost`; `given` goes before the usual.
    async fn start(security: &str, given: &[(&str, Value)]) -> MailServer {
        let folder = tempfile::tempdir().expect("a folder");
        certificates(folder.path());
        let mut all = json!({
            "security": security,
            "certificate": folder.path().join("server.pem"),
            "key": folder.path().join("server.key"),
            "user": "scale",
            "password": PASSWORD,
            "refused": [],
            "put_off": [],
            "broken": false,
        });
        for (name, value) in given {
            all[*name] = value.clone();
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mail_server.py");
        let mut command = Command::new(PYTHON);
        command.arg(script).arg(all.to_string()).stdin(Stdio::null()).stdout(Stdio::piped());
        // Of refused handshakes it says more than anybody wants to read.
        command.stderr(Stdio::null());
        let mut process =
            command.kill_on_drop(true).spawn().expect("python3 with aiosmtpd, which .ci/test installs");
        let out = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let mut server = MailServer { port: 0, out, folder, _process: process };
        server.port = server.line().await["port"].as_u64().expect("a port");
        server
    }

    async fn line(&mut self) -> Value {
        let line = timeout(PATIENCE, self.out.next_line()).await.expect("it says something");
        let line = line.expect("readable").expect("it runs; .ci/test installs python3-aiosmtpd");
        serde_json::from_str(&line).expect("JSON")
    }

    fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// A cloud that is about to scale, and who is told of it by mail; `more` are further settings.
    async fn stage(&self, security: &str, to: &[&str], more: &str) -> Stage {
        let mut stage = Stage::start().await;
        let notifier = format!(
            "[[notifier]]\nkind = \"email\"\nname = \"ops-mail\"\nwhen = [\"every-scale\"]\nhost = \"localhost\"\n\
             port = {}\nsecurity = {security:?}\nfrom = \"loadscale <scale@example.com>\"\nto = {to:?}\n{more}\n",
            self.port
        );
        stage.settings(&format!("{}{notifier}", group_table(GROUP, BALANCER, "")));
        stage.variables(vec![("LOADSCALE_NOTIFIER_OPS_MAIL_PASSWORD", PASSWORD.to_owned())]);
        stage.load(HIGH);
        stage
    }

    /// The settings of a user who trusts this server and logs in.
    fn known(&self) -> String {
        format!("user = \"scale\"\nca_file = {:?}", self.authority())
    }
}

/// An authority of our own, and a server's certificate by it.
fn certificates(folder: &Path) {
    let authority_key = KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::new(Vec::new()).expect("parameters");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = authority.self_signed(&authority_key).expect("a certificate");
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().expect("a key");
    let server = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
    let server = server.signed_by(&key, &issuer).expect("a certificate");
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text).expect("written");
    write("authority.pem", certificate.pem());
    write("server.pem", server.pem());
    write("server.key", key.serialize_pem());
}

fn waits(stage: &Stage) -> usize {
    let letter = |path: &Path| {
        path.parent().is_some_and(|dir| dir.ends_with("outbox"))
            && path.extension().is_some_and(|e| e == "json")
    };
    stage.state_files().iter().filter(|(path, _)| letter(path)).count()
}

/// One pass that scales, whatever becomes of its mail; and nothing that says the password.
async fn scaled(stage: &Stage) -> Answer {
    let run = stage.run(&["-vvv"]).await;
    run.told("executed", "above_band", 0);
    let files = stage.state_files().into_iter().map(|(_, text)| text);
    for text in files.chain([run.stdout.clone(), run.stderr.clone()]) {
        assert!(!text.contains(PASSWORD) && !text.contains("AHNjYWxlAGh1bnRlcjI"), "{text}");
    }
    run
}

#[tokio::test]
async fn a_mail_goes_out_encrypted_with_a_login_to_everyone() {
    for security in ["starttls", "tls"] {
        let mut server = MailServer::start(security, &[]).await;
        let to = ["ops@example.com", "Night shift <night@example.com>"];
        let stage = server.stage(security, &to, &server.known()).await;
        scaled(&stage).await;
        let mail = server.line().await;
        assert_eq!(mail["from"], "scale@example.com", "{security}");
        assert_eq!(mail["to"], json!(["ops@example.com", "night@example.com"]));
        assert_eq!((&mail["user"], &mail["encrypted"]), (&json!("scale"), &json!(true)));
        let text = mail["text"].as_str().expect("a text");
        assert!(text.contains("Subject: [loadscale] info: Group01: scaled up from 2 to 3 servers"), "{text}");
        assert_eq!(waits(&stage), 0);
    }
}

#[tokio::test]
async fn a_server_on_this_machine_needs_neither_tls_nor_login() {
    let mut server = MailServer::start("none", &[("user", Value::Null)]).await;
    let stage = server.stage("none", &["ops@example.com"], "").await;
    scaled(&stage).await;
    assert_eq!(server.line().await["encrypted"], false);
}

#[tokio::test]
async fn a_refused_password_is_told_and_the_mail_waits_for_the_right_one() {
    let server = MailServer::start("starttls", &[("password", json!("another"))]).await;
    let stage = server.stage("starttls", &["ops@example.com", "night@example.com"], &server.known()).await;
    let run = scaled(&stage).await;
    assert!(run.stderr.contains("535") && run.stderr.contains("see to its user and password"), "{run:?}");
    assert_eq!(waits(&stage), 1);
}

#[tokio::test]
async fn an_authority_that_is_not_trusted_gets_neither_password_nor_mail() {
    for security in ["starttls", "tls"] {
        let server = MailServer::start(security, &[]).await;
        let other = MailServer::start(security, &[]).await;
        let stage = server.stage(security, &["ops@example.com"], &other.known()).await;
        let run = scaled(&stage).await;
        assert!(run.stderr.contains("could not be told") && run.stderr.contains("ertificate"), "{run:?}");
        assert_eq!(waits(&stage), 1);
    }
}

#[tokio::test]
async fn a_server_without_starttls_is_not_told_in_clear() {
    let server = MailServer::start("none", &[]).await;
    let stage = server.stage("starttls", &["ops@example.com"], &server.known()).await;
    let run = scaled(&stage).await;
    assert!(run.stderr.contains("could not be told"), "{run:?}");
    assert_eq!(waits(&stage), 1);
}

#[tokio::test]
async fn one_address_that_is_refused_does_not_keep_the_mail_from_the_others() {
    let mut server = MailServer::start("starttls", &[("refused", json!(["gone@example.com"]))]).await;
    let to = ["gone@example.com", "ops@example.com"];
    let stage = server.stage("starttls", &to, &server.known()).await;
    let run = scaled(&stage).await;
    assert_eq!(server.line().await["to"], json!(["ops@example.com"]));
    assert!(run.stderr.contains("gone@example.com") && run.stderr.contains("550"), "{run:?}");
    assert_eq!(waits(&stage), 0);
}

#[tokio::test]
async fn one_address_that_is_put_off_neither_keeps_the_mail_from_the_others_nor_brings_it_twice() {
    let mut server = MailServer::start("starttls", &[("put_off", json!(["later@example.com"]))]).await;
    let to = ["ops@example.com", "later@example.com", "night@example.com"];
    let stage = server.stage("starttls", &to, &server.known()).await;
    let run = scaled(&stage).await;
    assert_eq!(server.line().await["to"], json!(["ops@example.com"]));
    assert_eq!(server.line().await["to"], json!(["night@example.com"]));
    assert!(run.stderr.contains("later@example.com") && run.stderr.contains("451"), "{run:?}");
    assert_eq!(waits(&stage), 0);
}

#[tokio::test]
async fn a_server_with_a_passing_trouble_is_tried_again_later() {
    let server = MailServer::start("starttls", &[("broken", json!(true))]).await;
    let stage = server.stage("starttls", &["ops@example.com"], &server.known()).await;
    let run = scaled(&stage).await;
    assert!(run.stderr.contains("could not be told") && run.stderr.contains("451"), "{run:?}");
    assert_eq!(waits(&stage), 1);
}
