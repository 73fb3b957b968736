//! Files that hold secrets: refused when others can read them, and made so that only their owner can.

use std::path::Path;

use anyhow::Context;

/// Refuses a file that somebody besides its owner can read.
///
/// # Errors
/// When it is such a file, or cannot be looked at; the message says what mends it.
#[cfg(unix)]
pub(crate) fn refuse_readable_by_others(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let meta = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mode = meta.permissions().mode();
    anyhow::ensure!(
        mode & 0o077 == 0,
        "{path} can be read by others (mode {mode:03o}); mend it with: chmod 600 {path}",
        path = path.display(),
        mode = mode & 0o777
    );
    Ok(())
}

/// Elsewhere the permissions are not looked at.
#[cfg(not(unix))]
pub(crate) fn refuse_readable_by_others(path: &Path) -> anyhow::Result<()> {
    std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display())).map(|_| ())
}
