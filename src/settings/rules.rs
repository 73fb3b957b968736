//! The rules of a group as they stand in settings; what they mean and their defaults are the model's.

use std::time::Duration;

use serde::Deserialize;

use super::duration;
use super::origin::Rows;
use super::problem::Report;
use super::schema::join;
use crate::model::Rules;

/// Each rule that was written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RulesTable {
    scale_up_above: Option<f64>,
    scale_down_below: Option<f64>,
    scale_up_after: Option<u32>,
    scale_down_after: Option<u32>,
    #[serde(deserialize_with = "duration::deserialize_some")]
    cooldown: Option<Duration>,
    #[serde(deserialize_with = "duration::deserialize_some")]
    stats_max_age: Option<Duration>,
    #[serde(deserialize_with = "duration::deserialize_some")]
    boot_timeout: Option<Duration>,
    min: Option<u32>,
    max: Option<u32>,
}

impl RulesTable {
    /// Fills in the defaults, and tells what contradicts itself.
    pub(super) fn resolve(self, at: &str, report: &mut Report) -> Rules {
        let default = Rules::default();
        let rules = Rules {
            scale_up_above: self.scale_up_above.unwrap_or(default.scale_up_above),
            scale_down_below: self.scale_down_below.unwrap_or(default.scale_down_below),
            scale_up_after: self.scale_up_after.unwrap_or(default.scale_up_after),
            scale_down_after: self.scale_down_after.unwrap_or(default.scale_down_after),
            cooldown: self.cooldown.unwrap_or(default.cooldown),
            stats_max_age: self.stats_max_age.unwrap_or(default.stats_max_age),
            boot_timeout: self.boot_timeout.unwrap_or(default.boot_timeout),
            min: self.min.or(default.min),
            max: self.max.or(default.max),
        };
        tell_contradictions(&rules, at, report);
        rules
    }
}

fn tell_contradictions(rules: &Rules, at: &str, report: &mut Report) {
    if rules.scale_down_below >= rules.scale_up_above {
        let fault = format!(
            "must be below scale_up_above, which is {}; between the two lies what is right",
            rules.scale_up_above
        );
        report.tell(&join(at, "scale_down_below"), Some(rules.scale_down_below.to_string()), fault);
    }
    if let (Some(min), Some(max)) = (rules.min, rules.max)
        && min > max
    {
        report.tell(&join(at, "min"), Some(min.to_string()), format!("is more than max, which is {max}"));
    }
}

pub(super) fn rows(rules: &Rules, at: &str, rows: &mut Rows<'_>) {
    rows.add(join(at, "scale_up_above"), rules.scale_up_above);
    rows.add(join(at, "scale_down_below"), rules.scale_down_below);
    rows.add(join(at, "scale_up_after"), rules.scale_up_after);
    rows.add(join(at, "scale_down_after"), rules.scale_down_after);
    rows.add(join(at, "cooldown"), duration::show(rules.cooldown));
    rows.add(join(at, "stats_max_age"), duration::show(rules.stats_max_age));
    rows.add(join(at, "boot_timeout"), duration::show(rules.boot_timeout));
    rows.add_some(join(at, "min"), rules.min);
    rows.add_some(join(at, "max"), rules.max);
}
