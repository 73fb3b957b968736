//! Tokens from a file, for a single team.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use async_trait::async_trait;
use toml::{Table, Value};

use super::{Gate, Pass, Role, digest};
use crate::error::Error;
use crate::settings::line_of;

/// What an entry may say.
const KEYS: [&str; 4] = ["token", "tenant", "role", "user"];
/// Characters that a token has to have: fewer could be guessed.
const SHORTEST: usize = 16;

/// The tokens of a file: `[[token]]` tables with `token`, `tenant`, `role` and, if wanted, `user`.
pub(super) struct Tokens(HashMap<[u8; 32], (String, Pass)>);

impl Tokens {
    pub(super) fn load(path: &Path) -> anyhow::Result<Self> {
        crate::secret::refuse_readable_by_others(path)?;
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", path.display()))
    }

    /// Tells all that is wrong with the file and quotes nothing of it: any text in it may be a token, also one
    /// that stands where something else belongs.
    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut file = text.parse::<Table>().map_err(|error| not_toml(text, &error))?;
        let listed = match file.remove("token") {
            None => Vec::new(),
            Some(Value::Array(listed)) => listed,
            Some(_) => bail!("token: must be [[token]] tables"),
        };
        let mut problems = Vec::new();
        if !file.is_empty() {
            problems.push("there is more in it than [[token]] tables".to_owned());
        }
        let mut tokens = HashMap::new();
        for (at, entry) in listed.iter().enumerate() {
            match read(entry) {
                Ok((token, whose)) => {
                    if tokens.insert(digest(token), whose).is_some() {
                        problems.push(format!("token {}: stands in the file before", at + 1));
                    }
                }
                Err(wrong) => problems.extend(wrong.iter().map(|it| format!("token {}: {it}", at + 1))),
            }
        }
        if problems.is_empty() { Ok(Self(tokens)) } else { bail!("{}", problems.join("; ")) }
    }
}

/// The line, without the message, which quotes it.
fn not_toml(text: &str, error: &toml::de::Error) -> anyhow::Error {
    match error.span() {
        Some(span) => anyhow!("line {}: it is not TOML", line_of(text, span.start)),
        None => anyhow!("it is not TOML"),
    }
}

/// Reads one entry: its token, and whom it lets in where.
fn read(entry: &Value) -> Result<(&str, (String, Pass)), Vec<&'static str>> {
    let Some(entry) = entry.as_table() else { return Err(vec!["must be a table"]) };
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let role = match text("role") {
        Some("admin") => Some(Role::Admin),
        Some("observer") => Some(Role::Observer),
        _ => None,
    };
    let mut wrong = Vec::new();
    let mut refuse = |wrongly: bool, why| wrong.extend(wrongly.then_some(why));
    refuse(
        entry.keys().any(|key| !KEYS.contains(&key.as_str())),
        "may have token, tenant, role and user only",
    );
    refuse(entry.contains_key("user") && text("user").is_none(), "user must be a string");
    refuse(role.is_none(), "role must be \"admin\" or \"observer\"");
    refuse(text("tenant").is_none(), "tenant must be a string");
    refuse(
        text("token").is_none_or(|token| token.len() < SHORTEST),
        "token must have at least 16 characters",
    );
    match (text("token"), text("tenant"), role) {
        (Some(token), Some(tenant), Some(role)) if wrong.is_empty() => {
            Ok((token, (tenant.to_owned(), Pass { user: text("user").map(str::to_owned), role })))
        }
        _ => Err(wrong),
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
    fn mistakes_are_told_all_at_once_and_without_any_token() {
        let secret = "0123456789abcdef";
        let mistakes = [
            format!("token = \"{secret}\""),
            format!("[[token]]\ntoken = \"{secret}\"\nrole = 7\n"),
            format!("[[token]]\ntoken = \"{secret}\"\ntenant = \"t\"\nrole = \"{secret}\"\n"),
            format!("[[token]]\n{secret} = 1\ntenant = 7\nuser = [\"{secret}\"]\n"),
            format!("[[token]]\ntoken = {secret}\n"),
            format!("[{secret}]\n[[token]]\n"),
        ];
        for mistake in mistakes {
            let error = format!("{:#}", Tokens::parse(&mistake).err().unwrap());
            assert!(!error.contains(secret), "{error}");
        }
        let error = Tokens::parse("[[token]]\ntenant = \"t\"\ntoken = 0123456789abcdef\n").err().unwrap();
        assert_eq!(format!("{error:#}"), "line 3: it is not TOML");
        let error =
            Tokens::parse("[[token]]\nrole = \"observer\"\n[[token]]\ntoken = \"short\"\n").err().unwrap();
        for (number, wrong) in
            [(1, "token must"), (1, "tenant"), (2, "role"), (2, "tenant"), (2, "token must")]
        {
            assert!(format!("{error:#}").contains(&format!("token {number}: {wrong}")), "{error:#}");
        }
    }

    #[test]
    fn a_token_may_stand_in_the_file_once() {
        let entry = "[[token]]\ntoken = \"0123456789abcdef\"\nrole = \"admin\"\n";
        let error = Tokens::parse(&format!("{entry}tenant = \"t\"\n{entry}tenant = \"u\"\n")).err().unwrap();
        assert!(format!("{error:#}").contains("token 2: stands in the file before"), "{error:#}");
    }
}
