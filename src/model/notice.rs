//! What a notifier can be asked to tell: the conditions, how grave each is, and what one notifier wants.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Something about a group that people want to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// A pass was made.
    EveryPass,
    /// The fleet was scaled.
    EveryScale,
    /// A move failed, or its answer was lost.
    ScaleFails,
    /// The load calls for more servers than the maximum allows.
    NeedsExceedMax,
    /// The load calls for fewer servers than the minimum allows.
    NeedsBelowMin,
    /// The fleet changed by more than so many servers within some time.
    ScaleDiffExceeds,
    /// Nothing could be decided on for longer than some time.
    ReadingMissing,
    /// The fleet is outside its limits.
    OutsideLimits,
    /// A dry run would have scaled.
    DryRunWouldScale,
    /// A condition that was told no longer holds.
    Recovered,
}

impl Condition {
    /// Their names in settings and messages, in the order of the enum.
    pub const NAMES: [&str; 10] = [
        "every-pass",
        "every-scale",
        "scale-fails",
        "needs-exceed-max",
        "needs-below-min",
        "scale-diff-exceeds",
        "reading-missing",
        "outside-limits",
        "dry-run-would-scale",
        "recovered",
    ];

    /// As it stands in settings and messages.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// How grave it is.
    pub fn severity(self) -> Severity {
        match self {
            Condition::ScaleFails | Condition::ReadingMissing => Severity::Error,
            Condition::NeedsExceedMax | Condition::ScaleDiffExceeds | Condition::OutsideLimits => {
                Severity::Warning
            }
            Condition::EveryPass
            | Condition::EveryScale
            | Condition::NeedsBelowMin
            | Condition::DryRunWouldScale
            | Condition::Recovered => Severity::Info,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How grave a notice is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    #[default]
    Info,
    /// Somebody should look.
    Warning,
    /// Something does not work.
    Error,
}

impl Severity {
    /// Their names in settings and messages, in the order of the enum.
    pub const NAMES: [&str; 3] = ["info", "warning", "error"];

    /// As it stands in settings and messages.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// What one notifier wants to be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Interest {
    /// The conditions.
    pub when: BTreeSet<Condition>,
    /// Nothing less grave than this.
    pub level: Severity,
    /// Only of these groups; none for all.
    pub groups: Option<BTreeSet<String>>,
    /// How long nothing could be decided on before [`Condition::ReadingMissing`] holds.
    pub reading_missing_for: Duration,
    /// When [`Condition::ScaleDiffExceeds`] holds, more than so many servers; none if it is not asked for.
    pub scale_diff_exceeds: Option<u32>,
    /// Within so long.
    pub scale_diff_within: Duration,
    /// How long after a condition was told it is told again while it holds; zero for never.
    pub again_after: Duration,
}

/// What autoscalebot tells unless it is told otherwise, and a group that cannot be worked.
impl Default for Interest {
    fn default() -> Self {
        Interest {
            when: [Condition::NeedsExceedMax, Condition::ReadingMissing, Condition::Recovered].into(),
            level: Severity::Info,
            groups: None,
            reading_missing_for: Duration::from_secs(15 * 60),
            scale_diff_exceeds: None,
            scale_diff_within: Duration::from_secs(10 * 60),
            again_after: Duration::from_secs(6 * 3600),
        }
    }
}

impl Interest {
    /// Whether a condition of this group is wanted.
    pub fn wants(&self, condition: Condition, group: &str) -> bool {
        self.when.contains(&condition)
            && condition.severity() >= self.level
            && self.groups.as_ref().is_none_or(|groups| groups.contains(group))
    }

    /// Whether the ends of conditions are wanted.
    pub fn wants_ends(&self) -> bool {
        self.when.contains(&Condition::Recovered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_are_written() {
        for (index, name) in Condition::NAMES.iter().enumerate() {
            let condition: Condition = serde_json::from_value((*name).into()).expect(name);
            assert_eq!((condition as usize, condition.name()), (index, *name));
        }
        for (index, name) in Severity::NAMES.iter().enumerate() {
            let severity: Severity = serde_json::from_value((*name).into()).expect(name);
            assert_eq!((severity as usize, severity.name()), (index, *name));
        }
    }
}
