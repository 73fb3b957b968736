//! Tokens from a file, for a single team.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, bail};
use async_trait::async_trait;
use serde::Deserialize;

use super::{Gate, Pass, Role, digest};
use crate::error::Error;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    token: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    token: String,
    tenant: String,
    #[serde(default)]
    user: Option<String>,
    role: RoleName,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RoleName {
    Admin,
    Observer,
}

/// The tokens of a file: `[[token]]` tables with `token`, `tenant`, `role` and, if wanted, `user`.
pub(super) struct Tokens(HashMap<[u8; 32], (String, Pass)>);

impl Tokens {
    pub(super) fn load(path: &Path) -> anyhow::Result<Self> {
        crate::secret::refuse_readable_by_others(path)?;
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", path.display()))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        // The parser's own message would quote the line, and with it the token.
        let file: File = toml::from_str(text).map_err(|error| anyhow::anyhow!("{}", error.message()))?;
        let mut tokens = HashMap::new();
        for (at, entry) in file.token.into_iter().enumerate() {
            if entry.token.len() < 16 {
                bail!("token {}: must have at least 16 characters", at + 1);
            }
            let role = match entry.role {
                RoleName::Admin => Role::Admin,
                RoleName::Observer => Role::Observer,
            };
            tokens.insert(digest(&entry.token), (entry.tenant, Pass { user: entry.user, role }));
        }
        Ok(Self(tokens))
    }
}

#[async_trait]
impl Gate for Tokens {
    async fn admit(&self, token: Option<&str>, tenant: &str) -> Result<Pass, Error> {
        let token = token.ok_or(Error::Unauthorized)?;
        let (whose, pass) = self.0.get(&digest(token)).ok_or(Error::Unauthorized)?;
        if whose == tenant { Ok(pass.clone()) } else { Err(Error::Forbidden) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_token_opens_its_own_tenant_and_no_other() {
        let tokens = Tokens::parse(
            "[[token]]\ntoken = \"0123456789abcdef\"\ntenant = \"t\"\nrole = \"observer\"\nuser = \"ann\"\n",
        )
        .unwrap();
        let pass = tokens.admit(Some("0123456789abcdef"), "t").await.unwrap();
        assert_eq!(pass, Pass { user: Some("ann".to_owned()), role: Role::Observer });
        assert!(matches!(tokens.admit(Some("0123456789abcdef"), "u").await, Err(Error::Forbidden)));
        assert!(matches!(tokens.admit(Some("another"), "t").await, Err(Error::Unauthorized)));
        assert!(matches!(tokens.admit(None, "t").await, Err(Error::Unauthorized)));
    }

    #[test]
    fn a_mistake_is_told_without_the_token() {
        let error = Tokens::parse("[[token]]\ntoken = \"0123456789abcdef\"\nrole = 7\n").err().unwrap();
        assert!(!format!("{error:#}").contains("0123456789abcdef"));
    }
}
