//! Finding processes of earlier runs by what they carry in their environment (Linux: /proc).

use std::collections::BTreeMap;
use std::fs;

/// The variable with the id of the server that a process is.
pub(super) const ID: &str = "OTTER_SERVER_ID";
/// The variable with the folder of the launcher that started it.
pub(super) const FOLDER: &str = "OTTER_SERVER_FOLDER";

/// The processes that a launcher with this folder has started, by the server's id. Of several with
/// one id, as when a server forks, the oldest counts.
pub(super) fn processes(folder: &str) -> BTreeMap<String, i32> {
    let mut found: BTreeMap<String, i32> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(process) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        if let Some(id) = server_of(process, folder) {
            found.entry(id).and_modify(|first| *first = process.min(*first)).or_insert(process);
        }
    }
    found
}

/// The server that a process is, if a launcher with this folder has started it and it lives.
pub(super) fn server_of(process: i32, folder: &str) -> Option<String> {
    // A process that has just ended, or belongs to another user, tells nothing.
    let environment = fs::read(format!("/proc/{process}/environ")).ok()?;
    let value = |name: &str| {
        let mut variables = environment.split(|byte| *byte == 0);
        let found = variables.find_map(|variable| variable.strip_prefix(format!("{name}=").as_bytes()))?;
        String::from_utf8(found.to_vec()).ok()
    };
    (value(FOLDER)? == folder).then(|| value(ID)).flatten()
}
