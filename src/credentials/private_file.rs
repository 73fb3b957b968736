//! Reading a file that holds secrets: a plain file, small, text, and nobody else's business.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

/// No credentials file is larger.
const LARGEST: u64 = 64 * 1024;

/// Mode bits that let others than the owner in.
const OTHERS: u32 = 0o077;

/// Why a file with secrets is not read.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// There is none.
    #[error("there is no such file; see credentials.example for what to write into it")]
    Missing,
    /// The system does not let us.
    #[error("it cannot be read: {0}; it must belong to the user that runs loadscale")]
    Unreadable(io::Error),
    /// A folder, a pipe, a device.
    #[error("it is not a regular file; name the file itself")]
    NotAFile,
    /// Its mode lets others in.
    #[error(
        "others may read it (mode {mode:03o}); run: chmod 600 {path:?} - and renew the secret in it if others use this machine"
    )]
    Exposed {
        /// The permission bits.
        mode: u32,
        /// The file again, for the command.
        path: std::path::PathBuf,
    },
    /// Larger than any such file is.
    #[error("it is larger than 64 KiB; this is no credentials file")]
    TooLarge,
    /// Not UTF-8.
    #[error("it is not UTF-8 text; save it as UTF-8")]
    NotText,
    /// An editor put an invisible mark at its beginning.
    #[error("it begins with a byte order mark, which hides the first section; save it as UTF-8 without BOM")]
    Marked,
    /// What it says cannot be used.
    #[error("{0}")]
    Content(String),
}

/// The whole text of a file that only its owner may read.
pub(super) fn read(path: &Path) -> Result<String, FileFault> {
    let (text, mode) = read_any(path)?;
    refuse_exposed(path, mode)?;
    Ok(text)
}

/// The whole text, and the bits that let others in: for a file that need not hold a secret.
pub(super) fn read_any(path: &Path) -> Result<(String, u32), FileFault> {
    // Asked before opening: to open a pipe would wait for whoever writes to it.
    plain(&std::fs::metadata(path).map_err(unreadable)?)?;
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    plain(&metadata)?;
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes).map_err(unreadable)?;
    let text = String::from_utf8(bytes).map_err(|_| FileFault::NotText)?;
    if text.starts_with('\u{feff}') {
        return Err(FileFault::Marked);
    }
    Ok((text, mode(&metadata)))
}

/// Refuses a file whose mode lets others in.
pub(super) fn refuse_exposed(path: &Path, mode: u32) -> Result<(), FileFault> {
    if mode & OTHERS == 0 { Ok(()) } else { Err(FileFault::Exposed { mode, path: path.to_owned() }) }
}

fn plain(metadata: &Metadata) -> Result<(), FileFault> {
    match metadata {
        odd if !odd.is_file() => Err(FileFault::NotAFile),
        large if large.len() > LARGEST => Err(FileFault::TooLarge),
        _ => Ok(()),
    }
}

fn unreadable(error: io::Error) -> FileFault {
    match error.kind() {
        io::ErrorKind::NotFound => FileFault::Missing,
        _ => FileFault::Unreadable(error),
    }
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o777
}

/// Elsewhere access is not told by mode bits.
#[cfg(not(unix))]
fn mode(_: &Metadata) -> u32 {
    0
}
