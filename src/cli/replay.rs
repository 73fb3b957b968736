//! What can be typed after `replay`.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::model::{Direction, Effect, Step, Strategy};
use crate::replay::knob::{KNOBS, Knob, Unit};
use crate::replay::peers::Peer;
use crate::settings::duration;

/// A recorded load, the fleet that meets it, and what is judged.
///
/// The load is that of TRACE.csv, else of the journal of the live group that --group names: then its rules,
/// policies, limits and cooldown are judged as they are, and how it went is shown beside. With a trace,
/// --settings or --group name groups whose rules are judged; with --strategy those strategies at their
/// defaults; with neither, all strategies.
#[derive(Debug, Clone, Args)]
pub struct ReplayArgs {
    /// The recorded load: CSV with a header `timestamp,value`, RFC 3339 or epoch seconds.
    #[arg(value_name = "TRACE.csv")]
    pub trace: Option<PathBuf>,
    /// How far back the group's journal is replayed [default: 28d].
    #[arg(long, value_name = "DURATION", value_parser = since)]
    pub since: Option<Duration>,
    /// The load that one server carries well, in the unit of the trace [default: the group's].
    #[arg(long, value_name = "LOAD", value_parser = above_zero)]
    pub capacity: Option<f64>,
    /// How long a server takes from being asked for to serving [default: the group's, 3m for a trace].
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub boot: Option<Duration>,
    /// The time from pass to pass [default: the group's, 60s for a trace].
    #[arg(long, value_name = "DURATION", value_parser = every)]
    pub every: Option<Duration>,
    /// The fewest servers [default: the group's, 2 for a trace].
    #[arg(long, value_name = "SERVERS")]
    pub min: Option<u32>,
    /// The most servers [default: the group's, 1000 for a trace].
    #[arg(long, value_name = "SERVERS")]
    pub max: Option<u32>,
    /// A strategy to judge (repeatable).
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Strategy::NAMES))]
    pub strategy: Vec<String>,
    /// Known policies to compare with, their rules re-implemented.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = PossibleValuesParser::new(Peer::NAMES))]
    pub against: Vec<String>,
    /// A policy that the group has: +1, -1, +50%, =4 (repeatable) [default: the group's; any number can be set
    /// for a trace].
    #[arg(long = "policy", value_name = "EFFECT", value_parser = policy, allow_hyphen_values = true)]
    pub policies: Vec<Step>,
    /// The group's pause between any two moves [default: the group's, none for a trace].
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub cooldown: Option<Duration>,
    /// Judge many values of one numeric rule: target=0.5..1.0, scale_down_after=1..10, cooldown=0s..15m,
    /// stabilization_down=0s..30m.
    #[arg(long, value_name = "KEY=FROM..TO", value_parser = sweep)]
    pub sweep: Option<Sweep>,
    /// How many values a sweep tries.
    #[arg(long, value_name = "COUNT", default_value_t = 11, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    pub points: u32,
    /// Draw the course of what is judged first, or the trade-off that a sweep finds, as SVG.
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// Write all of it as one page that needs nothing else: scores, pictures, settings judged.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// One rule, and the values to try for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// Which rule.
    pub knob: Knob,
    /// From the first value to the last; seconds for a time.
    pub values: RangeInclusive<f64>,
}

fn not_negative(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
        _ => Err("a number of zero or more is wanted".to_owned()),
    }
}

fn above_zero(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("a number above zero is wanted".to_owned()),
    }
}

fn whole(text: &str, least: u32) -> Result<f64, String> {
    let number = text.parse::<u32>().ok().filter(|number| *number >= least);
    number.map(f64::from).ok_or_else(|| format!("{text:?} is no whole number from {least} up"))
}

/// A duration in which days are written too: 28d, 36h.
fn since(text: &str) -> Result<Duration, String> {
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u32>().ok());
    match days {
        Some(days) => Ok(Duration::from_secs(u64::from(days) * 24 * 3600)),
        None => duration::parse(text),
    }
}

/// A replay steps by whole seconds.
fn every(text: &str) -> Result<Duration, String> {
    match super::interval(text)? {
        interval if interval.subsec_nanos() == 0 => Ok(interval),
        _ => Err("whole seconds are wanted".to_owned()),
    }
}

fn policy(text: &str) -> Result<Step, String> {
    let wanted = || "a policy is +1, -1, +50%, -10% or =4".to_owned();
    let effect = if let Some(number) = text.strip_prefix('=') {
        Effect::Desired(number.parse().map_err(|_| wanted())?)
    } else if let Some(percent) = text.strip_suffix('%') {
        Effect::Percent(percent.parse().ok().filter(|p: &f64| p.is_finite()).ok_or_else(wanted)?)
    } else {
        Effect::Change(text.parse().map_err(|_| wanted())?)
    };
    if matches!(effect, Effect::Change(0) | Effect::Percent(0.0)) {
        return Err(format!("this moves nothing; {}", wanted()));
    }
    let direction = if text.starts_with('-') { Direction::Down } else { Direction::Up };
    Ok(Step { id: text.to_owned(), name: text.to_owned(), direction, effect, cooldown: Duration::ZERO })
}

fn sweep(text: &str) -> Result<Sweep, String> {
    let wanted =
        || "a sweep is RULE=FROM..TO with FROM below TO, such as target=0.5..1.0 or cooldown=0s..15m";
    let (name, values) = text.split_once('=').ok_or_else(wanted)?;
    let (from, to) = values.split_once("..").ok_or_else(wanted)?;
    let knob = Knob::named(name).ok_or_else(|| {
        let names = KNOBS.map(|knob| knob.name).join(", ");
        format!("there is no numeric rule {name:?}; there are {names}")
    })?;
    let value = |text: &str| match knob.unit {
        Unit::Number => above_zero(text),
        Unit::NumberOrZero => not_negative(text),
        Unit::Count => whole(text, 1),
        Unit::CountOrZero => whole(text, 0),
        Unit::Time => {
            duration::parse(text).map(|time| time.as_secs_f64()).map_err(|why| format!("{text:?} {why}"))
        }
    };
    let (from, to) = (value(from)?, value(to)?);
    if from < to { Ok(Sweep { knob, values: from..=to }) } else { Err(wanted().to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_as_the_cloud_has_them() {
        let effect = |text| policy(text).map(|step| (step.direction, step.effect));
        assert_eq!(effect("+1"), Ok((Direction::Up, Effect::Change(1))));
        assert_eq!(effect("-10%"), Ok((Direction::Down, Effect::Percent(-10.0))));
        assert_eq!(effect("=4"), Ok((Direction::Up, Effect::Desired(4))));
        assert!(effect("one").is_err() && effect("=-1").is_err() && effect("inf%").is_err());
        assert!(effect("0").is_err() && effect("-0%").is_err() && effect("=0").is_ok());
    }

    #[test]
    fn a_pass_is_every_so_many_whole_seconds() {
        assert_eq!(every("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(every("1500ms"), Err("whole seconds are wanted".to_owned()));
        assert!(every("0s").is_err());
    }

    #[test]
    fn a_time_back_may_be_in_days() {
        assert_eq!(since("28d"), Ok(Duration::from_secs(28 * 86_400)));
        assert_eq!(since("36h"), Ok(Duration::from_secs(36 * 3600)));
        assert!(since("d").is_err() && since("-1d").is_err() && since("1.5d").is_err());
    }

    #[test]
    fn a_sweep_names_a_rule_and_a_rising_range() {
        let read =
            |text| sweep(text).map(|sweep| (sweep.knob.name, *sweep.values.start(), *sweep.values.end()));
        assert_eq!(read("target=0.5..1.0"), Ok(("target", 0.5, 1.0)));
        assert_eq!(read("cooldown=0s..15m"), Ok(("cooldown", 0.0, 900.0)));
        assert_eq!(read("scale_up_after=1..3"), Ok(("scale_up_after", 1.0, 3.0)));
        assert_eq!(read("tolerance_up=0..0.3"), Ok(("tolerance_up", 0.0, 0.3)));
        for wrong in [
            "target",
            "target=1",
            "tarret=0.5..1",
            "target=1..0.5",
            "target=0..1",
            "cooldown=0..9",
            "max=1..2.5",
            "increment=0..3",
            "percent_down=-1..100",
        ] {
            assert!(sweep(wrong).is_err(), "{wrong}");
        }
    }
}
