//! What is known of the servers, one file each, replaced whole, in a folder that one launcher has for itself.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use uuid::Uuid;

use super::Order;
use super::output::Output;
use super::process_group::ProcessGroup;

/// How long a folder that another launcher has is waited for, and how often it is tried: a service that was just
/// killed has it until the process that it was starting is a program of its own.
const PATIENCE: Duration = Duration::from_secs(5);
const TRY: Duration = Duration::from_millis(50);

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
    /// Its processes; written as soon as they are started.
    pub(super) processes: Option<ProcessGroup>,
    /// Whether it has been well once.
    #[serde(default)]
    pub(super) booted: bool,
}

impl Record {
    /// Of a server that is to be started.
    pub(super) fn new(tenant: &str, order: &Order, port: u16) -> Self {
        Self {
            id: Uuid::new_v4().to_string(),
            tenant: tenant.to_owned(),
            name: order.name.clone(),
            port,
            created: Timestamp::now(),
            metadata: order.metadata.clone(),
            deleting: false,
            processes: None,
            booted: false,
        }
    }
}

/// All that lie in a folder, whoever works with it.
pub(super) fn all(folder: &Path) -> anyhow::Result<Vec<Record>> {
    let mut records = Vec::new();
    for entry in fs::read_dir(folder)? {
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

/// The folder they lie in.
pub(super) struct Records {
    folder: PathBuf,
    /// Open, and with it locked.
    _lock: File,
}

impl Records {
    /// Makes the folder if need be, and locks it.
    ///
    /// # Errors
    /// When it cannot be used, or another launcher has it.
    pub(super) async fn open(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        let folder = folder.canonicalize()?;
        let lock = File::open(&folder)?;
        let locked = async {
            loop {
                match lock.try_lock() {
                    Err(TryLockError::WouldBlock) => tokio::time::sleep(TRY).await,
                    tried => break tried,
                }
            }
        };
        match tokio::time::timeout(PATIENCE, locked).await {
            Err(_) => bail!("another otter is working with it; stop that one, or name another folder"),
            Ok(tried) => tried.context("cannot be locked")?,
        }
        Ok(Self { folder, _lock: lock })
    }

    /// What a process of this folder carries in its environment.
    pub(super) fn mark(&self) -> String {
        self.folder.display().to_string()
    }

    /// Writes a record; when this returns it is on disk.
    pub(super) fn write(&self, record: &Record) -> io::Result<()> {
        let mut file = NamedTempFile::new_in(&self.folder)?;
        file.write_all(&serde_json::to_vec(record)?)?;
        file.as_file().sync_all()?;
        file.persist(self.path(&record.id)).map_err(|error| error.error)?;
        File::open(&self.folder)?.sync_all()
    }

    /// Removes a record, and the server's output with it.
    pub(super) fn remove(&self, id: &str) -> io::Result<()> {
        fs::remove_file(self.path(id))?;
        self.output(id).remove();
        Ok(())
    }

    /// Where a server's output goes.
    pub(super) fn output(&self, id: &str) -> Output {
        Output::new(&self.folder, id)
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }
}
