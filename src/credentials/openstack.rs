//! OpenStack's own names for credentials, which `OS_*` variables and clouds.yaml share.

use std::collections::BTreeMap;

use cloud::{ApplicationCredential, Credentials, Domain, Identifier};

/// Values by the names that Keystone's plug-ins give them: `auth_url`, `username`, `project_name`...
/// No `Debug`: some of them are secrets.
#[derive(Default)]
pub(super) struct Fields(BTreeMap<String, String>);

/// A field that is missing, or one that asks for what is not done here.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FieldFault {
    Missing(&'static str),
    AuthType(String),
}

/// The ways of signing in that are understood (`auth_type`).
pub(super) const AUTH_TYPES: [&str; 4] =
    ["password", "v3password", "v3applicationcredential", "rackspace_apikey"];

/// Each of these shows that somebody meant to sign in with this set.
const TELLING: [&str; 6] = [
    "username",
    "user_id",
    "password",
    "application_credential_id",
    "application_credential_name",
    "application_credential_secret",
];

/// The fields that hold secrets.
const SECRET: [&str; 3] = ["password", "application_credential_secret", "api_key"];

impl Fields {
    /// Later values replace earlier ones; empty ones count as not there.
    pub(super) fn extend(&mut self, values: impl IntoIterator<Item = (String, String)>) {
        self.0.extend(values.into_iter().filter(|(_, value)| !value.is_empty()));
    }

    pub(super) fn into_values(self) -> BTreeMap<String, String> {
        self.0
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether these are credentials at all, if perhaps not all of them.
    pub(super) fn are_there(&self) -> bool {
        TELLING.iter().any(|name| self.get(name).is_some())
    }

    pub(super) fn hold_secret(&self) -> bool {
        SECRET.iter().any(|name| self.get(name).is_some())
    }

    /// The credentials that the fields make up.
    pub(super) fn credentials(&self) -> Result<Credentials, FieldFault> {
        match self.get("auth_type") {
            Some("password" | "v3password") => self.password(),
            Some("v3applicationcredential") => self.application_credential(),
            Some("rackspace_apikey") => self.api_key(),
            Some(other) => Err(FieldFault::AuthType(other.to_owned())),
            None if self.0.keys().any(|name| name.starts_with("application_credential_")) => {
                self.application_credential()
            }
            None if self.get("api_key").is_some() && self.get("password").is_none() => self.api_key(),
            None => self.password(),
        }
    }

    fn need(&self, name: &'static str) -> Result<String, FieldFault> {
        self.get(name).map(str::to_owned).ok_or(FieldFault::Missing(name))
    }

    fn api_key(&self) -> Result<Credentials, FieldFault> {
        Ok(Credentials::ApiKey { username: self.need("username")?, api_key: self.need("api_key")?.into() })
    }

    fn password(&self) -> Result<Credentials, FieldFault> {
        let user = self.user()?;
        let password = self.need("password")?.into();
        Ok(Credentials::Password { user, password, project: self.project() })
    }

    fn application_credential(&self) -> Result<Credentials, FieldFault> {
        let credential =
            match (self.get("application_credential_id"), self.get("application_credential_name")) {
                (Some(id), _) => ApplicationCredential::Id(id.to_owned()),
                (None, Some(name)) => {
                    ApplicationCredential::Name { name: name.to_owned(), user: self.user()? }
                }
                (None, None) => return Err(FieldFault::Missing("application_credential_id")),
            };
        let secret = self.need("application_credential_secret")?.into();
        Ok(Credentials::ApplicationCredential { credential, secret })
    }

    fn user(&self) -> Result<Identifier, FieldFault> {
        match self.get("user_id") {
            Some(id) => Ok(Identifier::Id(id.to_owned())),
            None => Ok(Identifier::Name { name: self.need("username")?, domain: self.domain("user") }),
        }
    }

    /// `tenant_*` are the older names of the same.
    fn project(&self) -> Option<Identifier> {
        if let Some(id) = self.get("project_id").or(self.get("tenant_id")) {
            return Some(Identifier::Id(id.to_owned()));
        }
        let name = self.get("project_name").or(self.get("tenant_name"))?.to_owned();
        Some(Identifier::Name { name, domain: self.domain("project") })
    }

    /// The domain of a `user` or a `project`; Keystone's first one if none is named.
    fn domain(&self, of: &str) -> Domain {
        let id = |name: &str| self.get(name).map(|id| Domain::Id(id.to_owned()));
        let name = |name: &str| self.get(name).map(|name| Domain::Name(name.to_owned()));
        id(&format!("{of}_domain_id"))
            .or_else(|| name(&format!("{of}_domain_name")))
            .or_else(|| id("default_domain"))
            .unwrap_or_else(|| Domain::Id("default".into()))
    }
}
