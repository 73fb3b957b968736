//! What is known of the servers, one file each, replaced whole.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

/// What is known of one server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) tenant: String,
    pub(super) name: String,
    pub(super) port: u16,
    pub(super) created: Timestamp,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) deleting: bool,
}

/// The folder they lie in.
pub(super) struct Records(PathBuf);

impl Records {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self(folder.canonicalize()?))
    }

    /// What a process of this folder carries in its environment.
    pub(super) fn mark(&self) -> String {
        self.0.display().to_string()
    }

    pub(super) fn all(&self) -> anyhow::Result<Vec<Record>> {
        let mut records = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
                let record = serde_json::from_slice(&text)
                    .with_context(|| format!("{} is no record of a server; move it away", path.display()))?;
                records.push(record);
            }
        }
        Ok(records)
    }

    /// Writes a record; when this returns it is on disk.
    pub(super) fn write(&self, record: &Record) -> io::Result<()> {
        let mut file = NamedTempFile::new_in(&self.0)?;
        file.write_all(&serde_json::to_vec(record)?)?;
        file.as_file().sync_all()?;
        file.persist(self.path(&record.id)).map_err(|error| error.error)?;
        File::open(&self.0)?.sync_all()
    }

    pub(super) fn remove(&self, id: &str) -> io::Result<()> {
        fs::remove_file(self.path(id))?;
        // The output goes with the server; there is none if it never started.
        let _ = fs::remove_file(self.output(id));
        Ok(())
    }

    /// Where a server's output goes.
    pub(super) fn output(&self, id: &str) -> PathBuf {
        self.0.join(format!("{id}.log"))
    }

    fn path(&self, id: &str) -> PathBuf {
        self.0.join(format!("{id}.json"))
    }
}
