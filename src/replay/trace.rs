//! A recorded load, brought to the ticks of a replay; `csv` reads it from a file.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

mod csv;
#[cfg(test)]
mod tests;

use crate::table::{BadTable, Problem};

/// More ticks than anyone replays: nineteen years of minutes. A longer trace is a mistaken timestamp.
const MOST_TICKS: i64 = 10_000_000;

/// The load of each tick.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// What it is called in a table.
    pub name: String,
    /// When the first tick begins.
    pub start: Timestamp,
    /// The length of a tick, in whole seconds.
    pub tick: Duration,
    /// The load in each tick; none where there was no sample.
    pub load: Vec<Option<f64>>,
    /// Whether the load looks cut off at its peak, as that of overloaded servers does.
    pub looks_capped: bool,
}

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// When.
    pub at: Timestamp,
    /// The load; none where it could not be measured.
    pub load: Option<f64>,
}

impl Trace {
    /// Reads `text`, the content of the file called `name`, at a tick `every` so often.
    ///
    /// The commonest difference between timestamps is taken for the interval of the samples. Where no
    /// sample falls there is a gap; an empty value is one too. A sample coarser than a tick is held; of
    /// several in a tick the last counts, as a pass would see it.
    ///
    /// # Errors
    /// Everything that is wrong with the file, by line.
    pub fn parse(name: &str, text: &str, every: Duration) -> Result<Trace, BadTable> {
        let bad = |problems| BadTable { name: name.to_owned(), problems };
        Trace::of(name, &csv::read(text).map_err(bad)?, every)
    }

    /// The same from samples in rising order, one or more.
    ///
    /// # Errors
    /// A tick or a length that no replay can have.
    pub fn of(name: &str, samples: &[Sample], every: Duration) -> Result<Trace, BadTable> {
        let bad = |problem| BadTable { name: name.to_owned(), problems: vec![problem] };
        if every.is_zero() || every.subsec_nanos() != 0 {
            return Err(bad(Problem::of_file(format!("passes {every:?} apart are not in whole seconds"))));
        }
        let load = spread(samples, every).map_err(bad)?;
        let start = samples.first().map_or(Timestamp::UNIX_EPOCH, |first| first.at);
        Ok(Trace { name: name.to_owned(), start, tick: every, load, looks_capped: capped(samples) })
    }

    /// When the last tick ends.
    pub fn end(&self) -> Timestamp {
        let ticks = i64::try_from(self.load.len()).unwrap_or(i64::MAX);
        let seconds = i64::try_from(self.tick.as_secs()).unwrap_or(i64::MAX).saturating_mul(ticks);
        self.start.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(self.start)
    }
}

/// Whether the load stays within a ten-thousandth of its peak, five samples in a row or more, for twenty of
/// them and one in fifty at least, while most lie well below it. Small whole numbers and short traces come
/// by their peak too, but do not stay there.
fn capped(samples: &[Sample]) -> bool {
    let mut known: Vec<f64> = samples.iter().filter_map(|sample| sample.load).collect();
    known.sort_by(f64::total_cmp);
    let (Some(peak), Some(median)) = (known.last(), known.get(known.len() / 2)) else { return false };
    let at_peak = |sample: &Sample| sample.load.is_some_and(|load| load >= peak * 0.9999);
    let runs = samples.chunk_by(|a, b| at_peak(a) == at_peak(b));
    let stays: usize = runs.filter(|run| run.len() >= 5 && at_peak(&run[0])).map(<[Sample]>::len).sum();
    stays >= 20 && stays * 50 >= known.len() && *median < peak * 0.8
}

/// The load of each tick of `every`, the first beginning at the first sample.
fn spread(samples: &[Sample], every: Duration) -> Result<Vec<Option<f64>>, Problem> {
    let start = samples.first().map_or(0, |first| first.at.as_millisecond());
    let interval = interval(samples);
    let slot = |sample: &Sample| (sample.at.as_millisecond() - start + interval / 2) / interval;
    // In rising order, as the samples are; of several in a slot the last counts.
    let mut slots: Vec<(i64, Option<f64>)> = Vec::with_capacity(samples.len());
    for (slot, load) in samples.iter().map(|sample| (slot(sample), sample.load)) {
        match slots.last_mut() {
            Some(last) if last.0 == slot => last.1 = load,
            _ => slots.push((slot, load)),
        }
    }
    let tick = every.as_millis() as i64;
    let end = (slots.last().map_or(0, |last| last.0) + 1) * interval;
    let ticks = (end + tick - 1) / tick;
    if ticks > MOST_TICKS {
        let what = format!("{ticks} ticks of {} s between the first sample and the last", every.as_secs());
        return Err(Problem::of_file(format!("{what} are too many; is a timestamp wrong?")));
    }
    let mut from = 0;
    let in_tick = |k: i64| {
        let (first, last) = (k * tick / interval, ((k + 1) * tick - 1) / interval);
        from += slots[from..].iter().take_while(|slot| slot.0 < first).count();
        let in_tick = slots[from..].iter().take_while(|slot| slot.0 <= last);
        in_tick.filter_map(|slot| slot.1).last()
    };
    Ok((0..ticks).map(in_tick).collect())
}

/// The commonest difference between timestamps in whole seconds, the shortest if several are; given in
/// milliseconds.
pub(super) fn interval(samples: &[Sample]) -> i64 {
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    for pair in samples.windows(2) {
        let apart = pair[1].at.as_millisecond() - pair[0].at.as_millisecond();
        *counts.entry((apart + 500) / 1000).or_default() += 1;
    }
    let commonest = counts.into_iter().max_by_key(|(length, count)| (*count, std::cmp::Reverse(*length)));
    commonest.map_or(1, |(length, _)| length.max(1)) * 1000
}
