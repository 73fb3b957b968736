//! Secrets at rest: capabilities sealed with a key, and the files that hold keys and tokens.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, ensure};
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use rand::RngCore;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::folder;

/// Length of a key and of a capability, in bytes.
const LENGTH: usize = 32;

/// So many fresh random bytes, as hex.
fn random_hex() -> String {
    let mut bytes = [0; LENGTH];
    rand::rng().fill_bytes(&mut bytes);
    hex::encode(bytes)
}

/// A new capability: 64 hex digits.
pub(crate) fn new_capability() -> String {
    random_hex()
}

/// What a capability is found by.
pub(crate) fn capability_hash(capability: &str) -> String {
    hex::encode(Sha256::digest(capability.as_bytes()))
}

/// Seals capabilities (AES-256-GCM), so that a stolen database lets nobody execute anything.
pub(crate) struct Sealer(RandomizedNonceKey);

impl Sealer {
    /// With a key that is forgotten with the process.
    pub(crate) fn forgetful() -> anyhow::Result<Self> {
        Self::from_hex(&random_hex())
    }

    /// With a new key, which is written to a file that is not there yet.
    pub(crate) fn made_in(path: &Path) -> anyhow::Result<Self> {
        write_private(path, &random_hex())
            .with_context(|| format!("cannot write the key file {}", path.display()))?;
        Self::from_file(path)
    }

    /// With the key in a file.
    pub(crate) fn from_file(path: &Path) -> anyhow::Result<Self> {
        refuse_readable_by_others(path)?;
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::from_hex(text.trim()).with_context(|| format!("the key file {}", path.display()))
    }

    fn from_hex(text: &str) -> anyhow::Result<Self> {
        let key = hex::decode(text).map_err(|_| anyhow!("must hold 64 hex digits"))?;
        ensure!(key.len() == LENGTH, "must hold 64 hex digits");
        RandomizedNonceKey::new(&AES_256_GCM, &key).map(Self).map_err(|_| anyhow!("the key is refused"))
    }

    /// Seals a capability for the webhook with this id, as hex.
    pub(crate) fn seal(&self, capability: &str, webhook: &str) -> anyhow::Result<String> {
        let mut sealed = capability.as_bytes().to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(webhook), &mut sealed);
        let nonce = nonce.map_err(|_| anyhow!("a capability cannot be sealed"))?;
        Ok(hex::encode(nonce.as_ref()) + &hex::encode(sealed))
    }

    /// Opens what was sealed for this webhook.
    pub(crate) fn open(&self, sealed: &str, webhook: &str) -> anyhow::Result<String> {
        const WHAT: &str = "a capability was sealed with another key; is the key file the right one?";
        let mut bytes = hex::decode(sealed).context(WHAT)?;
        ensure!(bytes.len() > NONCE_LEN, WHAT);
        let mut sealed = bytes.split_off(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(&bytes).map_err(|_| anyhow!(WHAT))?;
        let opened =
            self.0.open_in_place(nonce, Aad::from(webhook), &mut sealed).map_err(|_| anyhow!(WHAT))?;
        String::from_utf8(opened.to_vec()).context(WHAT)
    }
}

/// Where the key of a database lies if the settings do not say: beside it. `None` for one in memory.
pub(crate) fn key_beside(database: &str) -> Option<PathBuf> {
    let path = database.strip_prefix("sqlite:")?.trim_start_matches("//");
    let path = path.split('?').next().unwrap_or_default();
    (!path.contains(":memory:")).then(|| PathBuf::from(format!("{path}.key")))
}

/// Writes a file that only its owner can read, whole or not at all; when this returns it is on disk.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = folder::of(path);
    // Where files have modes, this one is made with 0600.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    Ok(())
}

/// The folder in which systemd hands over what `LoadCredential=` names, if it does.
fn handing_folder() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}

/// The file of a credential that systemd has handed over under this name, if it has.
pub fn handed_over(name: &str) -> Option<PathBuf> {
    handing_folder().map(|folder| folder.join(name)).filter(|path| path.exists())
}

/// Refuses a file that somebody besides its owner can read.
///
/// # Errors
/// When it is such a file, or cannot be looked at; the message says what mends it.
#[cfg(unix)]
pub(crate) fn refuse_readable_by_others(path: &Path) -> anyhow::Result<()> {
    refuse_readable(path, handing_folder().as_deref())
}

/// systemd's files belong to root, and a service that runs as another user gets to read them by an access list,
/// which shows as the group's mode. The folder they lie in is for that service alone.
#[cfg(unix)]
fn refuse_readable(path: &Path, handed_over: Option<&Path>) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let meta = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mode = meta.permissions().mode() & 0o777;
    let is_handed_over = handed_over.is_some_and(|folder| path.parent() == Some(folder));
    let forbidden = if is_handed_over { 0o037 } else { 0o077 };
    ensure!(
        mode & forbidden == 0,
        "{path} can be read by others (mode {mode:03o}); mend it with: chmod 600 {path}",
        path = path.display(),
    );
    Ok(())
}

/// Elsewhere the permissions are not looked at.
#[cfg(not(unix))]
pub(crate) fn refuse_readable_by_others(path: &Path) -> anyhow::Result<()> {
    std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display())).map(|_| ())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_same_key_for_the_same_webhook_only() {
        let sealer = Sealer::forgetful().unwrap();
        let capability = new_capability();
        assert_eq!(capability.len(), 64);
        let sealed = sealer.seal(&capability, "webhook").unwrap();
        assert!(!sealed.contains(&capability));
        assert_eq!(sealer.open(&sealed, "webhook").unwrap(), capability);
        assert!(sealer.open(&sealed, "another").is_err());
        assert!(Sealer::forgetful().unwrap().open(&sealed, "webhook").is_err());
        assert!(sealer.open("00", "webhook").is_err());
    }

    #[test]
    fn a_key_file_is_made_once_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("otter.db.key");
        assert!(Sealer::from_file(&path).is_err());
        let sealed = Sealer::made_in(&path).unwrap().seal("x", "y").unwrap();
        assert!(Sealer::made_in(&path).is_err());
        assert_eq!(Sealer::from_file(&path).unwrap().open(&sealed, "y").unwrap(), "x");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
            let error = Sealer::from_file(&path).err().unwrap().to_string();
            assert!(error.contains("chmod 600"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_systemd_hands_over_may_be_read_by_its_group() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("otter.key");
        std::fs::write(&path, random_hex()).unwrap();
        let refused = |mode, handed_over| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            refuse_readable(&path, handed_over).is_err()
        };
        assert!(!refused(0o400, None) && !refused(0o440, Some(folder.path())));
        assert!(refused(0o440, None) && refused(0o440, Some(Path::new("/elsewhere"))));
        assert!(refused(0o444, Some(folder.path())) && refused(0o460, Some(folder.path())));
    }

    #[test]
    fn the_key_lies_beside_the_database() {
        assert_eq!(key_beside("sqlite:a/otter.db"), Some(PathBuf::from("a/otter.db.key")));
        assert_eq!(key_beside("sqlite:///a/otter.db?mode=rwc"), Some(PathBuf::from("/a/otter.db.key")));
        assert_eq!(key_beside("sqlite::memory:"), None);
    }
}
