//! Loads with one trait each, a sample a minute, the same in every run.

use std::f64::consts::TAU;
use std::ops::Range;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

pub(super) const HOUR: usize = 60;
pub(super) const DAY: usize = 24 * HOUR;

/// A load by the minute; none where there is no sample.
pub(super) type Load = Vec<Option<f64>>;

/// The same at all times.
pub(super) fn constant(load: f64, minutes: usize) -> Load {
    vec![Some(load); minutes]
}

/// From one load to another in a straight line, and an hour more there.
pub(super) fn ramp(from: f64, to: f64, minutes: usize) -> Load {
    let way = |minute: usize| minute.min(minutes) as f64 / minutes as f64;
    (0..minutes + HOUR).map(|minute| Some(from + (to - from) * way(minute))).collect()
}

/// Low at midnight and high at noon of each day.
pub(super) fn day_wave(low: f64, high: f64, days: usize) -> Load {
    let height = |minute: usize| (1.0 - (minute as f64 / DAY as f64 * TAU).cos()) / 2.0;
    (0..days * DAY).map(|minute| Some(low + (high - low) * height(minute))).collect()
}

/// Such days, of which the last two of each seven are half as high.
pub(super) fn week_wave(low: f64, high: f64, days: usize) -> Load {
    let half = low + (high - low) / 2.0;
    let day = |day: usize| day_wave(low, if day % 7 < 5 { high } else { half }, 1);
    (0..days).flat_map(day).collect()
}

/// `load`, and so much more in between: a minute later it is all there, and as fast gone again.
pub(super) fn crowd(load: f64, more: f64, between: Range<usize>, minutes: usize) -> Load {
    (0..minutes).map(|minute| Some(if between.contains(&minute) { load + more } else { load })).collect()
}

/// One load, and another ever after.
pub(super) fn level_shift(from: f64, to: f64, at: usize, minutes: usize) -> Load {
    crowd(from, to - from, at..minutes, minutes)
}

/// `load`, each sample off by up to such a share of it.
pub(super) fn noisy(load: Load, share: f64) -> Load {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    load.into_iter().map(|load| Some(load? * random.random_range(1.0 - share..1.0 + share))).collect()
}

/// `load` without the samples of those minutes.
pub(super) fn without(mut load: Load, minutes: Range<usize>) -> Load {
    load[minutes].fill(None);
    load
}

/// `load` of which about one sample in so many is lost.
pub(super) fn holed(load: Load, one_in: u32) -> Load {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    load.into_iter().map(|load| load.filter(|_| !random.random_ratio(1, one_in))).collect()
}
