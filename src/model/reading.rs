//! Readings: what a monitor measured, and when.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One measurement by a monitor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// What was measured.
    pub signal: Signal,
    /// The earliest and latest instant it can stem from.
    pub taken: Window,
    /// The balancers it adds up, if it comes from balancers.
    pub balancers: Vec<BalancerLoad>,
    /// The servers behind the balancers; none if the monitor does not see servers.
    pub nodes: Option<Nodes>,
    /// The heartbeat it was judged by, if it comes from heartbeats: the worst of all pages'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beat: Option<Beat>,
}

/// What a monitor yields: a load that capacity divides, or a judgement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Signal {
    /// Work that must be carried whatever the fleet's size, such as active connections.
    Demand {
        /// In active connections.
        load: f64,
    },
    /// High, right or low by the monitor's own measure, such as a response time.
    Level {
        /// The judgement.
        level: Level,
        /// What it was judged by, in milliseconds.
        value: f64,
    },
}

impl Signal {
    /// The load; none where the monitor judged by itself.
    pub fn load(&self) -> Option<f64> {
        match *self {
            Signal::Demand { load } => Some(load),
            Signal::Level { .. } => None,
        }
    }
}

/// On which side of the band a group is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Too much work for the servers.
    High,
    /// Neither.
    Right,
    /// Too little work for the servers.
    Low,
}

impl Level {
    /// The level in one word.
    pub fn name(self) -> &'static str {
        match self {
            Level::High => "high",
            Level::Right => "right",
            Level::Low => "low",
        }
    }
}

/// The instants between which a reading was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Not before this.
    pub earliest: Timestamp,
    /// Not after this.
    pub latest: Timestamp,
}

/// One balancer's share of a reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BalancerLoad {
    /// The cloud's id.
    pub id: String,
    /// The cloud's name.
    pub name: String,
    /// Active connections, plain and TLS together.
    pub connections: u64,
}

/// One page's answer to a heartbeat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Beat {
    /// The page.
    pub url: String,
    /// What was wrong with the answer, in which case it is high however soon it came.
    pub error: Option<String>,
    /// The milliseconds that the name took; none where none was looked up.
    pub dns: Option<f64>,
    /// The milliseconds that the connection took, TLS included; none where one was open.
    pub connect: Option<f64>,
}

/// The distinct servers behind the listed balancers, fixed ones included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nodes {
    /// Enabled, online and primary on at least one balancer.
    pub serving: u32,
    /// Meant to serve but offline on every balancer they are on.
    pub offline: u32,
    /// All that are on a balancer, whatever their condition.
    pub total: u32,
}
