//! Starting processes and ending them.

use std::fs::File;
use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process};
use tokio::process::{Child, Command};

use super::records::Record;
use super::{ServerStatus, Shared, found, lives};

/// How often a process that is not our child is looked at while it ends.
const LOOK: Duration = Duration::from_millis(50);

/// A server and its process.
pub(super) struct Running {
    pub(super) record: Record,
    pub(super) status: ServerStatus,
    /// The process, which leads a group of its own.
    process: Option<i32>,
}

impl Running {
    pub(super) fn new(record: Record) -> Self {
        Self { record, status: ServerStatus::Build, process: None }
    }

    /// One of an earlier run.
    pub(super) fn adopted(record: Record, process: Option<i32>) -> Self {
        let status = if process.is_some() { ServerStatus::Build } else { ServerStatus::Error };
        Self { record, status, process }
    }
}

/// Starts the process of a server, and sees to it that its end is noticed.
pub(super) fn start(shared: &Arc<Shared>, id: &str) -> io::Result<()> {
    let child = {
        let mut servers = shared.servers();
        let running = servers.get_mut(id).ok_or(io::ErrorKind::NotFound)?;
        let child = command(shared, &running.record)?.spawn()?;
        running.process = child.id().and_then(|process| i32::try_from(process).ok());
        child
    };
    tokio::spawn(reap(Arc::clone(shared), id.to_owned(), child));
    Ok(())
}

fn command(shared: &Shared, record: &Record) -> io::Result<Command> {
    let fill = |word: &String| {
        let word = word.replace("{port}", &record.port.to_string());
        word.replace("{id}", &record.id).replace("{name}", &record.name)
    };
    let mut words = shared.settings.command.iter().map(fill);
    let output = File::create(shared.records.output(&record.id))?;
    let mut command = Command::new(words.next().unwrap_or_default());
    command
        .args(words)
        .env(found::ID, &record.id)
        .env(found::FOLDER, shared.records.mark())
        .env("PORT", record.port.to_string())
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        // Its own group: a Ctrl-C that ends the service does not reach it, and its children go with it.
        .process_group(0);
    Ok(command)
}

async fn reap(shared: Arc<Shared>, id: String, mut child: Child) {
    let how = child.wait().await;
    tracing::info!(server = id, how = ?how.ok(), "a process has ended");
    ended(&shared, &id);
}

/// Notes that a server's process is no more.
pub(super) fn ended(shared: &Shared, id: &str) {
    if let Some(running) = shared.servers().get_mut(id) {
        running.process = None;
        if lives(running.status) {
            running.status = ServerStatus::Error;
        }
    }
    shared.tell();
}

/// Whether a server's process lives.
pub(super) fn is_alive(shared: &Shared, id: &str) -> bool {
    let process = shared.servers().get(id).and_then(|running| running.process);
    process.and_then(Pid::from_raw).is_some_and(|process| test_kill_process(process).is_ok())
}

/// Ends a server's process and forgets the server after that.
pub(super) fn end(shared: &Arc<Shared>, id: &str) {
    let (shared, id) = (Arc::clone(shared), id.to_owned());
    tokio::spawn(async move {
        let process = shared.servers().get(&id).and_then(|running| running.process);
        // A number that was given to another process meanwhile carries another mark.
        let process = process
            .filter(|process| found::server_of(*process, &shared.records.mark()).as_ref() == Some(&id));
        if let Some(process) = process {
            end_process(process, shared.settings.stop_after).await;
        }
        if let Err(error) = shared.records.remove(&id) {
            tracing::error!(server = id, %error, "the record of a server cannot be removed");
        }
        shared.servers().remove(&id);
        shared.tell();
    });
}

/// SIGTERM to the group of a process, and SIGKILL if it has not ended after a while.
pub(super) async fn end_process(process: i32, patience: Duration) {
    let Some(process) = Pid::from_raw(process) else { return };
    // An error means that it has ended already.
    let _ = kill_process_group(process, Signal::TERM);
    let ended = async {
        while test_kill_process(process).is_ok() {
            tokio::time::sleep(LOOK).await;
        }
    };
    if tokio::time::timeout(patience, ended).await.is_err() {
        tracing::warn!(process = process.as_raw_nonzero().get(), "a process does not end by itself");
        let _ = kill_process_group(process, Signal::KILL);
        while test_kill_process(process).is_ok() {
            tokio::time::sleep(LOOK).await;
        }
    }
}
