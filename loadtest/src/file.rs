//! The file: the same as the command line, for keeping.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize;

/// What a file may say; what it does not say is typed or has its default.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// The URL that users visit.
    pub(crate) host: Option<String>,
    /// How many users there are in the end.
    pub(crate) users: Option<usize>,
    /// In which time they come.
    pub(crate) ramp: Option<String>,
    /// How long all of them stay.
    pub(crate) run_time: Option<String>,
    /// Users in steps instead, as for `--staircase`.
    pub(crate) staircase: Option<String>,
    /// How long each step is, as for `--step-time`.
    pub(crate) step_time: Option<String>,
    /// Where samples are written, as for `--samples`.
    pub(crate) samples: Option<PathBuf>,
    /// How long a sample's interval is, as for `--sample-interval`.
    pub(crate) sample_interval: Option<String>,
    /// How long a user thinks between requests, as for `--think-time`.
    pub(crate) think_time: Option<String>,
    /// What users ask for.
    #[serde(default)]
    pub(crate) paths: Vec<String>,
    /// Rules that the run has to keep, as for `--threshold`.
    #[serde(default)]
    pub(crate) thresholds: Vec<String>,
}

/// Reads a file.
///
/// # Errors
/// When it cannot be read, or says something else; with its name, line and key.
pub(crate) fn read(path: &Path) -> anyhow::Result<File> {
    let named = || format!("{}", path.display());
    let text = std::fs::read_to_string(path).with_context(named)?;
    toml::from_str(&text).with_context(named)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_example_file_says_all_that_can_be_said() {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/loadtest.example.toml"));
        let file = read(path).unwrap();
        assert!(file.host.is_some() && file.users.is_some() && file.ramp.is_some());
        assert!(file.run_time.is_some() && file.think_time.is_some());
        assert!(!file.paths.is_empty() && !file.thresholds.is_empty());

        let setting =
            |line: &str| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).map(str::to_owned);
        let offered: Vec<String> =
            std::fs::read_to_string(path).unwrap().lines().filter_map(setting).collect();
        let steps: File = toml::from_str(&offered.join("\n")).unwrap();
        assert!(steps.staircase.is_some() && steps.step_time.is_some());
        assert!(steps.samples.is_some() && steps.sample_interval.is_some());
    }

    #[test]
    fn a_slip_is_told_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("load.toml");
        std::fs::write(&path, "users = 3\nrunt_time = \"1m\"\n").unwrap();
        let told = format!("{:#}", read(&path).unwrap_err());
        assert!(
            told.contains("load.toml") && told.contains("line 2") && told.contains("runt_time"),
            "{told}"
        );
    }
}
