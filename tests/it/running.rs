//! The program while it runs: its lines as they come, signals to it, its end.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout};
use tokio::time::timeout;

/// No event of these tests is so long in coming unless it never comes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A run that has not ended. Dropped, it is killed.
pub(crate) struct Running {
    child: Child,
    out: Option<Lines<BufReader<ChildStdout>>>,
    err: Lines<BufReader<ChildStderr>>,
}

impl Running {
    pub(crate) fn start(command: std::process::Command) -> Running {
        let mut command = tokio::process::Command::from(command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the program starts");
        let out = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let err = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        Running { child, out: Some(out), err }
    }

    /// The next record.
    pub(crate) async fn record(&mut self) -> Value {
        let out = self.out.as_mut().expect("stdout is still open");
        let line = timeout(PATIENCE, out.next_line()).await.expect("a line comes").expect("a readable line");
        serde_json::from_str(&line.expect("not the end")).expect("JSON")
    }

    /// Reads records until one is as wanted.
    pub(crate) async fn record_that(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let record = self.record().await;
            if wanted(&record) {
                return record;
            }
        }
    }

    /// Reads stderr up to a line with these words.
    pub(crate) async fn says(&mut self, words: &str) {
        loop {
            let line = timeout(PATIENCE, self.err.next_line()).await.expect("a line comes");
            let line = line.expect("a readable line");
            if line.unwrap_or_else(|| panic!("it ended without saying {words:?}")).contains(words) {
                return;
            }
        }
    }

    /// Closes the reader's end of stdout.
    pub(crate) fn stop_reading(&mut self) {
        self.out = None;
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        kill_process(pid.expect("it runs"), signal).expect("it can be signalled");
    }

    /// Kills it as `kill -9` does, and returns when it is gone.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// Its end. What it still says is read, so that no full pipe holds it up.
    pub(crate) async fn end(mut self) -> ExitStatus {
        let drain = async { while let Ok(Some(_)) = self.err.next_line().await {} };
        let both = async { tokio::join!(self.child.wait(), drain) };
        timeout(PATIENCE, both).await.expect("it ends").0.expect("a status")
    }
}
