//! The file that hands a token to the next process, readable by its owner alone.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::catalog::Catalog;
use crate::identity::Grant;

/// What the file holds.
#[derive(Serialize, Deserialize)]
struct Kept {
    token: String,
    expires: Option<Timestamp>,
    received: Timestamp,
    user: Option<String>,
    project: Option<String>,
    default_region: Option<String>,
    catalog: Catalog,
}

/// Where the token of one sign-in is kept.
pub(crate) struct TokenFile {
    path: PathBuf,
}

impl TokenFile {
    /// The file in `folder` for the sign-in that `identity` describes. The name is a SHA-256 of it
    /// (address, user or application credential, project and secret), so another user, another
    /// project or a new key never meets an old token.
    pub(crate) fn new(folder: &Path, identity: &[u8]) -> Self {
        let name = hex::encode(Sha256::digest(identity));
        Self { path: folder.join(format!("token-{name}.json")) }
    }

    /// The token kept, if there is one that can be read. One that others can read or write is not
    /// ours to trust, and is replaced after the next sign-in like one that cannot be understood.
    pub(crate) fn read(&self) -> Option<Grant> {
        match self.try_read() {
            Ok(grant) => Some(grant),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(file = %self.path.display(), %error, "the kept token is not used");
                None
            }
        }
    }

    fn try_read(&self) -> io::Result<Grant> {
        let file = fs::File::open(&self.path)?;
        private(&file.metadata()?)?;
        // Not the error's text: it might quote the token.
        let kept: Kept =
            serde_json::from_str(&io::read_to_string(file)?).map_err(|_| other("its content is damaged"))?;
        let Kept { token, expires, received, user, project, default_region, catalog } = kept;
        Ok(Grant { token: token.into(), expires, received, user, project, default_region, catalog })
    }

    /// Keeps `grant`, replacing the file by rename. Without the file all goes on, with one sign-in
    /// more, so a failure is told and no more.
    pub(crate) fn write(&self, grant: &Grant) {
        if let Err(error) = self.try_write(grant) {
            tracing::warn!(file = %self.path.display(), %error, "the token cannot be kept");
        }
    }

    fn try_write(&self, grant: &Grant) -> io::Result<()> {
        let Grant { token, expires, received, user, project, default_region, catalog } = grant.clone();
        let token = token.expose_secret().to_owned();
        let kept = Kept { token, expires, received, user, project, default_region, catalog };
        let folder = self.path.parent().ok_or_else(|| other("it has no folder"))?;
        fs::create_dir_all(folder)?;
        // tempfile creates with mode 0600. No sync: a token lost with the power costs one sign-in.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&serde_json::to_vec(&kept)?)?;
        file.persist(&self.path)?;
        Ok(())
    }
}

#[cfg(unix)]
fn private(metadata: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    match metadata.permissions().mode() & 0o077 {
        0 => Ok(()),
        _ => Err(other("others can read or write it")),
    }
}

#[cfg(not(unix))]
fn private(_: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

fn other(what: &'static str) -> io::Error {
    io::Error::other(what)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn grant() -> Grant {
        Grant {
            token: "t0k".into(),
            expires: "2026-01-01T00:00:00.5Z".parse().ok(),
            received: Timestamp::UNIX_EPOCH,
            user: Some("ann".into()),
            project: None,
            default_region: Some("DFW".into()),
            catalog: Catalog::default(),
        }
    }

    #[test]
    fn a_token_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::new(&folder.path().join("not/yet/there"), b"ann");
        assert!(file.read().is_none());
        file.write(&grant());
        let back = file.read().unwrap();
        assert_eq!(back.token.expose_secret(), "t0k");
        assert_eq!((back.expires, back.default_region), (grant().expires, grant().default_region));
    }

    #[test]
    fn another_sign_in_has_another_file() {
        let folder = tempfile::tempdir().unwrap();
        TokenFile::new(folder.path(), b"ann").write(&grant());
        assert!(TokenFile::new(folder.path(), b"bob").read().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::new(folder.path(), b"ann");
        file.write(&grant());
        assert_eq!(fs::metadata(&file.path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&file.path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(file.read().is_none());
    }

    #[test]
    fn a_damaged_file_is_no_token_and_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::new(folder.path(), b"ann");
        file.write(&grant());
        let whole = fs::read(&file.path).unwrap();
        fs::write(&file.path, &whole[..whole.len() / 2]).unwrap();
        assert!(file.read().is_none());
        file.write(&grant());
        assert!(file.read().is_some());
    }
}
