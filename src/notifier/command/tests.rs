//! Real programs that are told.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use super::*;
use crate::notifier::tests::notice;

/// A shell script as the program; `$1` is a file of its own.
fn script(text: &str, file: &Path) -> Command {
    let arguments = ["-c", text, "sh", file.to_str().unwrap()].map(str::to_owned).to_vec();
    Command { program: "sh".to_owned(), arguments, timeout: Duration::from_secs(60) }
}

fn why(undelivered: Result<(), Undelivered>) -> String {
    match undelivered {
        Err(Undelivered::Failed { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn it_reads_the_notice_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("told");
    script("cat > \"$1\"", &file).notify(&notice()).await.unwrap();
    let told: Notice = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(told, notice());
}

#[tokio::test]
async fn one_that_does_not_read_or_says_much_is_taken_as_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    script("exit 0", folder.path()).notify(&notice()).await.unwrap();
    let chatty = script("head -c 1000000 /dev/zero >&2; head -c 1000000 /dev/zero", folder.path());
    chatty.notify(&notice()).await.unwrap();
}

#[tokio::test]
async fn one_that_fails_is_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let failing = script("echo no modem >&2; exit 3", folder.path());
    let why = why(failing.notify(&notice()).await);
    assert!(why.contains("exit status: 3") && why.contains("no modem"), "{why}");
}

#[tokio::test]
async fn what_it_leaves_running_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let failing = script("sleep 90 & echo no modem >&2; exit 3", folder.path());
    let why = why(failing.notify(&notice()).await);
    assert!(why.contains("exit status: 3") && why.contains("no modem"), "{why}");
}

#[tokio::test]
async fn one_that_is_not_there_is_named() {
    let missing = Command { program: "/nowhere/pager".to_owned(), ..script("", Path::new("/")) };
    let why = why(missing.notify(&notice()).await);
    assert!(why.contains("/nowhere/pager"), "{why}");
}

#[tokio::test]
async fn one_that_takes_too_long_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let slow = Command { timeout: Duration::from_millis(50), ..script("exec sleep 1000", folder.path()) };
    let why = why(slow.notify(&notice()).await);
    assert!(why.contains("not done after 0.05 s"), "{why}");
}

#[test]
fn it_is_told_none_of_our_secrets() {
    let variables = ["LOADSCALE_API_KEY", "OS_PASSWORD", "HEROKU_API_KEY", "PATH"];
    let all = variables.into_iter().map(|name| (name.into(), "hunter2".into()));
    let names: Vec<_> = not_ours(all).map(|(name, _)| name).collect();
    assert_eq!(names, ["PATH"]);
}
