//! clouds.yaml, and the secure.yaml beside it that may hold its secrets apart.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::openstack::Fields;
use super::private_file::{self, FileFault};
use crate::settings::Surroundings;
use crate::settings::nearest::hint;

const FILE: &str = "clouds.yaml";
const SECRETS: &str = "secure.yaml";

/// Names a file to look at first, as it does for OpenStack's own clients.
const VARIABLE: &str = "OS_CLIENT_CONFIG_FILE";

/// Where OpenStack's clients look after the working folder and the home.
const SYSTEM: &str = "/etc/openstack";

/// What one file says.
#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    clouds: BTreeMap<String, Cloud>,
}

#[derive(Deserialize)]
struct Cloud {
    #[serde(default)]
    auth: BTreeMap<String, Option<String>>,
    auth_type: Option<String>,
    region_name: Option<String>,
}

/// Where clouds.yaml may lie, in order; the first one that is there counts.
pub(super) fn places(around: &Surroundings) -> Vec<PathBuf> {
    let named = around.variables.get(VARIABLE).map(PathBuf::from);
    let of_user = around.home.as_ref().map(|home| home.join(".config/openstack"));
    let folders = [Some(around.folder.clone()), of_user, Some(PathBuf::from(SYSTEM))];
    named.into_iter().chain(folders.into_iter().flatten().map(|folder| folder.join(FILE))).collect()
}

/// The fields of one cloud; those of secure.yaml replace those of clouds.yaml.
pub(super) fn read(path: &Path, cloud: &str) -> Result<Fields, (PathBuf, FileFault)> {
    let told = |path: &Path| {
        let path = path.to_owned();
        move |fault| (path.clone(), fault)
    };
    let (mut fields, known) = read_one(path, cloud).map_err(told(path))?;
    let secure = path.with_file_name(SECRETS);
    let (secrets, known_there) = match read_one(&secure, cloud) {
        Err(FileFault::Missing) => Default::default(),
        other => other.map_err(told(&secure))?,
    };
    let known: Vec<_> = known.into_iter().chain(known_there).collect();
    if !known.iter().any(|name| name == cloud) {
        let hint = hint(cloud, known.iter().map(String::as_str));
        let fault = FileFault::Content(format!("it has no cloud {cloud:?}, which OS_CLOUD names{hint}"));
        return Err((path.to_owned(), fault));
    }
    fields.extend(secrets.into_values());
    Ok(fields)
}

/// The fields of the cloud in one file, and the names of all its clouds.
fn read_one(path: &Path, cloud: &str) -> Result<(Fields, Vec<String>), FileFault> {
    let (text, mode) = private_file::read_any(path)?;
    let (fields, known) = parse(&text, cloud)?;
    if fields.hold_secret() {
        private_file::refuse_exposed(path, mode)?;
    }
    Ok((fields, known))
}

fn parse(text: &str, cloud: &str) -> Result<(Fields, Vec<String>), FileFault> {
    // The parser's own message may quote the text, secrets included: only its place is told.
    let mut document: Document = serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().map(|at| format!("line {}: ", at.line())).unwrap_or_default();
        FileFault::Content(format!(
            "{line}this is not what a clouds.yaml holds: clouds, by name, each with its auth"
        ))
    })?;
    let known = document.clouds.keys().cloned().collect();
    let mut fields = Fields::default();
    if let Some(Cloud { auth, auth_type, region_name }) = document.clouds.remove(cloud) {
        fields.extend(auth.into_iter().filter_map(|(name, value)| Some((name, value?))));
        fields.extend(auth_type.map(|kind| ("auth_type".to_owned(), kind)));
        fields.extend(region_name.map(|region| ("region_name".to_owned(), region)));
    }
    Ok((fields, known))
}
