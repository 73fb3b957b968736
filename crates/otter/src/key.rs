//! The key that seals capabilities: where the settings have it, and when one may be made.

use std::path::PathBuf;

use anyhow::ensure;

use crate::secret::{self, Sealer};
use crate::settings::Settings;

/// Where the key is.
enum Place {
    /// In a file that has to be there.
    There(PathBuf),
    /// In a file that is made.
    New(PathBuf),
    /// Nowhere: a database in memory is lost with the process, and so is its key.
    Nowhere,
}

/// A key of the operator's has to be there; the one beside the database is made when it is not, unless
/// there are webhooks already, which were sealed with the one that is missing.
fn place(settings: &Settings, sealed: i64) -> anyhow::Result<Place> {
    if let Some(path) = &settings.key_file {
        return Ok(Place::There(path.clone()));
    }
    let Some(path) = secret::key_beside(&settings.database) else { return Ok(Place::Nowhere) };
    if path.exists() {
        return Ok(Place::There(path));
    }
    ensure!(
        sealed == 0,
        "the key file {path} is missing, with which {sealed} webhooks of {database} are sealed; put it back, or \
         name it with key_file",
        path = path.display(),
        database = settings.database,
    );
    Ok(Place::New(path))
}

/// Seals with the key of a service whose database has so many webhooks; makes the key if it may.
///
/// # Errors
/// When the key is missing, cannot be read or made, or can be read by others.
pub(crate) fn sealer(settings: &Settings, sealed: i64) -> anyhow::Result<Sealer> {
    match place(settings, sealed)? {
        Place::There(path) => Sealer::from_file(&path),
        Place::New(path) => Sealer::made_in(&path),
        Place::Nowhere => Sealer::forgetful(),
    }
}

/// Tries the key out, and makes none. Returns what was found, in a few words.
///
/// # Errors
/// When a service whose database has so many webhooks would not start with it.
pub fn check(settings: &Settings, sealed: i64) -> anyhow::Result<String> {
    match place(settings, sealed)? {
        Place::There(path) => Sealer::from_file(&path).map(|_| path.display().to_string()),
        Place::New(path) => Ok(format!("{}, to be made at the first start", path.display())),
        Place::Nowhere => Ok("forgotten with the database".to_owned()),
    }
}
