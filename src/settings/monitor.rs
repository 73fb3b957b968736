//! A group's monitor: what it measures and where. One variant and one table of keys for each kind.

use std::time::Duration;

use serde::Deserialize;

use super::cloud::CloudKind;
use super::duration;
use super::heartbeat::{self, HeartbeatSettings, HeartbeatTable};
use super::origin::Rows;
use super::place::Place;
use super::problem::Report;
use super::schema::{Form, KIND, Key, Kind, join};

/// How long Cloud Load Balancers keep statistics (Atlas: memcached, 300 s).
const RACKSPACE_STATS_CACHE: Duration = Duration::from_secs(300);
/// How often Octavia's amphorae report theirs (heartbeat interval).
const OCTAVIA_STATS_CACHE: Duration = Duration::from_secs(10);

/// Every kind of monitor with its keys.
pub(super) const KINDS: &[Kind] = &[
    Kind { name: "rackspace-lb", keys: BALANCERS },
    Kind { name: "octavia", keys: BALANCERS },
    Kind { name: "heartbeat", keys: heartbeat::KEYS },
];

/// The keys of a monitor that reads balancers; those of the short form, too.
const BALANCERS: &[Key] = &[
    Key::required(KIND, Form::Text),
    Key::required("load_balancers", Form::Names),
    Key::new("stats_cache", Form::DurationOrZero),
];

/// What a group measures its load by, as it stands in settings.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum MonitorTable {
    RackspaceLb {
        #[serde(default)]
        load_balancers: Vec<String>,
        #[serde(default = "rackspace_stats_cache", deserialize_with = "duration::deserialize")]
        stats_cache: Duration,
    },
    Octavia {
        #[serde(default)]
        load_balancers: Vec<String>,
        #[serde(default = "octavia_stats_cache", deserialize_with = "duration::deserialize")]
        stats_cache: Duration,
    },
    Heartbeat(HeartbeatTable),
}

/// What a group measures its load by.
#[derive(Debug, Clone, PartialEq)]
pub enum MonitorSettings {
    /// Active connections of Rackspace Cloud Load Balancers.
    RackspaceLb {
        /// By name or id; their connections add up.
        load_balancers: Vec<String>,
        /// How old their statistics can be when they arrive.
        stats_cache: Duration,
    },
    /// Active connections of OpenStack Octavia load balancers.
    Octavia {
        /// By name or id; their connections add up.
        load_balancers: Vec<String>,
        /// How old their statistics can be when they arrive.
        stats_cache: Duration,
    },
    /// How fast pages answer.
    Heartbeat(HeartbeatSettings),
}

fn rackspace_stats_cache() -> Duration {
    RACKSPACE_STATS_CACHE
}

fn octavia_stats_cache() -> Duration {
    OCTAVIA_STATS_CACHE
}

impl MonitorTable {
    /// Fills in what follows from the rest, and tells what does not go together.
    pub(super) fn resolve(self, at: &str, place: &Place<'_>, report: &mut Report) -> MonitorSettings {
        match self {
            MonitorTable::RackspaceLb { load_balancers, stats_cache } => {
                MonitorSettings::RackspaceLb { load_balancers, stats_cache }
            }
            MonitorTable::Octavia { load_balancers, stats_cache } => {
                MonitorSettings::Octavia { load_balancers, stats_cache }
            }
            MonitorTable::Heartbeat(table) => MonitorSettings::Heartbeat(table.resolve(at, place, report)),
        }
    }
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
            MonitorSettings::Heartbeat(_) => KINDS[2].name,
        }
    }

    /// Whether it says high, right or low itself, so that rules about utilization do not matter.
    pub fn judges(&self) -> bool {
        matches!(self, MonitorSettings::Heartbeat(_))
    }

    /// Whether it is a service of the cloud that one signs in to.
    pub fn is_the_clouds(&self) -> bool {
        !matches!(self, MonitorSettings::Heartbeat(_))
    }

    /// How old a reading can be when it arrives.
    pub fn stats_cache(&self) -> Duration {
        match self {
            MonitorSettings::RackspaceLb { stats_cache, .. }
            | MonitorSettings::Octavia { stats_cache, .. } => *stats_cache,
            MonitorSettings::Heartbeat(_) => Duration::ZERO,
        }
    }

    pub(super) fn rows(&self, group: &str, rows: &mut Rows<'_>) {
        let at = join(group, "monitor");
        rows.add(join(&at, KIND), self.kind());
        match self {
            MonitorSettings::RackspaceLb { load_balancers, stats_cache }
            | MonitorSettings::Octavia { load_balancers, stats_cache } => {
                let mut row = |name, value| rows.add_either(join(&at, name), join(group, name), value);
                row("load_balancers", load_balancers.join(", "));
                row("stats_cache", duration::show(*stats_cache));
            }
            MonitorSettings::Heartbeat(settings) => settings.rows(&at, rows),
        }
    }
}
