//! Who may call: the gate in front of every route with a tenant in it. One file for each kind.

mod identity;
mod statics;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, ensure};
use async_trait::async_trait;

use crate::clock::Clock;
use crate::error::Error;
use crate::settings::{Auth, Settings};

/// What an admitted caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Read all but webhooks.
    Observer,
    /// Everything.
    Admin,
}

impl Role {
    /// The widest of the roles that a token has; `None` if it has none that counts.
    pub fn widest<'r>(names: impl IntoIterator<Item = &'r str>) -> Option<Self> {
        let known = names.into_iter().filter_map(|name| match name {
            "identity:user-admin" | "admin" | "autoscale:admin" => Some(Self::Admin),
            "observer" | "autoscale:observer" => Some(Self::Observer),
            _ => None,
        });
        known.max()
    }
}

/// A caller who may pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// The name of the user, where it is known.
    pub user: Option<String>,
    /// What the user may do.
    pub role: Role,
}

/// Decides who may pass.
#[async_trait]
pub trait Gate: Send + Sync {
    /// Looks at a token for a tenant.
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::Forbidden`], or [`Error::Identity`] if nobody can tell.
    async fn admit(&self, token: Option<&str>, tenant: &str) -> Result<Pass, Error>;
}

/// The gate that the settings ask for.
///
/// # Errors
/// When it cannot be built: a token file that cannot be read, a URL that is none.
pub fn gate(settings: &Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Box<dyn Gate>> {
    Ok(match settings.auth {
        Auth::None => Box::new(Open),
        Auth::Static => {
            let path = settings.tokens.as_deref();
            let path = path.context("auth = \"static\" needs tokens = \"FILE\", a file with the tokens")?;
            Box::new(statics::Tokens::load(path)?)
        }
        Auth::Identity => Box::new(identity::Identity::new(&settings.identity, clock)?),
    })
}

/// Refuses a listener that is open to others while `auth` is `none`.
///
/// # Errors
/// When it is such a listener.
pub fn check_listener(auth: Auth, listener: SocketAddr) -> anyhow::Result<()> {
    ensure!(
        auth.allows(listener),
        "auth = \"none\" is for loopback only, and {listener} is open to others: listen on 127.0.0.1 or set auth"
    );
    Ok(())
}

/// Tries out what the settings say of `auth`: reads the token file, or asks the identity service whether
/// it is there. Returns what was found, in a few words.
///
/// # Errors
/// When it would not work.
pub async fn check(settings: &Settings) -> anyhow::Result<String> {
    gate(settings, Arc::new(crate::clock::SystemClock))?;
    Ok(match settings.auth {
        Auth::None => "none: loopback only".to_owned(),
        Auth::Static => "static: the token file can be read".to_owned(),
        Auth::Identity => {
            identity::reach(&settings.identity).await?;
            format!("identity at {}", settings.identity.url)
        }
    })
}

/// No gate: whoever reaches the listener is an admin.
struct Open;

#[async_trait]
impl Gate for Open {
    async fn admit(&self, _token: Option<&str>, _tenant: &str) -> Result<Pass, Error> {
        Ok(Pass { user: None, role: Role::Admin })
    }
}

/// A token as a key in memory: a token itself is kept nowhere.
fn digest(token: &str) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_role_counts() {
        assert_eq!(Role::widest(["observer", "autoscale:admin"]), Some(Role::Admin));
        assert_eq!(Role::widest(["autoscale:observer", "other"]), Some(Role::Observer));
        assert_eq!(Role::widest(["other"]), None);
    }
}
