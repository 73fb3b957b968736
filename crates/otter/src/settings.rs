//! What the operator sets: otter.toml and its defaults, each of which is written here and nowhere else
//! (but for those of launchers and balancers, which are with them).

#[cfg(test)]
mod example;
mod read;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;
use serde::Deserialize;

use crate::balancer::HaproxySettings;
use crate::launcher::ProcessSettings;

pub(crate) use read::line_of;
pub use read::{Trouble, read};

/// All settings of a service.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where the API listens.
    pub listen: SocketAddr,
    /// Where health, metrics and the operator's levers are served, if anywhere; it asks for no token.
    pub admin_listen: Option<SocketAddr>,
    /// What links in answers start with, without a slash at the end; `http://{listen}` if absent.
    pub public_url: Option<String>,
    /// `sqlite:FILE`, or `sqlite::memory:` for a service that forgets.
    pub database: String,
    /// Who may call.
    pub auth: Auth,
    /// Tokens for `auth = "static"`: a TOML file of `[[token]]` tables.
    pub tokens: Option<PathBuf>,
    /// The key that seals capabilities at rest: 64 hex digits. Made beside the database if absent.
    pub key_file: Option<PathBuf>,
    /// The identity service for `auth = "identity"`.
    pub identity: Identity,
    /// Quotas and rates.
    pub limits: Limits,
    /// How convergence works.
    pub converge: Converge,
    /// What runs the servers, for the program; a library's user hands in a launcher of its own.
    pub launcher: Option<LauncherSettings>,
    /// What sends them connections, for the program.
    pub balancer: BalancerSettings,
}

/// What runs the servers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum LauncherSettings {
    /// Processes on this machine.
    Process(ProcessSettings),
    /// Nothing: they are imagined.
    Simulated(SimulatedSettings),
}

/// How imagined servers behave.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SimulatedSettings {
    /// How long one boots.
    #[serde(with = "duration")]
    pub boot_delay: Duration,
}

impl Default for SimulatedSettings {
    fn default() -> Self {
        Self { boot_delay: Duration::from_secs(30) }
    }
}

/// What sends connections to the servers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum BalancerSettings {
    /// Nothing; what would be told to a balancer is only remembered.
    #[default]
    None,
    /// HAProxy.
    Haproxy(HaproxySettings),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9000)),
            admin_listen: None,
            public_url: None,
            database: "sqlite:otter.db".to_owned(),
            auth: Auth::Identity,
            tokens: None,
            key_file: None,
            identity: Identity::default(),
            limits: Limits::default(),
            converge: Converge::default(),
            launcher: None,
            balancer: BalancerSettings::default(),
        }
    }
}

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// Whoever reaches the listener, which therefore has to be a loopback one.
    None,
    /// Holders of the tokens in a file.
    Static,
    /// Holders of a token that the identity service vouches for.
    Identity,
}

impl Auth {
    /// Whether the API may listen there: where nobody is asked who he is, nobody from elsewhere is let in.
    pub fn allows(self, listener: SocketAddr) -> bool {
        self != Self::None || listener.ip().is_loopback()
    }
}

/// The identity service that vouches for tokens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Identity {
    /// Its URL with the version: `.../v2.0` or `.../v3`. A token is asked about with itself as
    /// the asking token, so the service needs no credentials of its own.
    pub url: String,
    /// How long an answer is believed.
    #[serde(with = "duration")]
    pub cache: Duration,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            url: "https://identity.api.rackspacecloud.com/v2.0".to_owned(),
            cache: Duration::from_secs(60),
        }
    }
}

/// Quotas, page sizes and rates.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Groups of one tenant.
    pub max_groups: u64,
    /// Policies of one group.
    pub max_policies_per_group: u64,
    /// Webhooks of one policy.
    pub max_webhooks_per_policy: u64,
    /// Default and largest page of a list.
    pub page: u32,
    /// Whether rates are limited at all.
    pub rates: bool,
    /// Requests of one tenant a minute.
    pub requests_per_minute: u32,
    /// Executions of one capability a second.
    pub executions_per_second: u32,
    /// The status of an answer to too many requests: 413 as the original's front had it, or 429.
    pub over_limit_status: u16,
    /// The largest request body, in bytes.
    pub body_bytes: usize,
    /// How long the head of a request may take to come; also how long an idle connection is kept.
    #[serde(with = "duration")]
    pub head_timeout: Duration,
    /// How long its body may take.
    #[serde(with = "duration")]
    pub body_timeout: Duration,
    /// How long a group's history is kept.
    #[serde(with = "duration")]
    pub history: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_groups: 1000,
            max_policies_per_group: 100,
            max_webhooks_per_policy: 25,
            page: 100,
            rates: true,
            requests_per_minute: 1000,
            executions_per_second: 10,
            over_limit_status: 413,
            body_bytes: 1 << 20,
            head_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(30),
            history: Duration::from_secs(90 * 86_400),
        }
    }
}

/// How convergence works.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Converge {
    /// The pause between two looks at a group that waits for something.
    #[serde(with = "duration")]
    pub interval: Duration,
    /// How long a server may build, or a node be offline, before it counts as failed.
    #[serde(with = "duration")]
    pub build_timeout: Duration,
    /// Servers ordered for one group in one round.
    pub creates_per_round: usize,
    /// Rounds in a row that may end in a limited retry before the group goes to ERROR.
    pub limited_retries: u32,
    /// The first pause before a group in ERROR is tried again; it doubles with each failure.
    #[serde(with = "duration")]
    pub retry_first: Duration,
    /// The longest such pause.
    #[serde(with = "duration")]
    pub retry_longest: Duration,
    /// How often a group with nothing due is looked at anyway, to replace servers that died;
    /// `0s` for never.
    #[serde(with = "duration")]
    pub self_heal: Duration,
    /// Groups worked on at the same time.
    pub at_once: usize,
}

impl Default for Converge {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(10),
            build_timeout: Duration::from_secs(3600),
            creates_per_round: 10,
            limited_retries: 10,
            retry_first: Duration::from_secs(60),
            retry_longest: Duration::from_secs(3600),
            self_heal: Duration::from_secs(300),
            at_once: 32,
        }
    }
}
