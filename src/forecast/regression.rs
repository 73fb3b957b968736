//! Expected demand: a weighted sum of features, its weights fitted by recursive least squares.

use serde::{Deserialize, Serialize};

use super::decay;
use super::history::{FEATURES, Features};

/// How unsure the first weights are; and where the covariance, which grows while nothing happens, is halved.
const UNSURE: f64 = 10.0;
const TOO_UNSURE: f64 = 6e5;
/// Demand below this, in servers, weighs no more than this: noise of a nearly idle hour teaches little.
const QUIET: f64 = 0.3;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Regression {
    weights: Features,
    covariance: [Features; FEATURES],
}

impl Regression {
    /// It starts with: demand stays as it is.
    pub(super) fn new() -> Regression {
        let mut weights = [0.0; FEATURES];
        weights[0] = 1.0;
        let row = |i: usize| std::array::from_fn(|j| if i == j { UNSURE } else { 0.0 });
        Regression { weights, covariance: std::array::from_fn(row) }
    }

    /// What follows from `features`; never less than nothing.
    pub(super) fn expect(&self, features: &Features) -> f64 {
        dot(&self.weights, features).max(0.0)
    }

    /// Learns that `demand` followed from `features`. Demand varies about as its root, so each row is
    /// weighed by that; what was learned is forgotten with the half-life of everything here.
    pub(super) fn learn(&mut self, features: &Features, demand: f64) {
        let weight = 1.0 / features[0].max(QUIET).sqrt();
        let row = features.map(|feature| feature * weight);
        let gain: Features = std::array::from_fn(|i| dot(&self.covariance[i], &row));
        let kept = decay();
        let total = kept + dot(&row, &gain);
        let error = demand * weight - dot(&self.weights, &row);
        for (weight, gain) in self.weights.iter_mut().zip(gain) {
            *weight += gain * error / total;
        }
        for (line, left) in self.covariance.iter_mut().zip(gain) {
            for (cell, right) in line.iter_mut().zip(gain) {
                *cell = (*cell - left * right / total) / kept;
            }
        }
        self.bound_covariance();
    }

    fn bound_covariance(&mut self) {
        let trace: f64 = self.covariance.iter().enumerate().map(|(i, line)| line[i]).sum();
        if trace > TOO_UNSURE {
            self.covariance.iter_mut().flatten().for_each(|cell| *cell *= 0.5);
        }
    }
}

fn dot(a: &Features, b: &Features) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
