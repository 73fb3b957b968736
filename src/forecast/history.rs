//! What is known of past demand: a week in means of five minutes, and the last half hour in minutes.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// What expected demand is a weighted sum of; [`History::features`] tells what each is.
pub(super) const FEATURES: usize = 7;

/// One row of them.
pub(super) type Features = [f64; FEATURES];

const BIN: u64 = 5;
const DAY: u64 = 1440;
/// Days that are looked back for what followed at this time of day.
const DAYS: u64 = 7;
/// A week of bins, and an hour more for what follows and for its smoothing.
const BINS: usize = (DAYS * DAY / BIN) as usize + 12 + 4;
const RECENT: usize = 30;
/// Bins of the long mean: two hours.
const LONG: u64 = 24;
/// Added to both sides of a ratio, so that nothing does not follow from nothing infinitely.
const FLOOR: f64 = 0.02;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct History {
    /// The last closed bin is at the back.
    bins: VecDeque<Option<f32>>,
    /// The number of the bin at the back, counted from the epoch.
    last: u64,
    /// Sum and count of the bin that is filling.
    filling: (f64, u32),
    /// Minutes, the last one at the front.
    recent: VecDeque<Option<f64>>,
}

impl History {
    /// Takes in a minute.
    pub(super) fn note(&mut self, minute: u64, demand: Option<f64>) {
        self.recent.push_front(demand);
        self.recent.truncate(RECENT);
        if let Some(demand) = demand {
            self.filling = (self.filling.0 + demand, self.filling.1 + 1);
        }
        if minute % BIN == BIN - 1 {
            let (sum, count) = std::mem::take(&mut self.filling);
            self.bins.push_back((count > 0).then(|| (sum / f64::from(count)) as f32));
            self.last = minute / BIN;
            while self.bins.len() > BINS {
                self.bins.pop_front();
            }
        }
    }

    /// Takes it that demand was as `demand` in those of the last `minutes` of which nothing is known.
    pub(super) fn amend(&mut self, minutes: usize, demand: f64) {
        for minute in self.recent.iter_mut().take(minutes) {
            minute.get_or_insert(demand);
        }
        for bin in self.bins.iter_mut().rev().take(minutes / BIN as usize) {
            bin.get_or_insert(demand as f32);
        }
    }

    /// Demand now; its means over five and thirty minutes; demand now, and its mean over thirty minutes,
    /// as they would change if this were like past days; the mean over two hours; and one.
    pub(super) fn features(&self, demand: f64, minute: u64, lead: u64) -> Features {
        let half_hour = self.mean(RECENT);
        let narrow = demand * self.season(minute, lead, 0);
        let wide = half_hour * self.season(minute, lead, 3);
        [demand, self.mean(5), half_hour, narrow, wide, self.long_mean(), 1.0]
    }

    fn mean(&self, minutes: usize) -> f64 {
        let known = self.recent.iter().take(minutes).flatten();
        known.clone().sum::<f64>() / known.count().max(1) as f64
    }

    fn long_mean(&self) -> f64 {
        let bins = (0..LONG).filter_map(|back| self.bin(self.last.checked_sub(back)?));
        let weight = BIN as f64;
        let (sum, count) = bins.fold((self.filling.0, f64::from(self.filling.1)), |(sum, count), mean| {
            (sum + mean * weight, count + weight)
        });
        if count > 0.0 { sum / count } else { self.mean(RECENT) }
    }

    /// By what factor demand changed from this time of day to `lead` minutes later: the geometric mean
    /// over past days, yesterday and this day of last week counting twice, drawn towards no change.
    fn season(&self, minute: u64, lead: u64, around: u64) -> f64 {
        let (mut sum, mut weights) = (0.0, 0.0);
        for day in 1..=DAYS {
            let Some(then) = minute.checked_sub(day * DAY) else { break };
            if let (Some(before), Some(after)) = (self.around(then, around), self.around(then + lead, around))
            {
                let weight = if day == 1 || day == DAYS { 1.0 } else { 0.5 };
                sum += weight * ((after + FLOOR) / (before + FLOOR)).ln();
                weights += weight;
            }
        }
        (sum / (weights + 0.5)).exp().clamp(0.25, 4.0)
    }

    /// Demand at `minute`: between the two bins nearest, or the mean of `around` bins on either side.
    fn around(&self, minute: u64, around: u64) -> Option<f64> {
        let centre = minute.checked_sub(BIN / 2)?;
        let bin = centre / BIN;
        if around > 0 {
            let known = (bin.saturating_sub(around)..=bin + around).filter_map(|bin| self.bin(bin));
            let (sum, count) = known.fold((0.0, 0.0), |(sum, count), mean| (sum + mean, count + 1.0));
            return (count > 0.0).then(|| sum / count);
        }
        let share = (centre % BIN) as f64 / BIN as f64;
        match (self.bin(bin), self.bin(bin + 1)) {
            (Some(before), Some(after)) => Some(before + (after - before) * share),
            (before, after) => before.or(after),
        }
    }

    fn bin(&self, number: u64) -> Option<f64> {
        let back = usize::try_from(self.last.checked_sub(number)?).ok()?;
        let index = self.bins.len().checked_sub(back + 1)?;
        self.bins[index].map(f64::from)
    }
}
