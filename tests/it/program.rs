//! The program as a user starts it, and what it answered.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

/// No run of these tests takes so long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// The program in an empty home, so that nothing of the machine's user reaches in.
pub(crate) fn loadscale(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadscale"));
    command.env_clear().current_dir(home).env("HOME", home);
    command
}

/// What a finished run said and how it ended.
#[derive(Debug)]
pub(crate) struct Answer {
    /// -1 for a run that a signal ended.
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs to the end.
pub(crate) fn answer(command: &mut Command) -> Answer {
    Answer::from(command.output().expect("the program starts"))
}

/// Runs to the end while the cloud, which lives in this process, goes on.
pub(crate) async fn answer_of(command: Command) -> Answer {
    let mut command = tokio::process::Command::from(command);
    let run = command.kill_on_drop(true).output();
    let output = timeout(PATIENCE, run).await.expect("the program ends").expect("the program starts");
    Answer::from(output)
}

impl From<Output> for Answer {
    fn from(output: Output) -> Answer {
        Answer {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Answer {
    /// The lines of JSON on stdout.
    #[track_caller]
    pub(crate) fn records(&self) -> Vec<Value> {
        let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        self.stdout.lines().map(read).collect()
    }

    /// The only record.
    #[track_caller]
    pub(crate) fn record(&self) -> Value {
        let mut records = self.records();
        assert_eq!(records.len(), 1, "{self:?}");
        records.remove(0)
    }

    /// Asserts the only record's outcome (`null` for a hold) and reason, and the exit status.
    #[track_caller]
    pub(crate) fn told(&self, outcome: &str, reason: &str, status: i32) -> Value {
        let record = self.record();
        let word = |key: &str| record[key].as_str().unwrap_or("null").to_owned();
        let told = (word("outcome"), word("reason"), self.status);
        assert_eq!(told, (outcome.to_owned(), reason.to_owned(), status), "{self:?}");
        record
    }
}
