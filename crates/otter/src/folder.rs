//! Folders that the service writes to: what is wrong with one is found before it is needed.

use std::path::Path;

use anyhow::Context;

/// The folder that a file lies in.
pub(crate) fn of(file: &Path) -> &Path {
    let folder = file.parent().unwrap_or(Path::new("/"));
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// Tries to write there; nothing is left.
///
/// # Errors
/// When that is impossible.
pub(crate) fn check_writable(folder: &Path) -> anyhow::Result<()> {
    let tried = tempfile::tempfile_in(folder);
    tried.map(|_| ()).with_context(|| format!("cannot write to the folder {}", folder.display()))
}

/// Whether a folder can be written to, or made where it is missing; it is not made.
///
/// # Errors
/// When it cannot.
pub(crate) fn check_usable(folder: &Path) -> anyhow::Result<()> {
    let nearest = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    check_writable(nearest)
}
