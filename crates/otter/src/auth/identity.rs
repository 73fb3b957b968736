//! Tokens that an identity service vouches for: identity v2.0 or Keystone v3, believed for a short
//! time.
//!
//! A token is asked about with itself as the asking token, which both services allow, so no
//! credentials are kept here. Wire formats: OpenStack Identity API v2.0 (validate token) and v3
//! (validate and show information for token).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::{Client, StatusCode};
use serde_json::Value;
use url::Url;

use super::{Gate, Pass, Role, digest};
use crate::clock::Clock;
use crate::error::Error;
use crate::settings;

/// How long the identity service gets to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read: a catalog of many regions is some 100 kB.
const LONGEST: usize = 4 << 20;
/// Answers that are kept at the same time.
const MOST_KEPT: usize = 10_000;

/// The gate with an identity service behind it.
pub(super) struct Identity {
    url: Url,
    version: Version,
    cache: Duration,
    client: Client,
    clock: Arc<dyn Clock>,
    kept: Mutex<HashMap<[u8; 32], Kept>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    V2,
    V3,
}

/// What an identity service says of a token.
#[derive(Debug, Clone, PartialEq)]
struct Voucher {
    tenant: Option<String>,
    user: Option<String>,
    role: Option<Role>,
    expires: Timestamp,
}

#[derive(Clone)]
struct Kept {
    voucher: Voucher,
    until: Timestamp,
}

impl Identity {
    pub(super) fn new(settings: &settings::Identity, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let text = settings.url.trim_end_matches('/');
        let url = Url::parse(text).with_context(|| format!("identity.url: {text} is no URL"))?;
        let version = if text.ends_with("/v3") { Version::V3 } else { Version::V2 };
        let client = client(&url)?;
        Ok(Self { url, version, cache: settings.cache, client, clock, kept: Mutex::default() })
    }

    fn believed(&self, key: &[u8; 32]) -> Option<Voucher> {
        let now = self.clock.now();
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(key).filter(|kept| kept.until > now).map(|kept| kept.voucher.clone())
    }

    fn keep(&self, key: [u8; 32], voucher: Voucher) {
        let until =
            self.clock.now().saturating_add(self.cache).unwrap_or(Timestamp::MAX).min(voucher.expires);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(key, Kept { voucher, until });
    }

    async fn ask(&self, token: &str) -> Result<Voucher, Error> {
        let answer = self.request(token).await.map_err(|error| {
            tracing::error!(%error, "the identity service does not answer");
            Error::Identity
        })?;
        let (status, body) = answer;
        match status {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND
            | StatusCode::BAD_REQUEST => {
                return Err(Error::Unauthorized);
            }
            _ => {
                tracing::error!(%status, "the identity service does not work");
                return Err(Error::Identity);
            }
        }
        let voucher = match self.version {
            Version::V2 => read_v2(&body),
            Version::V3 => read_v3(&body),
        };
        voucher.ok_or_else(|| {
            tracing::error!("the identity service's answer cannot be understood");
            Error::Identity
        })
    }

    async fn request(&self, token: &str) -> Result<(StatusCode, Value), reqwest::Error> {
        let mut url = self.url.clone();
        let mut header = reqwest::header::HeaderValue::from_str(token)
            .unwrap_or(reqwest::header::HeaderValue::from_static("-"));
        header.set_sensitive(true);
        if let Ok(mut path) = url.path_segments_mut() {
            match self.version {
                Version::V2 => path.extend(["tokens", token]),
                Version::V3 => path.extend(["auth", "tokens"]),
            };
        }
        let mut request =
            self.client.get(url).header("Accept", "application/json").header("X-Auth-Token", &header);
        if self.version == Version::V3 {
            request = request.header("X-Subject-Token", header);
        }
        // The URL of v2.0 holds the token, so no error may show it.
        let mut answer = request.send().await.map_err(reqwest::Error::without_url)?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
            body.extend_from_slice(&part);
            if body.len() > LONGEST {
                return Ok((status, Value::Null));
            }
        }
        Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
    }
}

/// Whether the identity service answers at all.
pub(super) async fn reach(settings: &settings::Identity) -> anyhow::Result<()> {
    let url =
        Url::parse(&settings.url).with_context(|| format!("identity.url: {} is no URL", settings.url))?;
    let answer = client(&url)?.get(url).send().await.context("the identity service cannot be reached")?;
    anyhow::ensure!(!answer.status().is_server_error(), "the identity service answers {}", answer.status());
    Ok(())
}

fn client(url: &Url) -> anyhow::Result<Client> {
    let builder = || Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
    if url.scheme() == "http" {
        return Ok(builder().tls_certs_only([]).build()?);
    }
    // A machine without a store of certificates gets the common roots.
    builder().build().or_else(|_| {
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
        let roots = roots.iter().map(|root| reqwest::Certificate::from_der(root));
        Ok(builder().tls_certs_only(roots.collect::<Result<Vec<_>, _>>()?).build()?)
    })
}

#[async_trait]
impl Gate for Identity {
    async fn admit(&self, token: Option<&str>, tenant: &str) -> Result<Pass, Error> {
        let token = token.filter(|token| !token.is_empty()).ok_or(Error::Unauthorized)?;
        let key = digest(token);
        let voucher = match self.believed(&key) {
            Some(voucher) => voucher,
            None => {
                let voucher = self.ask(token).await?;
                self.keep(key, voucher.clone());
                voucher
            }
        };
        if voucher.expires <= self.clock.now() {
            return Err(Error::Unauthorized);
        }
        if voucher.tenant.as_deref() != Some(tenant) {
            return Err(Error::Forbidden);
        }
        Ok(Pass { user: voucher.user, role: voucher.role.ok_or(Error::Forbidden)? })
    }
}

fn read_v2(body: &Value) -> Option<Voucher> {
    let access = body.get("access")?;
    let tenant = text(access, "/token/tenant/id");
    let expires = access.pointer("/token/expires")?.as_str()?.parse().ok()?;
    let roles = access.pointer("/user/roles").and_then(Value::as_array);
    // A role that is for another tenant only says nothing here.
    let here = |role: &&Value| role.get("tenantId").is_none_or(|id| id.as_str() == tenant.as_deref());
    let names = roles.into_iter().flatten().filter(here).filter_map(|role| role.get("name")?.as_str());
    let role = Role::widest(names);
    Some(Voucher { user: text(access, "/user/name"), role, expires, tenant })
}

fn read_v3(body: &Value) -> Option<Voucher> {
    let token = body.get("token")?;
    let expires = token.get("expires_at")?.as_str()?.parse().ok()?;
    let roles = token.get("roles").and_then(Value::as_array);
    let names = roles.into_iter().flatten().filter_map(|role| role.get("name")?.as_str());
    let role = Role::widest(names);
    Some(Voucher { tenant: text(token, "/project/id"), user: text(token, "/user/name"), role, expires })
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer)?.as_str().map(str::to_owned)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_v2_answer_is_read() {
        let body = json!({"access": {
            "token": {"id": "x", "expires": "2030-01-09T15:08:53.645-06:00", "tenant": {"id": "123456"}},
            "user": {"id": "1", "name": "ann", "roles": [
                {"name": "admin", "tenantId": "other"}, {"name": "autoscale:observer"}]}}});
        let voucher = read_v2(&body).unwrap();
        assert_eq!(voucher.tenant.as_deref(), Some("123456"));
        assert_eq!(voucher.user.as_deref(), Some("ann"));
        assert_eq!(voucher.role, Some(Role::Observer));
        assert_eq!(voucher.expires.to_string(), "2030-01-09T21:08:53.645Z");
    }

    #[test]
    fn a_v3_answer_is_read() {
        let body = json!({"token": {"expires_at": "2030-01-09T15:08:53.000000Z", "project": {"id": "p"},
            "user": {"name": "ann"}, "roles": [{"name": "reader"}, {"name": "admin"}]}});
        let voucher = read_v3(&body).unwrap();
        assert_eq!((voucher.tenant.as_deref(), voucher.role), (Some("p"), Some(Role::Admin)));
    }

    #[test]
    fn an_answer_without_a_time_is_none() {
        assert_eq!(read_v2(&json!({"access": {"token": {"tenant": {"id": "1"}}}})), None);
        assert_eq!(read_v3(&json!({"token": {}})), None);
        assert_eq!(read_v3(&Value::Null), None);
    }
}
