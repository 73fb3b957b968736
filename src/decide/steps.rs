//! What a policy does to desired capacity, computed as the cloud computes it.

use std::cmp::Reverse;
use std::ops::RangeInclusive;

use crate::model::{Effect, Fleet, Limits, Step};

impl Effect {
    /// Desired capacity after this effect on `desired`, clamped to `limits`.
    ///
    /// Arithmetic of the Autoscale v1.0 service: a percentage is taken of desired capacity and rounded
    /// away from zero, the percentage being the exact binary value of the number in the policy (so 0.1 %
    /// of 1000 is 2); the result is then clamped, the lower limit winning.
    pub fn apply(self, desired: u32, limits: Limits) -> u32 {
        let wanted = match self {
            Effect::Change(n) => i64::from(desired).saturating_add(n),
            Effect::Percent(p) => i64::from(desired).saturating_add(percent_of(desired, p)),
            Effect::Desired(n) => i64::try_from(n).unwrap_or(i64::MAX),
        };
        let clamped = wanted.min(i64::from(limits.max)).max(i64::from(limits.min));
        u32::try_from(clamped).unwrap_or(u32::MAX)
    }
}

/// `percent` of `count`, rounded away from zero, exact in the float's binary value; saturates.
fn percent_of(count: u32, percent: f64) -> i64 {
    let Some((mantissa, exponent)) = magnitude(percent) else { return 0 };
    let product = u128::from(count) * u128::from(mantissa);
    let rounded = match exponent {
        0.. => product
            .checked_shl(exponent.unsigned_abs())
            .filter(|x| x >> exponent == product)
            .map(|x| x.div_ceil(100)),
        // 100 * 2^115 exceeds every product (below 2^85), and still fits.
        _ => Some(product.div_ceil(100 << exponent.unsigned_abs().min(115))),
    };
    let size = rounded.and_then(|x| i64::try_from(x).ok()).unwrap_or(i64::MAX);
    if percent < 0.0 { -size } else { size }
}

/// `|x|` as mantissa and power of two; none for zero and what is not a number. Infinity saturates.
fn magnitude(x: f64) -> Option<(u64, i32)> {
    if x == 0.0 || x.is_nan() {
        return None;
    }
    let bits = x.abs().to_bits();
    let (raw_exponent, fraction) = ((bits >> 52) as i32, bits & ((1 << 52) - 1));
    Some(match raw_exponent {
        0 => (fraction, -1074),
        e => (fraction | 1 << 52, e - 1075),
    })
}

/// A policy, or the free choice of a number, and where it would bring desired capacity now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Candidate<'a> {
    pub(crate) step: Option<&'a Step>,
    pub(crate) to: u32,
    /// Executions that it takes.
    pub(crate) times: u32,
}

impl<'a> Candidate<'a> {
    /// What `step` makes of desired capacity in `fleet` when it is executed once, or up to `most` times in a
    /// row. More than once goes only where each execution adds or removes the same: then it is known, too,
    /// where the group stands should one of them fail.
    pub(crate) fn of(step: &'a Step, fleet: &Fleet, most: u32) -> impl Iterator<Item = Candidate<'a>> {
        let desired = fleet.desired;
        let once = Candidate { step: Some(step), to: step.effect.apply(desired, fleet.limits), times: 1 };
        let pauses = !fleet.cooldown.is_zero() || !step.cooldown.is_zero();
        let by = match step.effect {
            Effect::Change(by) if !pauses => by,
            _ => 0,
        };
        let limits = fleet.limits;
        let more = (2..=most).filter_map(move |times| {
            let to =
                u32::try_from(i64::from(desired).saturating_add(by.saturating_mul(i64::from(times)))).ok()?;
            (by != 0 && (limits.min..=limits.max).contains(&to)).then_some(Candidate {
                step: Some(step),
                to,
                times,
            })
        });
        std::iter::once(once).chain(more)
    }
}

/// What a move can be chosen from.
#[derive(Debug, Clone)]
pub(crate) enum Options<'a> {
    /// What policies make of desired capacity now.
    Listed(Vec<Candidate<'a>>),
    /// Any of these numbers.
    Any(RangeInclusive<u32>),
}

impl<'a> Options<'a> {
    /// The one that leads to the fewest servers of those that suffice. More servers always suffice where
    /// fewer do: numbers are found by bisection.
    pub(crate) fn smallest(&self, suffices: impl Fn(&Candidate<'a>) -> bool) -> Option<Candidate<'a>> {
        match self {
            Options::Listed(all) => {
                all.iter().filter(|c| suffices(c)).min_by_key(|c| (c.to, c.times)).copied()
            }
            Options::Any(numbers) => {
                let (mut least, most) = (*numbers.start(), number(*numbers.end()));
                if numbers.is_empty() || !suffices(&most) {
                    return None;
                }
                let mut enough = most.to;
                while least < enough {
                    let middle = least + (enough - least) / 2;
                    if suffices(&number(middle)) { enough = middle } else { least = middle + 1 }
                }
                Some(number(least))
            }
        }
    }

    /// The one that leads to the most servers, if it suffices.
    pub(crate) fn largest(&self, suffices: impl Fn(&Candidate<'a>) -> bool) -> Option<Candidate<'a>> {
        match self {
            Options::Listed(all) => {
                all.iter().filter(|c| suffices(c)).min_by_key(|c| (Reverse(c.to), c.times)).copied()
            }
            Options::Any(numbers) if numbers.is_empty() => None,
            Options::Any(numbers) => Some(number(*numbers.end())).filter(suffices),
        }
    }
}

fn number<'a>(to: u32) -> Candidate<'a> {
    Candidate { step: None, to, times: 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Limits = Limits { min: 0, max: 100_000 };

    #[test]
    fn a_percentage_rounds_away_from_zero_in_its_binary_value() {
        let cases = [
            (3, 50.0, 5),
            (4, -60.0, 1),
            (3, 0.1, 4),
            (0, 1000.0, 0),
            (1000, 0.1, 1002),
            (100, 1.1, 102),
            (1000, 2.2, 1023),
            (10, 10.0, 11),
            (7, -100.0, 0),
            (5, f64::MIN_POSITIVE, 6),
            (5, 1e300, 100_000),
            (5, -1e300, 0),
        ];
        for (desired, percent, after) in cases {
            assert_eq!(Effect::Percent(percent).apply(desired, WIDE), after, "{percent} % of {desired}");
        }
    }

    #[test]
    fn every_effect_is_clamped_and_the_lower_limit_wins() {
        let limits = Limits { min: 2, max: 6 };
        assert_eq!(Effect::Change(i64::MAX).apply(4, limits), 6);
        assert_eq!(Effect::Change(-9).apply(4, limits), 2);
        assert_eq!(Effect::Desired(u64::MAX).apply(4, limits), 6);
        assert_eq!(Effect::Desired(0).apply(4, limits), 2);
        assert_eq!(Effect::Change(1).apply(4, Limits { min: 5, max: 3 }), 5);
    }
}
