//! loadscale as a user starts it: one settings file, one group or all, one state folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::cloud::Cloud;
use crate::measure::{self, Cost};

/// Connections that call for a second server, and those that one carries, by turns.
const LOADS: [u64; 2] = [60, 20];

/// One group of a cloud, worked from a state folder of its own.
pub(crate) struct Station<'a> {
    cloud: &'a Cloud,
    number: usize,
    passes: usize,
}

impl<'a> Station<'a> {
    /// The group of this number, counted from 1, on the balancer of the same number.
    pub(crate) fn new(cloud: &'a Cloud, number: usize) -> Station<'a> {
        Station { cloud, number, passes: 0 }
    }

    /// The group's name.
    pub(crate) fn group(&self) -> String {
        format!("Group{:05}", self.number)
    }

    /// Where its state is kept.
    pub(crate) fn state_dir(&self) -> PathBuf {
        self.cloud.folder.path().join(format!("state-{}", self.number))
    }

    /// A pass that ends in an execution: the load has changed since the one before.
    pub(crate) fn pass(&mut self) -> Result<Cost> {
        self.cloud.set_connections(&format!("lb-{:03}", self.number), LOADS[self.passes % 2])?;
        self.cloud.settle()?;
        self.passes += 1;
        let mut command = loadscale(self.cloud, &self.state_dir());
        let (cost, output) = measure::run(command.args(["--group", &self.group()]))?;
        let record: Value = serde_json::from_slice(&output.stdout).context("no record")?;
        ensure!(record["outcome"] == "executed", "a pass executed nothing: {record}");
        Ok(cost)
    }
}

/// One pass over a cloud, away from whatever the user of this machine has set.
pub(crate) fn loadscale(cloud: &Cloud, state_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadscale"));
    command.env_clear().current_dir(cloud.folder.path()).env("HOME", cloud.folder.path());
    command.arg("--json").arg("--settings").arg(cloud.settings()).arg("--state-dir").arg(state_dir);
    command
}

/// The token that an earlier pass left in `state_dir`.
pub(crate) fn token(state_dir: &Path) -> Result<String> {
    for entry in fs::read_dir(state_dir)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("token-")) {
            let kept: Value = serde_json::from_slice(&fs::read(path)?)?;
            return kept["token"].as_str().map(str::to_owned).context("the token file has no token");
        }
    }
    anyhow::bail!("no token in {}", state_dir.display())
}
