//! What settings allow but cannot be meant, or will not work well. Pure; needs no cloud, but says more with its facts.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::duration::show;
use super::{GroupSettings, ScalerSettings};
use crate::model::{Direction, Limits, Rules, Strategy};

/// Utilizations closer than this are taken to be equal: they come from decimal fractions.
const SAME: f64 = 1e-9;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It works, but hardly as wished.
    Warning,
    /// It cannot work, or cannot be meant.
    Error,
}

/// One thing to mend.
#[derive(Debug, Clone, PartialEq)]
pub struct Lint {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub kind: LintKind,
}

/// What can be wrong with rules that are right by themselves.
#[derive(Debug, Clone, PartialEq)]
pub enum LintKind {
    /// Right after a move up by one server the group reads as too large.
    NarrowBand(NarrowBand),
    /// After a move the next readings may still stem from before it.
    CooldownBelowCache {
        /// The longest of ours and the group's.
        cooldown: Duration,
        /// How old a reading can be.
        stats_cache: Duration,
    },
    /// Several passes in a row see the same reading.
    IntervalBelowCache {
        /// From pass to pass.
        interval: Duration,
        /// How old a reading can be.
        stats_cache: Duration,
    },
    /// Every reading may be too old to use.
    NoReadingUsable {
        /// The oldest that may be used.
        stats_max_age: Duration,
        /// How old a reading can be.
        stats_cache: Duration,
    },
    /// Passes come too rarely for the forecast that the strategy goes by.
    TooRareForForecast {
        /// From pass to pass.
        interval: Duration,
    },
    /// Servers boot for longer than the strategy looks ahead.
    BootBeyondForecast {
        /// How long.
        boot: Duration,
    },
    /// The group is moved by policies, which have steps of their own.
    IncrementWithoutUse(u32),
    /// The group's monitor says itself whether its reading is high or low.
    StrategyWithoutUse(Strategy),
    /// Our limits and the group's have no number in common.
    LimitsApart {
        /// Our lower limit.
        min: Option<u32>,
        /// Our upper limit.
        max: Option<u32>,
        /// The group's.
        group: Limits,
    },
}

/// A band that is narrower than one server at some sizes of the fleet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NarrowBand {
    /// The smallest size, reached by a move up, that reads as too large.
    pub from: u32,
    /// The largest such size.
    pub to: u32,
    /// A `scale_down_below` that would do for all of them.
    pub scale_down_below: f64,
    /// A `min` that would do with the band as it is.
    pub min: u32,
    /// The band as it is.
    pub band: (f64, f64),
}

/// What is known of a group besides its settings.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known {
    /// From pass to pass, with `--interval`.
    pub interval: Option<Duration>,
    /// The scaling group's own cooldown.
    pub cooldown: Option<Duration>,
    /// The scaling group's own limits.
    pub limits: Option<Limits>,
}

/// Everything that can be said of one group; with nothing known beside its settings, what these say alone.
pub fn lint_group(group: &GroupSettings, known: &Known) -> Vec<Lint> {
    let (rules, stats_cache) = (&group.rules.rules, group.monitor.stats_cache());
    let goes_by_load = !group.monitor.judges();
    let found = [
        limits_apart(&group.rules.tightest(), known.limits),
        increment_without_use(group),
        strategy_without_use(group),
        no_reading_usable(rules, stats_cache),
        narrow_band(&group.rules.widest(), known.limits)
            .filter(|_| goes_by_load && rules.strategy == Strategy::Threshold)
            .map(LintKind::NarrowBand),
        cooldown_below_cache(rules, known.cooldown, stats_cache),
        interval_below_cache(known.interval, stats_cache),
        known.interval.and_then(|interval| too_rare_for_forecast(rules, interval)).filter(|_| goes_by_load),
        boot_beyond_forecast(rules).filter(|_| goes_by_load),
    ];
    found.into_iter().flatten().map(|kind| Lint { severity: kind.severity(), kind }).collect()
}

impl LintKind {
    fn severity(&self) -> Severity {
        match self {
            LintKind::NoReadingUsable { .. } | LintKind::LimitsApart { .. } => Severity::Error,
            _ => Severity::Warning,
        }
    }
}

/// For moves by one server: from n servers the group goes up just above `scale_up_above`, and is then at
/// n / (n + 1) of that; where this lies below `scale_down_below`, the band is narrower than a server.
fn narrow_band(rules: &Rules, limits: Option<Limits>) -> Option<NarrowBand> {
    let (low, high) = (rules.scale_down_below, rules.scale_up_above);
    let after_up_from = |n: u32| high * f64::from(n) / (f64::from(n) + 1.0);
    let smallest = rules.min.unwrap_or(0).max(limits.map_or(0, |limits| limits.min)).max(1);
    let largest = rules.max.unwrap_or(u32::MAX).min(limits.map_or(u32::MAX, |limits| limits.max));
    let enough = (low / (high - low) - SAME).ceil().max(1.0) as u32;
    if enough <= smallest || smallest >= largest {
        return None;
    }
    Some(NarrowBand {
        from: smallest + 1,
        to: enough.min(largest),
        scale_down_below: two_digits(after_up_from(smallest)),
        min: enough,
        band: (low, high),
    })
}

/// Rounded down to two digits, to be easy to write and still do.
fn two_digits(value: f64) -> f64 {
    let scale = 10f64.powi(1 - value.log10().floor() as i32);
    (value * scale + SAME).floor() / scale
}

fn cooldown_below_cache(rules: &Rules, clouds: Option<Duration>, stats_cache: Duration) -> Option<LintKind> {
    // Without the cloud's, only a cooldown that somebody chose can be called too short.
    let ours = rules.cooldown_before(Direction::Up).min(rules.cooldown_before(Direction::Down));
    let cooldown = ours.max(clouds.unwrap_or_default());
    let judged = clouds.is_some() || !ours.is_zero();
    (judged && cooldown < stats_cache).then_some(LintKind::CooldownBelowCache { cooldown, stats_cache })
}

fn interval_below_cache(interval: Option<Duration>, stats_cache: Duration) -> Option<LintKind> {
    let interval = interval.filter(|interval| *interval < stats_cache)?;
    Some(LintKind::IntervalBelowCache { interval, stats_cache })
}

/// Whether the strategy could forecast with passes `interval` apart.
pub fn too_rare_for_forecast(rules: &Rules, interval: Duration) -> Option<LintKind> {
    let rare = rules.strategy == Strategy::Predictive && interval > Strategy::LONGEST_BETWEEN_PASSES;
    rare.then_some(LintKind::TooRareForForecast { interval })
}

fn boot_beyond_forecast(rules: &Rules) -> Option<LintKind> {
    let boot = rules.boot.filter(|boot| *boot > Strategy::LONGEST_BOOT)?;
    (rules.strategy == Strategy::Predictive).then_some(LintKind::BootBeyondForecast { boot })
}

fn no_reading_usable(rules: &Rules, stats_cache: Duration) -> Option<LintKind> {
    let stats_max_age = rules.stats_max_age;
    (stats_max_age <= stats_cache).then_some(LintKind::NoReadingUsable { stats_max_age, stats_cache })
}

fn increment_without_use(group: &GroupSettings) -> Option<LintKind> {
    let by_policies = matches!(group.scaler, ScalerSettings::Autoscale { .. });
    group.rules.rules.increment.filter(|_| by_policies).map(LintKind::IncrementWithoutUse)
}

fn strategy_without_use(group: &GroupSettings) -> Option<LintKind> {
    let strategy = Some(group.rules.rules.strategy).filter(|strategy| *strategy != Strategy::Threshold);
    strategy.filter(|_| group.monitor.judges()).map(LintKind::StrategyWithoutUse)
}

fn limits_apart(rules: &Rules, limits: Option<Limits>) -> Option<LintKind> {
    let group = limits?;
    let apart = rules.min.is_some_and(|min| min > group.max) || rules.max.is_some_and(|max| max < group.min);
    apart.then_some(LintKind::LimitsApart { min: rules.min, max: rules.max, group })
}

impl fmt::Display for LintKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LintKind::NarrowBand(narrow) => narrow.fmt(f),
            LintKind::CooldownBelowCache { cooldown, stats_cache } => write!(
                f,
                "the cooldown of {} is shorter than the {} that a reading can be old: a move may be decided on \
                 connections from before the last one; set cooldown to at least {}",
                show(*cooldown),
                show(*stats_cache),
                show(*stats_cache)
            ),
            LintKind::IntervalBelowCache { interval, stats_cache } => write!(
                f,
                "the interval of {} is shorter than the {} that statistics are cached: passes in a row may see one \
                 reading twice and take it for a confirmation; use an interval above {}",
                show(*interval),
                show(*stats_cache),
                show(*stats_cache)
            ),
            LintKind::NoReadingUsable { stats_max_age, stats_cache } => write!(
                f,
                "stats_max_age is {}, but a reading can be {} old when it arrives, so none could be used; \
                 set stats_max_age well above {}",
                show(*stats_max_age),
                show(*stats_cache),
                show(*stats_cache)
            ),
            LintKind::TooRareForForecast { interval } => write!(
                f,
                "passes come {} apart, and strategy \"predictive\" forecasts only up to {} from pass to pass: it would \
                 always keep to the target instead; make a pass at least every {}, better every minute, or set \
                 strategy = \"target-tracking\"",
                show(*interval),
                show(Strategy::LONGEST_BETWEEN_PASSES),
                show(Strategy::LONGEST_BETWEEN_PASSES)
            ),
            LintKind::BootBeyondForecast { boot } => write!(
                f,
                "boot is {}, but strategy \"predictive\" looks {} ahead at most: what rises later than that is met late; \
                 have servers boot sooner, from an image that needs no setting up, or keep more of them by min",
                show(*boot),
                show(Strategy::LONGEST_BOOT)
            ),
            LintKind::IncrementWithoutUse(increment) => write!(
                f,
                "increment = {increment} has no effect: this group is moved by its policies, and their steps are what \
                 counts; leave it out"
            ),
            LintKind::StrategyWithoutUse(strategy) => write!(
                f,
                "strategy = {:?} has no effect: a heartbeat says itself whether it is high or low, and tells no \
                 load to find a size for; leave it out",
                strategy.name()
            ),
            LintKind::LimitsApart { min, max, group } => {
                let ours = |limit: &Option<u32>| limit.map_or("none".to_owned(), |limit| limit.to_string());
                write!(
                    f,
                    "min {} and max {} can never be reached: the scaling group allows {} to {} servers",
                    ours(min),
                    ours(max),
                    group.min,
                    group.max
                )
            }
        }
    }
}

impl fmt::Display for NarrowBand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = self.band;
        let sizes =
            if self.from == self.to { self.to.to_string() } else { format!("{} to {}", self.from, self.to) };
        write!(
            f,
            "at {sizes} servers the band from {low} to {high} is narrower than one server: just after a move up by one \
             the group reads as too large, and a server too many stays until the load has fallen far enough for a move \
             down that would not flap; scale_down_below = {} or min = {} would do",
            self.scale_down_below, self.min
        )
    }
}

#[cfg(test)]
mod tests;
