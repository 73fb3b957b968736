//! Finding processes of earlier runs by what they carry in their environment (Linux: /proc).
//!
//! It tells of starts that were not written down and of processes that left their server's group. It
//! tells nothing of programs that write over their environment: the record has the group of a server.

use std::collections::BTreeMap;
use std::fs;

use super::process_group::{self, ProcessGroup};

/// The variable with the id of the server that a process is.
pub(super) const ID: &str = "OTTER_SERVER_ID";
/// The variable with the folder of the launcher that started it.
pub(super) const FOLDER: &str = "OTTER_SERVER_FOLDER";

/// The groups of the processes that a launcher with this folder has started, by the server's id.
pub(super) fn groups(folder: &str) -> BTreeMap<String, Vec<ProcessGroup>> {
    let mut found: BTreeMap<String, Vec<ProcessGroup>> = BTreeMap::new();
    for process in process_group::processes() {
        let Some(id) = server_of(process, folder) else { continue };
        let Some(group) = ProcessGroup::of(process) else { continue };
        let groups = found.entry(id).or_default();
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    found
}

/// The server that a process is, if a launcher with this folder has started it and it lives.
fn server_of(process: i32, folder: &str) -> Option<String> {
    // A process that has just ended, or belongs to another user, tells nothing.
    let environment = fs::read(format!("/proc/{process}/environ")).ok()?;
    let value = |name: &str| {
        let mut variables = environment.split(|byte| *byte == 0);
        let found = variables.find_map(|variable| variable.strip_prefix(format!("{name}=").as_bytes()))?;
        String::from_utf8(found.to_vec()).ok()
    };
    (value(FOLDER)? == folder).then(|| value(ID)).flatten()
}
