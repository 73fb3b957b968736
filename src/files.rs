//! Files that others read while we write them: replaced whole, never in part.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// What must survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing: it can be had again.
    Cache,
    /// The content and the name.
    Synced,
}

/// Puts `bytes` in the place of `path` by rename, readable by its owner only. Makes the folder if need be.
///
/// # Errors
/// The system's; the old file then still stands.
pub fn replace(path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    // The temporary file is made with mode 0600 and keeps it.
    let mut file = match tempfile::NamedTempFile::new_in(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            private_dir(dir)?;
            tempfile::NamedTempFile::new_in(dir)?
        }
        other => other?,
    };
    file.write_all(bytes)?;
    if durability == Durability::Synced {
        file.as_file().sync_all()?;
    }
    file.persist(path).map_err(|failed| failed.error)?;
    if durability == Durability::Synced { sync_dir(path) } else { Ok(()) }
}

/// Makes a file's name as durable as its content.
///
/// # Errors
/// The system's.
pub fn sync_dir(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

/// Opens a file to append to, readable by its owner only: errors in it may tell hosts and paths.
///
/// # Errors
/// The system's.
pub fn open_to_append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

/// Takes the lock of a file until that is dropped; none if somebody else has it.
///
/// # Errors
/// The system's.
pub fn try_lock(file: File) -> io::Result<Option<File>> {
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Makes a folder, and those above it, for its owner only.
///
/// # Errors
/// The system's.
pub fn private_dir(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}
