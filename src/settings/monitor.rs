//! A group's monitor: what it measures and where. One variant and one table of keys for each kind.

use std::time::Duration;

use serde::Deserialize;

use super::cloud::CloudKind;
use super::duration;
use super::origin::Rows;
use super::schema::{Form, KIND, Key, Kind, join};

/// How long Cloud Load Balancers keep statistics (Atlas: memcached, 300 s).
const RACKSPACE_STATS_CACHE: Duration = Duration::from_secs(300);
/// How often Octavia's amphorae report theirs (heartbeat interval).
const OCTAVIA_STATS_CACHE: Duration = Duration::from_secs(10);

/// Every kind of monitor with its keys.
pub(super) const KINDS: &[Kind] =
    &[Kind { name: "rackspace-lb", keys: BALANCERS }, Kind { name: "octavia", keys: BALANCERS }];

/// The keys of a monitor that reads balancers; those of the short form, too.
const BALANCERS: &[Key] = &[
    Key::required(KIND, Form::Text),
    Key::required("load_balancers", Form::Names),
    Key::new("stats_cache", Form::DurationOrZero),
];

/// What a group measures its load by.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum MonitorSettings {
    /// Active connections of Rackspace Cloud Load Balancers.
    RackspaceLb {
        /// By name or id; their connections add up.
        #[serde(default)]
        load_balancers: Vec<String>,
        /// How old their statistics can be when they arrive.
        #[serde(default = "rackspace_stats_cache", deserialize_with = "duration::deserialize")]
        stats_cache: Duration,
    },
    /// Active connections of OpenStack Octavia load balancers.
    Octavia {
        /// By name or id; their connections add up.
        #[serde(default)]
        load_balancers: Vec<String>,
        /// How old their statistics can be when they arrive.
        #[serde(default = "octavia_stats_cache", deserialize_with = "duration::deserialize")]
        stats_cache: Duration,
    },
}

fn rackspace_stats_cache() -> Duration {
    RACKSPACE_STATS_CACHE
}

fn octavia_stats_cache() -> Duration {
    OCTAVIA_STATS_CACHE
}

impl MonitorSettings {
    /// The short form: balancers of the kind that the cloud has.
    pub(super) fn balancers(
        cloud: CloudKind,
        load_balancers: Vec<String>,
        stats_cache: Option<Duration>,
    ) -> Self {
        match cloud {
            CloudKind::Openstack => MonitorSettings::Octavia {
                load_balancers,
                stats_cache: stats_cache.unwrap_or(OCTAVIA_STATS_CACHE),
            },
            CloudKind::Rackspace | CloudKind::None => MonitorSettings::RackspaceLb {
                load_balancers,
                stats_cache: stats_cache.unwrap_or(RACKSPACE_STATS_CACHE),
            },
        }
    }

    /// The kind as it stands in settings.
    pub fn kind(&self) -> &'static str {
        match self {
            MonitorSettings::RackspaceLb { .. } => KINDS[0].name,
            MonitorSettings::Octavia { .. } => KINDS[1].name,
        }
    }

    /// The balancers it adds up, by name or id.
    pub fn load_balancers(&self) -> &[String] {
        match self {
            MonitorSettings::RackspaceLb { load_balancers, .. }
            | MonitorSettings::Octavia { load_balancers, .. } => load_balancers,
        }
    }

    /// How old a reading can be when it arrives.
    pub fn stats_cache(&self) -> Duration {
        match self {
            MonitorSettings::RackspaceLb { stats_cache, .. }
            | MonitorSettings::Octavia { stats_cache, .. } => *stats_cache,
        }
    }

    pub(super) fn rows(&self, group: &str, rows: &mut Rows<'_>) {
        let key = |name| join(&join(group, "monitor"), name);
        rows.add(key(KIND), self.kind());
        rows.add_either(
            key("load_balancers"),
            join(group, "load_balancers"),
            self.load_balancers().join(", "),
        );
        rows.add_either(key("stats_cache"), join(group, "stats_cache"), duration::show(self.stats_cache()));
    }
}
