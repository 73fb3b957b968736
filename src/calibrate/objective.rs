//! The objective: what it means that a server carries its load well.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;

/// A bound on how long answers take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Objective {
    /// A quantile of the time to answer stays below a bound.
    Quantile {
        /// Which, in percent.
        percent: f64,
        /// The bound in milliseconds.
        below: f64,
    },
    /// Apdex, a score from 0 to 1, stays up. Answers within T satisfy, those within 4 T count half, later
    /// and failed ones nothing (Apdex Alliance, Application Performance Index, Technical Specification 1.1).
    Apdex {
        /// T in milliseconds.
        t: f64,
        /// The least score, below 1.
        at_least: f64,
    },
}

impl Objective {
    /// How far the objective is strained: the time that was measured over the time that is allowed, so that it
    /// holds up to 1. For Apdex that is the T for which the score would just do, over T.
    ///
    /// `latency` are pairs of a quantile in percent and its milliseconds, both rising; `failed` is the share
    /// of requests that failed. None if the quantiles do not tell.
    pub fn strain(&self, latency: &[(f64, f64)], failed: f64) -> Option<f64> {
        match *self {
            Objective::Quantile { percent, below } => {
                latency.iter().find(|(known, _)| *known == percent).map(|(_, millis)| millis / below)
            }
            Objective::Apdex { t, at_least } => {
                let slowest = latency.last()?.1;
                let score = |t: f64| (within(latency, t) + within(latency, 4.0 * t)) / 2.0 * (1.0 - failed);
                Some(least(slowest, |t| score(t) >= at_least).map_or(f64::INFINITY, |enough| enough / t))
            }
        }
    }

    /// The quantile that it is about, in percent.
    pub fn percent(&self) -> Option<f64> {
        match self {
            Objective::Quantile { percent, .. } => Some(*percent),
            Objective::Apdex { .. } => None,
        }
    }

    /// What was measured, in the objective's own terms: `a p95 of 120 ms`, `an Apdex of 0.9 for T = 310 ms`.
    pub fn measured(&self, strain: f64) -> String {
        match self {
            Objective::Quantile { percent, below } => format!("a p{percent} of {:.0} ms", strain * below),
            Objective::Apdex { t, at_least } => {
                format!("an Apdex of {at_least} for T = {:.0} ms", strain * t)
            }
        }
    }

    /// The time that the objective turns on, in milliseconds: what delays by a good part of this, blurs it.
    pub fn scale(&self) -> f64 {
        match self {
            Objective::Quantile { below, .. } => *below,
            Objective::Apdex { t, .. } => *t,
        }
    }
}

/// The share of answers that took at most `millis`, on straight lines between the quantiles. Below the
/// lowest that is known it is zero, which can only make a score worse.
fn within(latency: &[(f64, f64)], millis: f64) -> f64 {
    match latency.iter().position(|(_, at)| *at > millis) {
        None => 1.0,
        Some(0) => 0.0,
        Some(above) => {
            let ((below, from), (percent, to)) = (latency[above - 1], latency[above]);
            (below + (percent - below) * (millis - from) / (to - from)) / 100.0
        }
    }
}

/// The least number up to `most` that is enough, if the greater is always enough where the lesser is.
fn least(most: f64, enough: impl Fn(f64) -> bool) -> Option<f64> {
    const HALVINGS: u32 = 40;
    if !enough(most) {
        return None;
    }
    let halve = |(low, high): (f64, f64), _| {
        let middle = (low + high) / 2.0;
        if enough(middle) { (low, middle) } else { (middle, high) }
    };
    Some((0..HALVINGS).fold((0.0, most), halve).1)
}

impl FromStr for Objective {
    type Err = String;

    /// Reads `p95 < 250ms` or `apdex(0.25s) >= 0.9`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = || format!("an objective is \"p95 < 250ms\" or \"apdex(0.25s) >= 0.9\", not {text:?}");
        let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
        if let Some((quantile, bound)) = plain.split_once('<') {
            let percent = quantile.strip_prefix('p').and_then(percent).ok_or_else(wanted)?;
            let below = millis(bound.trim_start_matches('=')).ok_or_else(wanted)?;
            return Ok(Objective::Quantile { percent, below });
        }
        let apdex = plain.strip_prefix("apdex(").and_then(|rest| rest.split_once(")>="));
        let (t, score) = apdex.ok_or_else(wanted)?;
        let at_least = score.parse().ok().filter(|score| *score > 0.0 && *score < 1.0).ok_or_else(wanted)?;
        Ok(Objective::Apdex { t: millis(t).ok_or_else(wanted)?, at_least })
    }
}

/// A quantile in percent, between 0 and 100.
pub(super) fn percent(text: &str) -> Option<f64> {
    text.parse().ok().filter(|percent| *percent > 0.0 && *percent < 100.0)
}

fn millis(text: &str) -> Option<f64> {
    let time: SignedDuration = text.parse().ok().filter(SignedDuration::is_positive)?;
    Some(time.as_secs_f64() * 1000.0)
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Objective::Quantile { percent, below } => write!(f, "p{percent} < {below}ms"),
            Objective::Apdex { t, at_least } => write!(f, "apdex({t}ms) >= {at_least}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn objectives_are_read_as_people_write_them() {
        let p95 = Objective::Quantile { percent: 95.0, below: 250.0 };
        for text in ["p95 < 250ms", "p95<0.25s", "P95 <= 250ms"] {
            assert_eq!(text.parse(), Ok(p95), "{text}");
        }
        let apdex = Objective::Apdex { t: 250.0, at_least: 0.9 };
        assert_eq!("apdex(0.25s) >= 0.9".parse(), Ok(apdex));
        assert_eq!((p95.to_string(), apdex.to_string()).0, "p95 < 250ms");
        assert_eq!(apdex.to_string().parse(), Ok(apdex));
        for wrong in ["", "p95", "p0 < 1s", "p100 < 1s", "p95 < 250", "p95 < 0s", "p95 > 1s", "apdex >= 0.9"]
        {
            assert!(wrong.parse::<Objective>().is_err(), "{wrong}");
        }
        for wrong in ["apdex(1s) >= 1", "apdex(1s) >= 0", "apdex(1s) > 0.9", "apdex(1) >= 0.9", "mean < 1s"] {
            assert!(wrong.parse::<Objective>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_strain_of_a_quantile_is_its_share_of_the_bound() {
        let objective: Objective = "p95 < 200ms".parse().unwrap();
        let latency = [(50.0, 40.0), (95.0, 100.0)];
        assert_eq!(objective.strain(&latency, 0.0), Some(0.5));
        assert_eq!(objective.strain(&latency[..1], 0.0), None, "p95 is not among them");
        assert_eq!(objective.measured(0.5), "a p95 of 100 ms");
    }

    #[test]
    fn apdex_counts_the_tolerated_half_and_the_failed_not_at_all() {
        // 60 % within 100 ms and 90 % within 400 ms: the score is 0.75 for T = 100 ms.
        let latency = [(10.0, 20.0), (50.0, 90.0), (70.0, 110.0), (90.0, 400.0), (99.0, 900.0)];
        let strain = |objective: &str, failed| {
            objective.parse::<Objective>().unwrap().strain(&latency, failed).unwrap()
        };
        assert!((strain("apdex(100ms) >= 0.75", 0.0) - 1.0).abs() < 1e-6);
        assert!((strain("apdex(200ms) >= 0.75", 0.0) - 0.5).abs() < 1e-6);
        assert!((strain("apdex(100ms) >= 0.6", 0.2) - 1.0).abs() < 1e-6, "0.75 of the four fifths");
        assert_eq!(strain("apdex(100ms) >= 0.9", 0.2), f64::INFINITY, "no T makes up for failures");
        assert!(strain("apdex(100ms) >= 0.9", 0.0) > 1.0);
        let apdex: Objective = "apdex(100ms) >= 0.9".parse().unwrap();
        assert_eq!(apdex.measured(3.1), "an Apdex of 0.9 for T = 310 ms");
        assert_eq!(apdex.strain(&[], 0.0), None);
    }
}
