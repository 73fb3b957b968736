//! What no output and no file but the token's own may hold.

use std::fs;

use sandbox::{Ask, Fault, Planned, Times, When};
use serde_json::Value;

use crate::cloud::{HIGH, LONG_COOLDOWN, Stage, is_token};
use crate::program::Answer;

/// Every way in which logs can be had.
pub(crate) const LOGS: [&[&str]; 10] = [
    &["-q"],
    &[],
    &["-v"],
    &["-vv"],
    &["-vvv"],
    &["-q", "--log-format", "json"],
    &["--log-format", "json"],
    &["-v", "--log-format", "json"],
    &["-vv", "--log-format", "json"],
    &["-vvv", "--log-format", "json"],
];

/// Asserts that neither what a run said nor what it left behind holds a secret.
#[track_caller]
pub(crate) fn are_kept(stage: &Stage, answer: &Answer) {
    let files = stage.state_files();
    let account = &stage.cloud.plan().account;
    let mut secrets: Vec<String> = vec![
        account.api_key.clone(),
        account.password.clone(),
        account.application_credential_secret.clone(),
        stage.cloud.plan().heroku.key.clone(),
    ];
    secrets.extend(files.iter().filter(|(path, _)| is_token(path)).filter_map(|(_, text)| token(text)));
    for secret in secrets {
        assert!(!answer.stdout.contains(&secret), "{answer:?}");
        assert!(!answer.stderr.contains(&secret), "{answer:?}");
        for (path, text) in files.iter().filter(|(path, _)| !is_token(path)) {
            assert!(!text.contains(&secret), "{}", path.display());
        }
    }
}

fn token(file: &str) -> Option<String> {
    serde_json::from_str::<Value>(file).ok()?["token"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn every_log_of_every_command_keeps_them() {
    let stage = Stage::start().await;
    stage.rules(LONG_COOLDOWN);
    for logs in LOGS {
        for command in [&[][..], &["--dry-run"], &["check"], &["status"]] {
            stage.load(HIGH);
            let answer = stage.run(&[command, logs].concat()).await;
            assert_eq!(answer.status, 0, "{answer:?}");
            are_kept(&stage, &answer);
        }
    }
    assert!(fs::metadata(stage.token_file()).is_ok(), "there was a token to keep");
}

#[tokio::test]
async fn the_most_talkative_logs_of_a_failing_sign_in_keep_them() {
    let faults = [Fault::status(401), Fault::status(500), Fault::Html, Fault::WrongType { pointer: None }];
    for fault in faults {
        let stage = Stage::start().await;
        let planned = Planned { ask: Ask::SignIn, fault, when: When::Before, times: Times::Always };
        stage.cloud.faults().plan(planned);
        for secret in ["api_key", "password"] {
            let account = &stage.cloud.plan().account;
            let value = if secret == "api_key" { &account.api_key } else { &account.password };
            stage.credentials(&format!("{secret} = {value}"));
            let answer = stage.run(&["-vvv", "--deadline", "500ms"]).await;
            assert!([1, 3].contains(&answer.status), "{answer:?}");
            are_kept(&stage, &answer);
        }
    }
}

#[tokio::test]
async fn logs_at_their_most_talkative_tell_of_the_requests() {
    let stage = Stage::start().await;
    let answer = stage.run(&["-vvv"]).await;
    assert!(answer.stderr.contains("/stats"), "the tests above look at logs that say something: {answer:?}");
}

#[tokio::test]
async fn state_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let stage = Stage::start().await;
    stage.warm().await;
    for (path, _) in stage.state_files() {
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
    }
}
