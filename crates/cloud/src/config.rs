//! What a session is built from: which cloud, where, who signs in, and how patiently.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::credentials::Credentials;
use crate::rate::Rates;

/// Rackspace's one identity endpoint, used where a Rackspace config names none.
pub const RACKSPACE_IDENTITY: &str = "https://identity.api.rackspacecloud.com/v2.0";

/// How one signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Rackspace identity v2.0.
    Rackspace,
    /// Keystone v3.
    OpenStack,
    /// Nowhere: every endpoint is given, and the token, if any, too.
    None,
}

/// Base URLs that go before the catalog's.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    /// Autoscale v1.0, tenant included: `https://host/v1.0/123456`.
    pub autoscale: Option<String>,
    /// Cloud Load Balancers v1.0 (tenant included) or Octavia.
    pub load_balancer: Option<String>,
    /// Compute v2, tenant included.
    pub compute: Option<String>,
}

/// Time limits and pauses of single requests; every one also ends at its caller's deadline.
#[derive(Debug, Clone)]
pub struct Pacing {
    /// For the TCP connection and the TLS handshake.
    pub connect_timeout: Duration,
    /// From sending a request to the last byte of its answer.
    pub request_timeout: Duration,
    /// Before the first repetition of a read; each further pause is twice as long, and a random
    /// part of up to the same length is added, so that many clients do not come back as one.
    pub first_pause: Duration,
    /// What that doubling stops at.
    pub longest_pause: Duration,
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(15),
            first_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(8),
        }
    }
}

/// Everything a [`Session`](crate::Session) needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// How to sign in.
    pub kind: Kind,
    /// Who signs in.
    pub credentials: Credentials,
    /// The identity service; [`RACKSPACE_IDENTITY`] if a Rackspace config names none.
    pub identity_url: Option<String>,
    /// The region to look endpoints up in; else the user's default, or the only one there is.
    pub region: Option<String>,
    /// Endpoints that are not looked up.
    pub endpoints: Endpoints,
    /// PEM file of the authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Lets credentials and tokens go over plain http to other hosts than this one.
    pub allow_plain_http: bool,
    /// How many requests a service is sent at most.
    pub rates: Rates,
    /// Time limits and pauses.
    pub pacing: Pacing,
    /// Folder that keeps the token for the next process; none keeps it in memory alone.
    pub token_folder: Option<PathBuf>,
}

impl Config {
    /// The documented defaults around a kind of cloud and somebody to sign in.
    pub fn new(kind: Kind, credentials: Credentials) -> Self {
        Self {
            kind,
            credentials,
            identity_url: None,
            region: None,
            endpoints: Endpoints::default(),
            ca_file: None,
            allow_plain_http: false,
            rates: Rates::documented(),
            pacing: Pacing::default(),
            token_folder: None,
        }
    }
}

/// An address that requests can go to.
///
/// # Errors
/// What is wrong with it, and how it should be; never its user part, which may hold a secret.
pub(crate) fn address(key: &str, value: &str) -> Result<Url, String> {
    let url = Url::parse(value)
        .map_err(|error| format!("{key} is no address ({error}); write https://host/path"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("{key} = {value:?} must begin with https:// or http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("{key} holds a user name or password; credentials belong elsewhere"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("{key} = {value:?} must end with the path, without ? or #"));
    }
    Ok(url)
}
