//! Starting the processes of servers and ending them.

use std::io;
use std::process::Stdio;
use std::sync::Arc;

use futures::future::join_all;
use tokio::process::{Child, Command};

use super::process_group::ProcessGroup;
use super::records::Record;
use super::{ServerStatus, Shared, found, lives};

/// A server and how it is.
pub(super) struct Running {
    pub(super) record: Record,
    pub(super) status: ServerStatus,
    /// Why it is in ERROR.
    pub(super) fault: Option<String>,
}

impl Running {
    pub(super) fn new(record: Record) -> Self {
        Self { record, status: ServerStatus::Build, fault: None }
    }

    /// One of an earlier run. One that was well then counts as well until looks at it fail: it may have been
    /// ordered long ago, and serves.
    pub(super) fn adopted(record: Record) -> Self {
        let alive = record.processes.as_ref().is_some_and(ProcessGroup::leader_lives);
        let status = match (alive, record.booted) {
            (true, true) => ServerStatus::Active,
            (true, false) => ServerStatus::Build,
            (false, _) => ServerStatus::Error,
        };
        let fault = (!alive).then(|| "the process ended while the service was away".to_owned());
        Self { record, status, fault }
    }
}

/// Starts the process of a server.
pub(super) fn start(shared: &Shared, record: &Record) -> io::Result<Child> {
    let name = plain(&record.name);
    let fill = |word: &String| {
        let word = word.replace("{port}", &record.port.to_string());
        word.replace("{id}", &record.id).replace("{name}", &name)
    };
    let mut words = shared.settings.command.iter().map(fill);
    let output = shared.records.output(&record.id).open()?;
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
    command.spawn()
}

/// A name as it can stand in any command: it is the tenant's text, and could be an option or, in a command for
/// a shell, a command of its own.
fn plain(name: &str) -> String {
    let harmless = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let name: String = name.chars().map(harmless).collect();
    name.trim_start_matches(['-', '.']).to_owned()
}

/// Waits for the end of a process that was started.
pub(super) async fn reap(shared: Arc<Shared>, id: String, mut child: Child) {
    let how = match child.wait().await {
        Ok(status) => format!("the process ended with {status}"),
        Err(error) => format!("the process cannot be waited for: {error}"),
    };
    tracing::info!(server = id, how, "a process has ended");
    ended(&shared, &id, how);
}

/// Waits for the end of a process that an earlier run has started, of which the system does not tell us.
pub(super) async fn look_out(shared: Arc<Shared>, id: String, processes: ProcessGroup) {
    while processes.leader_lives() {
        tokio::time::sleep(shared.settings.health_interval).await;
    }
    ended(&shared, &id, "the process ended".to_owned());
}

/// Notes that the process of a server has ended, with the last that it said.
pub(super) fn ended(shared: &Shared, id: &str, how: String) {
    // There may be no output to read, which is no reason to tell less.
    let said = shared.records.output(id).last_line().ok().flatten();
    let fault = said.map_or(how.clone(), |said| format!("{how}: {said}"));
    if let Some(running) = shared.servers().get_mut(id).filter(|running| lives(running.status)) {
        running.status = ServerStatus::Error;
        running.fault = Some(fault);
    }
    shared.tell();
}

/// Ends a server's processes and forgets the server after that.
pub(super) fn end(shared: &Arc<Shared>, id: &str) {
    let (shared, id) = (Arc::clone(shared), id.to_owned());
    tokio::spawn(async move {
        let server = id.clone();
        let groups = match shared.on_disk(move |shared| Ok(groups(shared, &server))).await {
            Ok(groups) => groups,
            Err(fault) => {
                // Its record stays, and the next start ends it.
                tracing::error!(server = id, %fault, "the processes of a server are not found");
                return;
            }
        };
        join_all(groups.iter().map(|group| group.end(shared.settings.stop_after))).await;
        let server = id.clone();
        if let Err(fault) = shared.on_disk(move |shared| shared.forget(&server)).await {
            tracing::error!(server = id, %fault, "the record of a server is not removed");
        }
        shared.tell();
    });
}

/// The groups of a server's processes: the one that was started, and those that processes of it have made.
fn groups(shared: &Shared, id: &str) -> Vec<ProcessGroup> {
    let started = shared.servers().get(id).and_then(|running| running.record.processes.clone());
    let mut groups = found::groups(&shared.records.mark()).remove(id).unwrap_or_default();
    groups.extend(started.filter(|started| !groups.contains(started)));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_neither_an_option_nor_a_command() {
        assert_eq!(plain("web-1.a_b-as01234567"), "web-1.a_b-as01234567");
        assert_eq!(plain("--exec=/bin/sh; rm -as01234567"), "exec--bin-sh--rm--as01234567");
        assert_eq!(plain("$(reboot)`\n\0-as01234567"), "reboot-----as01234567");
        assert_eq!(plain("../../é-as01234567"), "-..---as01234567".trim_start_matches(['-', '.']));
    }
}
