//! Signs in: credentials go to the identity service, a token and a catalog come back.

mod v2;
mod v3;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, StatusCode};
use secrecy::SecretString;
use tokio::time::Instant;
use url::Url;

use crate::catalog::Catalog;
use crate::config::{self, Config, Kind, Pacing, RACKSPACE_IDENTITY};
use crate::credentials::Credentials;
use crate::fault::{Call, Fault, Said};
use crate::message;
use crate::redact::Redactor;
use crate::refusal;
use crate::retry::Retries;
use crate::transport::{Dialect, Outgoing, Reply, Transport, Wanted};

/// A token is renewed this long before it expires, so that it outlives the pass that starts with
/// it and the difference between two clocks.
const MARGIN: SignedDuration = SignedDuration::from_secs(120);

/// A token is believed this long after it was given, whatever its expiry says: an identity service
/// may give the same token again, and clocks may differ by more than the token's life.
const BELIEVED: SignedDuration = SignedDuration::from_secs(60);

/// What a sign-in yields.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) token: SecretString,
    /// None for a token from elsewhere.
    pub(crate) expires: Option<Timestamp>,
    pub(crate) received: Timestamp,
    pub(crate) user: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) default_region: Option<String>,
    pub(crate) catalog: Catalog,
}

impl Grant {
    /// Whether the token can still be used for a pass that begins at `now`.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        let until_renewal = |expires: Timestamp| now.saturating_add(MARGIN).is_ok_and(|end| end < expires);
        let age = now.duration_since(self.received);
        let just_given = age >= SignedDuration::ZERO && age < BELIEVED;
        just_given || self.expires.is_none_or(until_renewal)
    }
}

/// Where and how one signs in.
pub(crate) struct SignIn {
    version: Version,
    address: Url,
    credentials: Credentials,
    pacing: Pacing,
}

#[derive(Clone, Copy, PartialEq)]
enum Version {
    V2,
    V3,
}

impl SignIn {
    /// The sign-in that `config` describes; none for a cloud one does not sign in to.
    ///
    /// # Errors
    /// The problem with kind, credentials or identity URL, as a sentence.
    pub(crate) fn new(config: &Config) -> Result<Option<Self>, String> {
        let (version, base) = match (config.kind, &config.identity_url) {
            (Kind::None, _) => return Ok(None),
            (Kind::Rackspace, url) => (Version::V2, url.as_deref().unwrap_or(RACKSPACE_IDENTITY)),
            (Kind::OpenStack, Some(url)) => (Version::V3, url.as_str()),
            (Kind::OpenStack, None) => {
                return Err(
                    "identity_url is missing: it is Keystone's address, such as https://host:5000".into()
                );
            }
        };
        let address = match version {
            Version::V2 => v2::address(base),
            Version::V3 => v3::address(base),
        };
        let address = config::address("identity_url", &address)?;
        let (credentials, pacing) = (config.credentials.clone(), config.pacing.clone());
        let sign_in = Self { version, address, credentials, pacing };
        sign_in.body().map(|_| Some(sign_in))
    }

    fn body(&self) -> Result<Vec<u8>, String> {
        let body = match self.version {
            Version::V2 => v2::body(&self.credentials)
                .ok_or("Rackspace takes a user name with an API key or a password, nothing else"),
            Version::V3 => v3::body(&self.credentials)
                .ok_or("Keystone takes a password or an application credential, nothing else"),
        };
        Ok(body?.to_string().into_bytes())
    }

    /// Signs in, patiently: a second sign-in does no harm, so it is repeated like a read.
    ///
    /// # Errors
    /// [`Fault::SignInRefused`] if the credentials are not taken; else what kept it from succeeding.
    pub(crate) async fn sign_in(&self, transport: &Transport, deadline: Instant) -> Result<Grant, Fault> {
        let mut retries = Retries::new(&self.pacing, deadline);
        loop {
            match self.once(transport, deadline).await {
                Ok(grant) => return Ok(grant),
                Err(fault) => retries.pause(fault).await?,
            }
        }
    }

    async fn once(&self, transport: &Transport, deadline: Instant) -> Result<Grant, Fault> {
        let body = self.body().map_err(|problem| Fault::Misconfigured(vec![problem]))?;
        let (method, url, dialect) = (Method::POST, self.address.clone(), Dialect::OpenStack);
        let outgoing = Outgoing { method, url, token: None, body: Some(body), dialect };
        let call = outgoing.call();
        let reply = transport.send(outgoing, Wanted::Body, deadline).await?;
        let redactor = Redactor::new(self.credentials.secret());
        if !reply.status.is_success() {
            return Err(refused(refusal::fault(call.clone(), &reply, &redactor), call, &reply));
        }
        let received = Timestamp::now();
        let grant = match self.version {
            Version::V2 => v2::parse(&reply.body, received),
            Version::V3 => v3::parse(&reply.body, reply.subject_token, received),
        };
        grant.map_err(|bad| Fault::BadBody { call, what: message::excerpt(&redactor.clean(&bad.0)) })
    }

    /// What tells the tokens of two sign-ins apart, secrets included: for the name of the cache
    /// file, through a hash.
    pub(crate) fn identity(&self) -> Result<Vec<u8>, String> {
        Ok([self.address.as_str().as_bytes(), b"\n", &self.body()?].concat())
    }
}

fn refused(fault: Fault, call: Call, reply: &Reply) -> Fault {
    let second_factor = reply.challenge.as_deref().is_some_and(|challenge| challenge.contains("OS-MF"));
    match fault {
        Fault::Unauthorized { .. } if second_factor => Fault::SignInRefused {
            call,
            said: Said("this user needs a second factor, which a program has not; use the API key".into()),
        },
        Fault::Unauthorized { said, .. } => Fault::SignInRefused { call, said },
        Fault::Forbidden { said, .. } if reply.status == StatusCode::FORBIDDEN => {
            Fault::SignInRefused { call, said }
        }
        other => other,
    }
}

/// How long a token that was refused although it was just fetched is not fetched again.
pub(crate) const REFUSED_PAUSE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(expires: &str, received: &str) -> Grant {
        Grant {
            token: "t".into(),
            expires: expires.parse().ok(),
            received: received.parse().expect("a time"),
            user: None,
            project: None,
            default_region: None,
            catalog: Catalog::default(),
        }
    }

    #[test]
    fn a_token_is_renewed_before_it_expires() {
        let grant = grant("2026-01-01T12:00:00Z", "2026-01-01T00:00:00Z");
        let fresh_at = |now: &str| grant.is_fresh(now.parse().expect("a time"));
        assert!(fresh_at("2026-01-01T11:57:59Z"));
        assert!(!fresh_at("2026-01-01T11:58:00Z"));
    }

    #[test]
    fn a_token_just_given_is_believed() {
        let grant = grant("2026-01-01T00:00:01Z", "2026-01-01T00:00:00Z");
        let fresh_at = |now: &str| grant.is_fresh(now.parse().expect("a time"));
        assert!(fresh_at("2026-01-01T00:00:59Z"));
        assert!(!fresh_at("2026-01-01T00:01:00Z"));
        assert!(!fresh_at("2025-12-31T23:59:59Z"), "from the future by our clock, and about to expire");
    }
}
