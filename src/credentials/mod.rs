//! Who signs in: the first source of credentials that is there, never mixed with another.
//!
//! Reading order: [`find`] lists the sources, `sources` asks each; `pyrax` reads the credentials file, `openstack` and
//! `clouds_yaml` what OpenStack's own clients read; `private_file` guards every file with a secret;
//! `secrets` holds those of the parts that are not the cloud's.

use std::fmt;
use std::path::PathBuf;

use cloud::{ApplicationCredential, Credentials, Identifier};

use crate::settings::{CloudKind, CloudSettings, Settings, Surroundings};

mod clouds_yaml;
mod openstack;
mod private_file;
mod pyrax;
mod secrets;
mod sources;

pub use private_file::FileFault;
pub use secrets::{Secrets, Wanted};

use sources::{API_KEY, OS_CLOUD, PASSWORD, USERNAME};

/// The file that is read when nothing else is there, in the home.
pub const DEFAULT_FILE: &str = ".rackspace_cloud_credentials";

/// The credentials in force.
#[derive(Debug, Clone)]
pub struct Found {
    /// Who signs in.
    pub credentials: Credentials,
    /// Where they came from.
    pub source: CredentialsSource,
    /// The identity service they belong to, if their source says so; settings go before it.
    pub identity_url: Option<String>,
    /// The region they name, if their source does; settings go before it.
    pub region: Option<String>,
}

/// A source of credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialsSource {
    /// `LOADSCALE_USERNAME` and its like.
    Variables,
    /// A file in pyrax's form.
    File(PathBuf),
    /// A cloud of a clouds.yaml.
    CloudsYaml {
        /// The file.
        path: PathBuf,
        /// The cloud that `OS_CLOUD` names.
        cloud: String,
    },
    /// `OS_USERNAME` and its like.
    OsVariables,
    /// None is needed.
    Nothing,
}

impl fmt::Display for CredentialsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CredentialsSource::Variables => f.write_str("the LOADSCALE_ variables"),
            CredentialsSource::File(path) => write!(f, "{}", path.display()),
            CredentialsSource::CloudsYaml { path, cloud } => {
                write!(f, "cloud {cloud:?} of {}", path.display())
            }
            CredentialsSource::OsVariables => f.write_str("the OS_ variables"),
            CredentialsSource::Nothing => f.write_str("nowhere: this cloud asks for none"),
        }
    }
}

/// Why nobody can sign in. No message repeats a secret.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// No source has any.
    #[error(
        "no credentials: {USERNAME} with {API_KEY} or {PASSWORD} is not set, cloud.credentials names no file, \
         {OS_CLOUD} and the OS_ variables are not set, and {} is not there; \
         copy credentials.example to that place, fill it in and run chmod 600 on it",
        default.display()
    )]
    NoneFound {
        /// The default file.
        default: PathBuf,
    },
    /// A source is there but lacks something.
    #[error(
        "credentials from {origin} are not whole: {missing} is missing; set it, or take the others away to use another source"
    )]
    Incomplete {
        /// The source.
        origin: CredentialsSource,
        /// What it lacks.
        missing: String,
    },
    /// A file cannot be used.
    #[error("credentials file {}: {fault}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        fault: FileFault,
    },
    /// The source has credentials of a sort that does not fit the cloud.
    #[error("credentials from {origin}: {why}")]
    Unfit {
        /// The source.
        origin: CredentialsSource,
        /// What does not fit, and what would.
        why: String,
    },
    /// A part of the settings needs a secret that is nowhere.
    #[error("{what} is missing: set {variable}, or write it as {line} = ... into {}", file.display())]
    NoSecret {
        /// What it is.
        what: String,
        /// The variable that would hold it.
        variable: String,
        /// Section and key that would hold it.
        line: String,
        /// The credentials file.
        file: PathBuf,
    },
    /// `OS_CLOUD` is set, but there is no clouds.yaml.
    #[error(
        "{OS_CLOUD} names the cloud {cloud:?}, but there is no clouds.yaml at {looked}; write one, or unset {OS_CLOUD}"
    )]
    NoCloudsYaml {
        /// The cloud.
        cloud: String,
        /// Where it was looked for.
        looked: String,
    },
}

/// Takes the first source that is there. One that is only half there is an error, not a reason to go on to the next.
///
/// # Errors
/// See [`CredentialsError`].
pub fn find(cloud: &CloudSettings, around: &Surroundings) -> Result<Found, CredentialsError> {
    if cloud.kind == CloudKind::None {
        return Ok(sources::from_token(&around.variables));
    }
    let found = first(cloud, around)?;
    tell_unfit(&found, cloud.kind)?;
    Ok(found)
}

/// The sources in their order.
fn first(cloud: &CloudSettings, around: &Surroundings) -> Result<Found, CredentialsError> {
    if let Some(found) = sources::from_variables(&around.variables)? {
        return Ok(found);
    }
    if let Some(path) = &cloud.credentials {
        return sources::from_file(path, cloud.kind);
    }
    if let Some(name) = around.variables.get(OS_CLOUD) {
        return sources::from_clouds_yaml(name, around);
    }
    if let Some(found) = sources::from_os_variables(&around.variables)? {
        return Ok(found);
    }
    let default = around.home.clone().unwrap_or_default().join(DEFAULT_FILE);
    match default.exists() {
        true => sources::from_file(&default, cloud.kind),
        false => Err(CredentialsError::NoneFound { default }),
    }
}

impl Found {
    /// Lets the settings take from the source what nobody wrote there.
    pub fn complete(&self, settings: &mut Settings) {
        settings.adopt(self.identity_url.as_deref(), self.region.as_deref(), &self.source.to_string());
    }

    /// Who this is, to tell accounts apart: the same for key and password of one user, and without a secret.
    pub fn account(&self) -> String {
        match &self.credentials {
            Credentials::ApiKey { username, .. } => username.clone(),
            Credentials::Password { user, project, .. } => match project {
                Some(project) => format!("{} {}", identity(user), identity(project)),
                None => identity(user),
            },
            Credentials::ApplicationCredential { credential: ApplicationCredential::Id(id), .. } => {
                id.clone()
            }
            Credentials::ApplicationCredential {
                credential: ApplicationCredential::Name { name, user },
                ..
            } => {
                format!("{name} {}", identity(user))
            }
            Credentials::Token(_) | Credentials::Anonymous => String::new(),
        }
    }
}

fn identity(of: &Identifier) -> String {
    match of {
        Identifier::Id(id) => id.clone(),
        Identifier::Name { name, .. } => name.clone(),
    }
}

/// Tells credentials that the cloud's kind of sign-in cannot take, before they are sent anywhere.
fn tell_unfit(found: &Found, kind: CloudKind) -> Result<(), CredentialsError> {
    let v3 = found.identity_url.as_ref().is_some_and(|url| url.trim_end_matches('/').ends_with("/v3"));
    let why = match (kind, &found.credentials) {
        (CloudKind::Openstack, Credentials::ApiKey { .. }) => {
            "Keystone knows no API keys; give a password or an application credential"
        }
        (CloudKind::Rackspace, Credentials::ApplicationCredential { .. }) => {
            "application credentials are Keystone's; set cloud.kind = \"openstack\", or give an API key"
        }
        (CloudKind::Rackspace, _) if v3 => {
            "they are for a Keystone v3, as their auth_url says; set cloud.kind = \"openstack\", or give an API key"
        }
        _ => return Ok(()),
    };
    Err(CredentialsError::Unfit { origin: found.source.clone(), why: why.to_owned() })
}

#[cfg(test)]
mod tests;
