//! The disk: a temporary file written, synced and read back.

use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rand::RngCore;

/// As much as a page of memory and a block of most file systems.
const SIZE: usize = 4096;

/// A folder to write in.
pub(crate) struct Disk {
    dir: PathBuf,
}

impl Disk {
    pub(crate) fn new(dir: PathBuf) -> Disk {
        Disk { dir }
    }

    /// Writes something new each time, so that no cache on the way knows it already.
    pub(crate) async fn attempt(&self) -> Result<()> {
        let dir = self.dir.clone();
        tokio::task::spawn_blocking(move || write_and_read(&dir)).await?
    }
}

fn write_and_read(dir: &Path) -> Result<()> {
    let mut written = [0; SIZE];
    rand::rng().fill_bytes(&mut written);
    let in_dir = || format!("a temporary file in {}", dir.display());
    let mut file = tempfile::tempfile_in(dir).with_context(in_dir)?;
    file.write_all(&written).with_context(in_dir)?;
    file.sync_all().with_context(in_dir)?;
    file.rewind().with_context(in_dir)?;
    let mut read = Vec::with_capacity(SIZE);
    file.read_to_end(&mut read).with_context(in_dir)?;
    ensure!(read == written, "{} reads otherwise than it was written", in_dir());
    Ok(())
}
