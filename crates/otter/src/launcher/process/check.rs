//! What can be said of the settings before a server is started. Nothing is: a running service may be using
//! the same folder.

use std::path::Path;

use anyhow::ensure;

use super::process_group::ProcessGroup;
use super::{ProcessSettings, records};
use crate::folder;

impl ProcessSettings {
    /// Whether servers could be started with these settings. Returns what was found, in a few words.
    ///
    /// # Errors
    /// All that is in the way.
    pub fn check(&self) -> anyhow::Result<String> {
        let mut problems = self.told();
        let program = self.command.first().map_or("", String::as_str);
        if !program.is_empty() && !is_found(program) {
            problems.push(format!("launcher.command: {program} is not to be found, or cannot be executed"));
        }
        if let Err(error) = check_folder(&self.folder) {
            problems.push(format!("launcher.folder: {error:#}"));
        }
        ensure!(problems.is_empty(), "{}", problems.join("; "));
        Ok(format!("process: {program}"))
    }

    /// What is wrong with the settings themselves, key by key.
    pub(super) fn told(&self) -> Vec<String> {
        let mut told: Vec<String> =
            self.problems().iter().map(|(keys, what)| format!("{}: {what}", keys[0])).collect();
        if i32::try_from(std::process::id()).ok().and_then(ProcessGroup::of).is_none() {
            told.push("launcher.kind = \"process\" needs Linux and its /proc".to_owned());
        }
        told
    }
}

fn check_folder(path: &Path) -> anyhow::Result<()> {
    folder::check_usable(path)?;
    if path.exists() { records::all(path).map(|_| ()) } else { Ok(()) }
}

/// Whether the system would find the program: a name without a slash is looked for in PATH alone.
fn is_found(program: &str) -> bool {
    if program.contains('/') {
        return is_executable(Path::new(program));
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| is_executable(&folder.join(program)))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Elsewhere permissions are not looked at.
#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn settings(command: &str, folder: &Path) -> ProcessSettings {
        let command = vec![command.to_owned()];
        ProcessSettings { command, folder: folder.to_owned(), ..ProcessSettings::default() }
    }

    #[test]
    fn all_that_is_in_the_way_is_told_and_nothing_is_made() {
        let place = tempfile::tempdir().unwrap();
        let later = place.path().join("servers/of/later");
        assert_eq!(settings("sh", &later).check().unwrap(), "process: sh");
        assert!(!place.path().join("servers").exists());

        let file = place.path().join("a-file");
        std::fs::write(&file, "").unwrap();
        let wrong = ProcessSettings { first_port: 2, last_port: 1, ..settings("no-such-program", &file) };
        let told = wrong.check().unwrap_err().to_string();
        for key in ["launcher.last_port", "launcher.command: no-such-program", "launcher.folder: "] {
            assert!(told.contains(key), "{key} is missing in: {told}");
        }
        let not_executable = settings(&file.display().to_string(), &later).check().unwrap_err().to_string();
        assert!(not_executable.contains("cannot be executed"), "{not_executable}");
    }

    #[test]
    fn a_record_that_cannot_be_read_is_told() {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("x.json"), "{").unwrap();
        let told = settings("sh", place.path()).check().unwrap_err().to_string();
        assert!(told.contains("x.json is no record of a server"), "{told}");
    }
}
