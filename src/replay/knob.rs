//! The numeric rules of a group, each to be turned by itself: what a sweep can try.

use std::time::Duration;

use crate::model::Rules;

/// One numeric rule.
#[derive(Debug, Clone, Copy)]
pub struct Knob {
    /// Its name, as its key in the settings; those of `tracking` without that word before them.
    pub name: &'static str,
    /// What its value is counted in.
    pub unit: Unit,
    set: fn(&mut Rules, f64),
}

/// What a rule's value is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A number above zero.
    Number,
    /// A number, zero too.
    NumberOrZero,
    /// Whole servers or readings, one or more.
    Count,
    /// The same, none too.
    CountOrZero,
    /// Seconds.
    Time,
}

impl PartialEq for Knob {
    fn eq(&self, other: &Knob) -> bool {
        self.name == other.name
    }
}

const fn knob(name: &'static str, unit: Unit, set: fn(&mut Rules, f64)) -> Knob {
    Knob { name, unit, set }
}

/// All of them.
pub const KNOBS: [Knob; 23] = [
    knob("target", Unit::Number, |rules, value| rules.tracking.target = value),
    knob("scale_up_above", Unit::Number, |rules, value| rules.scale_up_above = value),
    knob("scale_down_below", Unit::Number, |rules, value| rules.scale_down_below = value),
    knob("scale_up_after", Unit::Count, |rules, value| rules.scale_up_after = count(value)),
    knob("scale_down_after", Unit::Count, |rules, value| rules.scale_down_after = count(value)),
    knob("cooldown", Unit::Time, |rules, value| rules.cooldown = seconds(value)),
    knob("scale_up_cooldown", Unit::Time, |rules, value| rules.scale_up_cooldown = Some(seconds(value))),
    knob("scale_down_cooldown", Unit::Time, |rules, value| rules.scale_down_cooldown = Some(seconds(value))),
    knob("increment", Unit::Count, |rules, value| rules.increment = Some(count(value))),
    knob("min", Unit::CountOrZero, |rules, value| rules.min = Some(count(value))),
    knob("max", Unit::CountOrZero, |rules, value| rules.max = Some(count(value))),
    knob("boot", Unit::Time, |rules, value| rules.boot = Some(seconds(value))),
    knob("boot_timeout", Unit::Time, |rules, value| rules.boot_timeout = seconds(value)),
    knob("tolerance_up", Unit::NumberOrZero, |rules, value| rules.tracking.up.tolerance = value),
    knob("stabilization_up", Unit::Time, |rules, value| rules.tracking.up.stabilization = seconds(value)),
    knob("servers_up", Unit::CountOrZero, |rules, value| rules.tracking.up.servers = count(value)),
    knob("percent_up", Unit::NumberOrZero, |rules, value| rules.tracking.up.percent = value),
    knob("period_up", Unit::Time, |rules, value| rules.tracking.up.period = seconds(value)),
    knob("tolerance_down", Unit::NumberOrZero, |rules, value| rules.tracking.down.tolerance = value),
    knob("stabilization_down", Unit::Time, |rules, value| rules.tracking.down.stabilization = seconds(value)),
    knob("servers_down", Unit::CountOrZero, |rules, value| rules.tracking.down.servers = count(value)),
    knob("percent_down", Unit::NumberOrZero, |rules, value| rules.tracking.down.percent = value),
    knob("period_down", Unit::Time, |rules, value| rules.tracking.down.period = seconds(value)),
];

impl Knob {
    /// The knob of that name; none if there is none.
    pub fn named(name: &str) -> Option<Knob> {
        KNOBS.into_iter().find(|knob| knob.name == name)
    }

    /// Turns `rules` to `value`.
    pub fn turn(&self, rules: &mut Rules, value: f64) {
        (self.set)(rules, value);
    }

    /// `points` values from the first to the last, both included; of whole ones no more than there are.
    pub fn values(&self, from: f64, to: f64, points: u32) -> Vec<f64> {
        let at =
            |point: u32| from + (to - from) * f64::from(point) / f64::from(points.saturating_sub(1).max(1));
        let mut values: Vec<f64> = (0..points).map(at).collect();
        if matches!(self.unit, Unit::Count | Unit::CountOrZero | Unit::Time) {
            values.iter_mut().for_each(|value| *value = value.round());
            values.dedup();
        }
        values
    }
}

fn count(value: f64) -> u32 {
    value.round().max(0.0) as u32
}

fn seconds(value: f64) -> Duration {
    Duration::from_secs(value.round().max(0.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_knob_turns_a_rule_of_its_own() {
        let mut turned: Vec<Rules> = Vec::new();
        for knob in KNOBS {
            let mut rules = Rules::default();
            knob.turn(&mut rules, 7.0);
            assert_ne!(rules, Rules::default(), "{}", knob.name);
            assert!(!turned.contains(&rules), "{} turns what another turns", knob.name);
            turned.push(rules);
            assert_eq!(Knob::named(knob.name), Some(knob));
        }
        assert_eq!(Knob::named("strategy"), None);
    }

    #[test]
    fn values_include_both_ends_and_whole_ones_come_once() {
        let named = |name| Knob::named(name).into_iter();
        assert!(named("target").all(|knob| knob.values(0.5, 1.0, 3) == [0.5, 0.75, 1.0]));
        assert!(named("scale_up_after").all(|knob| knob.values(1.0, 3.0, 11) == [1.0, 2.0, 3.0]));
    }
}
