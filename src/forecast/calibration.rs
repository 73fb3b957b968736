//! What a spread has been worth: how often demand lay how many spreads above what was expected.

use serde::{Deserialize, Serialize};

use super::decay;

/// The shares of the time that a curve tells demand to stay below; the rarest is where headroom ends.
pub(super) const QUANTILES: [f64; 7] = [0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998];

/// How many observations the first guess counts for.
const FIRST_GUESS: f64 = 300.0;
const BINS: usize = 160;
/// Where the weight of new observations, which grows instead of the old ones shrinking, starts over.
const LARGE: f64 = 1e12;
/// The bins span these multiples of the first guess's width, finest around zero.
const SPAN: (f64, f64) = (-60.0, 600.0);
const FINENESS: f64 = 6.0;

/// A histogram of errors in spreads, recent ones weighing more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Calibration {
    /// The width of the first guess, a Laplace distribution.
    width: f64,
    /// Where the bins begin and end, on their own scale.
    ends: (f64, f64),
    bins: Vec<f64>,
    total: f64,
    weight: f64,
}

impl Calibration {
    pub(super) fn new(width: f64) -> Calibration {
        let reach = |end: f64| (end * FINENESS / width).asinh();
        let ends = (reach(SPAN.0), reach(SPAN.1));
        let mut guess = Calibration { width, ends, bins: Vec::with_capacity(BINS), total: 0.0, weight: 1.0 };
        let mut below = 0.0;
        for bin in 0..BINS {
            let up_to = laplace(guess.edge(bin as f64 + 1.0) / width);
            guess.bins.push(FIRST_GUESS * (up_to - below));
            guess.total += FIRST_GUESS * (up_to - below);
            below = up_to;
        }
        guess
    }

    /// Learns of an error of so many spreads.
    pub(super) fn learn(&mut self, spreads: f64) {
        self.weight /= decay();
        let place = self.place(spreads).clamp(0.0, BINS as f64 - 1.0);
        self.bins[place as usize] += self.weight;
        self.total += self.weight;
        if self.weight > LARGE {
            let large = std::mem::replace(&mut self.weight, 1.0);
            self.bins.iter_mut().for_each(|bin| *bin /= large);
            self.total /= large;
        }
    }

    /// How many spreads demand stays below, for each of [`QUANTILES`].
    pub(super) fn quantiles(&self) -> [f64; QUANTILES.len()] {
        let mut quantiles = [0.0; QUANTILES.len()];
        let (mut bin, mut above) = (BINS - 1, 0.0);
        for (quantile, share) in quantiles.iter_mut().zip(QUANTILES).rev() {
            let wanted = (1.0 - share) * self.total;
            while bin > 0 && above + self.bins[bin] <= wanted {
                above += self.bins[bin];
                bin -= 1;
            }
            let part = if self.bins[bin] > 0.0 { (wanted - above) / self.bins[bin] } else { 0.0 };
            *quantile = self.edge(bin as f64 + 1.0 - part.clamp(0.0, 1.0));
        }
        quantiles
    }

    /// The error at the lower edge of bin `place`, or between edges.
    fn edge(&self, place: f64) -> f64 {
        let (low, high) = self.ends;
        (low + (high - low) * place / BINS as f64).sinh() * self.width / FINENESS
    }

    fn place(&self, spreads: f64) -> f64 {
        let (low, high) = self.ends;
        ((spreads * FINENESS / self.width).asinh() - low) / (high - low) * BINS as f64
    }
}

/// The share of a Laplace distribution of width one below `x`.
fn laplace(x: f64) -> f64 {
    if x < 0.0 { 0.5 * x.exp() } else { 1.0 - 0.5 * (-x).exp() }
}
