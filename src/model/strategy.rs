//! Strategies: what decides how many servers a load calls for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How the size that a load calls for is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Keep utilization inside a band.
    #[default]
    Threshold,
    /// Keep utilization at a target.
    TargetTracking,
    /// Have what the load will need when a server asked for now would serve.
    Predictive,
}

impl Strategy {
    /// Their names, as they stand in settings.
    pub const NAMES: [&str; 3] = ["threshold", "target-tracking", "predictive"];

    /// The longest time between passes at which `Predictive` can forecast: so long a reading is taken to have held
    /// for the minutes without a pass; a longer silence may be an outage.
    pub const LONGEST_BETWEEN_PASSES: Duration = Duration::from_secs(10 * 60);

    /// The longest boot that `Predictive` plans for; beyond it the plan is for this long. Each minute of it takes half a
    /// kilobyte of what is remembered from pass to pass, which is to stay below 64.
    pub const LONGEST_BOOT: Duration = Duration::from_secs(20 * 60);

    /// The name, as it stands in settings.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The strategy of that name; none if there is none.
    pub fn named(name: &str) -> Option<Strategy> {
        [Strategy::Threshold, Strategy::TargetTracking, Strategy::Predictive]
            .into_iter()
            .find(|strategy| strategy.name() == name)
    }
}

/// The rules of target tracking, by the names that Kubernetes' HorizontalPodAutoscaler gives to its own
/// (`behavior` in autoscaling/v2) where it has them; its defaults too.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TargetTracking {
    /// The utilization that is aimed at.
    pub target: f64,
    /// How the group grows.
    pub up: Pace,
    /// How it shrinks.
    pub down: Pace,
}

/// How fast target tracking moves in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// How far utilization may lie from the target on this side before a move, relative to the target.
    pub tolerance: f64,
    /// So long the most cautious of the recommendations counts.
    pub stabilization: Duration,
    /// In a period the group changes by at most so many servers, or so many percent: whichever is more.
    pub servers: u32,
    /// See `servers`.
    pub percent: f64,
    /// The period of `servers` and `percent`.
    pub period: Duration,
}

impl Default for TargetTracking {
    fn default() -> Self {
        let pace = |stabilization, servers| Pace {
            tolerance: 0.1,
            stabilization: Duration::from_secs(stabilization),
            servers,
            percent: 100.0,
            period: Duration::from_secs(15),
        };
        TargetTracking { target: 0.7, up: pace(0, 4), down: pace(300, 0) }
    }
}
