//! Who signs in, and with which secret; no `Debug` or error ever shows the secret.

use secrecy::SecretString;

/// One way to sign in. Each is tried as what it is: a refused API key is never sent again as a
/// password.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// Rackspace's API key.
    ApiKey {
        /// The user's name.
        username: String,
        /// The key.
        api_key: SecretString,
    },
    /// A password, for Rackspace or Keystone.
    Password {
        /// Rackspace knows users by name only and ignores the domain.
        user: Identifier,
        /// The password.
        password: SecretString,
        /// Keystone's project, or Rackspace's tenant (which Rackspace does not need).
        project: Option<Identifier>,
    },
    /// A Keystone application credential, which carries its project with it.
    ApplicationCredential {
        /// Which one.
        credential: ApplicationCredential,
        /// Its secret.
        secret: SecretString,
    },
    /// A token from elsewhere, for a cloud one does not sign in to.
    Token(SecretString),
    /// Nothing at all, for a local service that asks nobody.
    Anonymous,
}

/// How Keystone lets one name a user or a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identifier {
    /// By id, which needs no domain.
    Id(String),
    /// By name within a domain.
    Name {
        /// The name.
        name: String,
        /// The domain it is unique in.
        domain: Domain,
    },
}

/// A Keystone domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Domain {
    /// By id, such as `default`.
    Id(String),
    /// By name, such as `Default`.
    Name(String),
}

/// How Keystone lets one name an application credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApplicationCredential {
    /// By id.
    Id(String),
    /// By name, which is unique for its user only.
    Name {
        /// The credential's name.
        name: String,
        /// Whose it is.
        user: Identifier,
    },
}

impl Credentials {
    /// The secret in them, if there is one.
    pub(crate) fn secret(&self) -> Option<&SecretString> {
        match self {
            Self::ApiKey { api_key: secret, .. }
            | Self::Password { password: secret, .. }
            | Self::ApplicationCredential { secret, .. }
            | Self::Token(secret) => Some(secret),
            Self::Anonymous => None,
        }
    }
}
