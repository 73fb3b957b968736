//! Demand a fixed number of minutes ahead, as a curve: what it stays below, for each of the quantiles.

use serde::{Deserialize, Serialize};

use super::calibration::{Calibration, QUANTILES};
use super::history::Features;
use super::regression::Regression;
use super::spread::{MEASURES, Spread, Spreads};
use super::{MISSING_SERVER_PRICE, decay};

/// Demand in servers, for each quantile.
pub(super) type Curve = [f64; QUANTILES.len()];

/// The quantile that measures of spread are judged at: the one where a missing server, at its price,
/// weighs as much as idle ones.
const JUDGED_AT: usize = 4;

/// How fast the weight of a measure falls with what it cost.
const RIGOUR: f64 = 0.03;

/// An error of more than so many usual ones is a surprise.
const SURPRISE: f64 = 15.0;

/// How wide errors are taken to be at first, in the spreads of each measure.
const FIRST_WIDTHS: [f64; MEASURES] = [0.5, 0.1, 1.0, 1.0];

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Outlook {
    regression: Regression,
    spread: Spread,
    measures: [Measure; MEASURES],
    /// Forecasts that have not come due, by minute modulo their number.
    due: Vec<Option<Due>>,
}

/// One measure of spread: what it is worth, and what following it would have cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Measure {
    calibration: Calibration,
    cost: f64,
}

/// What was foretold for a minute, in servers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Foretold {
    pub(super) expected: f64,
    /// How far off demand is on average.
    pub(super) usual_error: f64,
}

/// What was foretold, to be held against what comes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Due {
    features: Features,
    expected: f64,
    spreads: Spreads,
    /// By each measure, demand at the quantile it is judged at.
    judged: [f64; MEASURES],
}

impl Outlook {
    /// An outlook `lead` minutes ahead.
    pub(super) fn new(lead: usize) -> Outlook {
        Outlook {
            regression: Regression::new(),
            spread: Spread::new(),
            measures: FIRST_WIDTHS.map(|width| Measure { calibration: Calibration::new(width), cost: 0.0 }),
            due: vec![None; lead],
        }
    }

    /// How many minutes it looks ahead.
    pub(super) fn lead(&self) -> u64 {
        self.due.len() as u64
    }

    /// What was foretold for `minute`, if anything was and it has not come due.
    pub(super) fn foretold(&self, minute: u64) -> Option<Foretold> {
        let expected = self.due[self.slot(minute)].as_ref()?.expected;
        Some(Foretold { expected, usual_error: self.spread.usual_error(expected) })
    }

    /// Holds the demand of `minute` against what was foretold for it; whether anything was. What it means for
    /// the next forecasts is learned from the part that is no surprise: a single jump lies off every forecast
    /// of a boot's minutes, and is no sign of many more. How often there are surprises is learned whole.
    pub(super) fn learn(&mut self, minute: u64, demand: f64) -> bool {
        let slot = self.slot(minute);
        let Some(due) = self.due[slot].take() else { return false };
        let error = demand - due.expected;
        let surprise = SURPRISE * self.spread.usual_error(due.expected);
        let usual = error.clamp(-surprise, surprise);
        self.regression.learn(&due.features, due.expected + usual);
        self.spread.learn(minute, due.expected, usual);
        for (i, measure) in self.measures.iter_mut().enumerate() {
            measure.calibration.learn(error / due.spreads[i]);
            measure.cost = measure.cost * decay() + pinball(demand - due.judged[i]);
        }
        true
    }

    /// Nothing is foretold in a minute without demand, and nothing comes due.
    pub(super) fn skip(&mut self, minute: u64) {
        let slot = self.slot(minute);
        self.due[slot] = None;
    }

    /// The curve that follows from `features` in `minute`; costs are set against `scale`.
    pub(super) fn look_ahead(&mut self, features: &Features, minute: u64, scale: f64) -> Curve {
        let expected = self.regression.expect(features);
        let spreads = self.spread.around(expected, minute + self.lead());
        let curves: [Curve; MEASURES] = std::array::from_fn(|i| {
            self.measures[i].calibration.quantiles().map(|quantile| expected + quantile * spreads[i])
        });
        let judged = curves.map(|curve| curve[JUDGED_AT]);
        let slot = self.slot(minute);
        self.due[slot] = Some(Due { features: *features, expected, spreads, judged });
        let weights = weights(self.measures.iter().map(|measure| measure.cost), RIGOUR / scale);
        std::array::from_fn(|q| curves.iter().zip(&weights).map(|(curve, weight)| weight * curve[q]).sum())
    }

    fn slot(&self, minute: u64) -> usize {
        (minute % self.lead()) as usize
    }
}

/// Exponential weights of candidates by their cost; they add up to one.
pub(super) fn weights(costs: impl Iterator<Item = f64> + Clone, rigour: f64) -> Vec<f64> {
    let least = costs.clone().fold(f64::INFINITY, f64::min);
    let raw: Vec<f64> = costs.map(|cost| (-rigour * (cost - least)).exp()).collect();
    let total: f64 = raw.iter().sum();
    raw.into_iter().map(|weight| weight / total).collect()
}

/// The newsvendor's loss of a quantile that demand lay so far above.
fn pinball(above: f64) -> f64 {
    let share = QUANTILES[JUDGED_AT];
    MISSING_SERVER_PRICE * if above > 0.0 { share * above } else { (share - 1.0) * above }
}
