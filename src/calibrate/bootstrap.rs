//! How sure an estimate is: the samples of every level are drawn again and again, with replacement, and the
//! estimate made anew each time.
//!
//! Neighbouring samples are alike, so whole blocks of them are drawn: H. R. Künsch, "The Jackknife and the
//! Bootstrap for General Stationary Observations", The Annals of Statistics 17 (1989). The interval holds the
//! middle 95 % of the estimates (B. Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993, chapter
//! 13). The draws are the same in every run. What all samples of a level have in common, such as a noisy
//! neighbour for as long as it lasted, no resampling can see.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::knee::{Crossing, crossing, curve};
use super::levels::{Level, Point};
use super::refusal::Refusal;
use super::usl::{self, Usl};
use super::{Estimate, Law};

/// How often the samples are drawn.
const DRAWS: usize = 500;
/// Any number, the same in every run.
const SEED: u64 = 1989;
/// What lies outside of the interval at each end.
const TAIL: f64 = 0.025;
/// An interval that reaches further than this to a side, relative to the estimate, is of no use.
const MOST_OPEN: f64 = 0.2;

/// The same levels, drawn anew many times.
pub struct Resampled<'a> {
    levels: &'a [Level],
    draws: Vec<Vec<Level>>,
}

impl<'a> Resampled<'a> {
    /// Draws the samples of `levels`.
    pub fn of(levels: &'a [Level]) -> Resampled<'a> {
        let mut random = ChaCha8Rng::seed_from_u64(SEED);
        let draws = (0..DRAWS)
            .map(|_| levels.iter().map(|level| Level::new(drawn(&level.visits, &mut random), None)).collect())
            .collect();
        Resampled { levels, draws }
    }

    /// How sure it is that the objective breaks at `connections`. How the curve runs between two levels no
    /// draw can tell, so the interval also holds what comes out when any one level is left out.
    ///
    /// # Errors
    /// When it is so unsure as to be of no use.
    pub fn knee(&self, connections: f64) -> Result<Estimate, Refusal> {
        let all = self.draws.iter().map(|levels| match crossing(&curve(levels)) {
            Crossing::Below => 0.0,
            Crossing::At(connections) => connections,
            Crossing::Above => f64::INFINITY,
        });
        let drawn = estimate(connections, all.collect());
        let without = |place: usize| {
            let mut curve = curve(self.levels);
            curve.remove(place);
            crossing(&curve)
        };
        let widened = |so_far: Estimate, crossing| match crossing {
            Crossing::At(at) => Estimate { low: so_far.low.min(at), high: so_far.high.max(at), ..so_far },
            Crossing::Below | Crossing::Above => so_far,
        };
        let estimate = (0..self.levels.len()).map(without).fold(drawn, widened);
        let Estimate { value, low, high } = estimate;
        let widest = value * MOST_OPEN;
        if high - value > widest || value - low > widest {
            return Err(Refusal::Uncertain { low, high });
        }
        Ok(estimate)
    }

    /// How sure each parameter of the `law` is.
    pub fn law(&self, law: Option<Usl>) -> Option<Law> {
        let law = law?;
        let laws: Vec<Usl> = self.draws.iter().filter_map(|levels| usl::of(levels)).collect();
        let of = |part: fn(&Usl) -> f64| estimate(part(&law), laws.iter().map(part).collect());
        let points: Vec<_> =
            self.levels.iter().filter_map(|level| Some((level.connections, level.throughput?))).collect();
        Some(Law {
            lambda: of(|law| law.lambda),
            sigma: of(|law| law.sigma),
            kappa: of(|law| law.kappa),
            peak: law.peak().map(|_| of(|law| law.peak().unwrap_or(f64::INFINITY))),
            misfit: law.misfit(&points),
        })
    }
}

/// Each visit drawn anew from blocks of its own samples.
fn drawn(visits: &[Vec<Point>], random: &mut ChaCha8Rng) -> Vec<Vec<Point>> {
    visits.iter().map(|visit| blocks(visit, random)).collect()
}

fn blocks(visit: &[Point], random: &mut ChaCha8Rng) -> Vec<Point> {
    // The length that Künsch's theory grows with: the cube root of the samples.
    let length = (visit.len() as f64).cbrt().round() as usize;
    let mut drawn = Vec::with_capacity(visit.len() + length);
    while drawn.len() < visit.len() {
        let start = random.random_range(0..=visit.len() - length);
        drawn.extend_from_slice(&visit[start..start + length]);
    }
    drawn.truncate(visit.len());
    drawn
}

/// The value with the interval that the draws give.
fn estimate(value: f64, mut draws: Vec<f64>) -> Estimate {
    draws.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = share * draws.len().saturating_sub(1) as f64;
        draws.get(place.round() as usize).copied().unwrap_or(value)
    };
    Estimate { value, low: at(TAIL).min(value), high: at(1.0 - TAIL).max(value) }
}
