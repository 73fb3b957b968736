//! How far demand may lie from what is expected: four measures, of which no load is best served by one.

use serde::{Deserialize, Serialize};

/// How many measures there are.
pub(super) const MEASURES: usize = 4;

/// The spread by each measure: the same always; in proportion to demand; as far off as lately; as far off
/// as lately and at this time of day.
pub(super) type Spreads = [f64; MEASURES];

/// Minutes over which an error is averaged, for the third measure and for the fourth.
const MEMORIES: [f64; 3] = [30.0, 240.0, 2880.0];
const ROOT_MEMORIES: [f64; 2] = [30.0, 2880.0];
/// Before anything is known, errors of about a third of a server are expected, as if seen five times.
const FIRST_ERROR: f64 = 0.3;
const FIRST_COUNT: f64 = 5.0;
/// Spreads are not taken to be smaller than this, in the scale of each measure.
const LEAST: f64 = 0.02;
const LEAST_DEMAND: f64 = 0.05;

const SLOT: u64 = 10;
const SLOTS: usize = 144;
/// How much of a slot's memory a new day replaces.
const NEW_DAY: f64 = 0.4;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Spread {
    /// Mean absolute errors, relative to the fourth root of what was expected.
    errors: [f64; MEMORIES.len()],
    /// The same, relative to its square root.
    root_errors: [f64; ROOT_MEMORIES.len()],
    count: f64,
    /// The largest shortfall, relative to the square root, in each ten minutes of the day.
    slots: Vec<Option<f64>>,
    /// The slot that is filling, and the largest in it so far.
    filling: Option<(usize, f64)>,
}

impl Spread {
    pub(super) fn new() -> Spread {
        Spread {
            errors: [FIRST_ERROR; MEMORIES.len()],
            root_errors: [FIRST_ERROR; ROOT_MEMORIES.len()],
            count: 0.0,
            slots: vec![None; SLOTS],
            filling: None,
        }
    }

    /// The spreads around `expected` for `minute`.
    pub(super) fn around(&self, expected: f64, minute: u64) -> Spreads {
        let expected = expected.max(LEAST_DEMAND);
        let [short, middle, long] = self.errors;
        let [lately, usual] = self.root_errors;
        let at_this_time = self.slots[slot(minute)].unwrap_or(3.0 * usual);
        let recent = 0.33 * (short + middle) + 0.34 * long;
        let daily = 0.2 * usual + 0.5 * lately + 0.15 * at_this_time;
        [1.0, expected, expected.powf(0.25) * recent.max(LEAST), expected.sqrt() * daily.max(LEAST)]
    }

    /// How far off demand is on average where so much is `expected`, in servers.
    pub(super) fn usual_error(&self, expected: f64) -> f64 {
        let [_, usual] = self.root_errors;
        usual.max(LEAST) * expected.max(LEAST_DEMAND).sqrt()
    }

    /// Learns that in `minute` demand was `error` above what was expected.
    pub(super) fn learn(&mut self, minute: u64, expected: f64, error: f64) {
        let expected = expected.max(LEAST_DEMAND);
        let rooted = error / expected.sqrt();
        self.count += 1.0;
        let rate = |minutes: f64| (1.0 / minutes).max(1.0 / (self.count + FIRST_COUNT));
        for (mean, minutes) in self.errors.iter_mut().zip(MEMORIES) {
            *mean += rate(minutes) * (error.abs() / expected.powf(0.25) - *mean);
        }
        for (mean, minutes) in self.root_errors.iter_mut().zip(ROOT_MEMORIES) {
            *mean += rate(minutes) * (rooted.abs() - *mean);
        }
        self.fill_slot(slot(minute), rooted);
    }

    fn fill_slot(&mut self, slot: usize, rooted: f64) {
        self.filling = match self.filling {
            Some((filling, most)) if filling == slot => Some((slot, most.max(rooted))),
            full => {
                if let Some((full, most)) = full {
                    let before = self.slots[full].unwrap_or(most);
                    self.slots[full] = Some(before + NEW_DAY * (most - before));
                }
                Some((slot, rooted.max(0.0)))
            }
        };
    }
}

fn slot(minute: u64) -> usize {
    (minute / SLOT) as usize % SLOTS
}
