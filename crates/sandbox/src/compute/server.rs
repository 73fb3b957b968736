//! A server as compute knows it.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The id of its flavor.
    pub flavor: String,
    /// How it is.
    pub status: ServerStatus,
    /// When it was ordered, by the sandbox's clock.
    pub created: Timestamp,
    /// When its boot is done.
    pub boots: Timestamp,
    /// Its address on the sandbox's own network.
    pub address: Ipv4Addr,
    /// What it was given and tagged with.
    pub metadata: BTreeMap<String, String>,
}

/// A server's status, as Nova words it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "the wire's own words")]
pub enum ServerStatus {
    Active,
    Build,
    Error,
    Shutoff,
}

impl ServerStatus {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Build => "BUILD",
            Self::Error => "ERROR",
            Self::Shutoff => "SHUTOFF",
        }
    }
}
