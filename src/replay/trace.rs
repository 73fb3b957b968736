//! A recorded load: CSV with a header `timestamp,value`, brought to the ticks of a replay.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

/// More ticks than anyone replays: nineteen years of minutes. A longer trace is a mistaken timestamp.
const MOST_TICKS: i64 = 10_000_000;

/// Problems told of one file; the rest are counted.
const MOST_PROBLEMS: usize = 20;

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
}

/// What is wrong with a trace, all of it at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct BadTrace {
    name: String,
    problems: Vec<Problem>,
}

/// One thing wrong with a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line it was found in, from 1; none if it is of the whole file.
    pub line: Option<u64>,
    /// What is wrong and what would be right.
    pub what: String,
}

/// One line of the file.
#[derive(Debug, Clone, Copy)]
struct Sample {
    line: u64,
    at: Timestamp,
    load: Option<f64>,
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
    pub fn parse(name: &str, text: &str, every: Duration) -> Result<Trace, BadTrace> {
        let bad = |problems| BadTrace { name: name.to_owned(), problems };
        if every.is_zero() || every.subsec_nanos() != 0 {
            return Err(bad(vec![Problem::of_file(format!("a tick of {every:?} is not in whole seconds"))]));
        }
        let samples = read(text).map_err(bad)?;
        let load = spread(&samples, every).map_err(|problem| bad(vec![problem]))?;
        Ok(Trace { name: name.to_owned(), start: samples[0].at, tick: every, load })
    }

    /// Whether the load looks cut off at its peak, as that of overloaded servers does: at least one sample
    /// in fifty lies within a ten-thousandth of the peak, and most lie well below it.
    pub fn looks_capped(&self) -> bool {
        let mut known: Vec<f64> = self.load.iter().flatten().copied().collect();
        known.sort_by(f64::total_cmp);
        let (Some(peak), Some(median)) = (known.last(), known.get(known.len() / 2)) else { return false };
        let at_peak = known.iter().rev().take_while(|load| **load >= peak * 0.9999).count();
        at_peak * 50 >= known.len() && *median < peak * 0.8
    }
}

/// The samples, in order and with at least two timestamps and one value.
fn read(text: &str) -> Result<Vec<Sample>, Vec<Problem>> {
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let mut problems = Vec::new();
    match reader.headers() {
        Ok(header) if header.iter().map(bare).eq(["timestamp", "value"]) => {}
        Ok(header) => {
            let found = header.iter().collect::<Vec<_>>().join(",");
            problems.push(Problem::at(1, format!("the header is {found:?}; it must be \"timestamp,value\"")));
        }
        Err(error) => problems.push(Problem::of_file(error.to_string())),
    }
    let mut samples: Vec<Sample> = Vec::new();
    for row in reader.records() {
        match row.map_err(|error| Problem::of_file(error.to_string())).and_then(|row| sample(&row)) {
            Ok(sample) => match samples.last() {
                Some(last) if last.at >= sample.at => problems.push(out_of_order(last, &sample)),
                _ => samples.push(sample),
            },
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        problems.extend(too_few(&samples));
    }
    if problems.is_empty() { Ok(samples) } else { Err(problems) }
}

/// A header's name without a byte order mark, which spreadsheets put before the first.
fn bare(name: &str) -> String {
    name.trim_start_matches('\u{feff}').to_ascii_lowercase()
}

fn sample(row: &csv::StringRecord) -> Result<Sample, Problem> {
    let line = row.position().map_or(0, csv::Position::line);
    let [timestamp, value] = [row.get(0).unwrap_or_default(), row.get(1).unwrap_or_default()];
    if row.len() != 2 {
        let fields = row.len();
        return Err(Problem::at(line, format!("{fields} fields; a timestamp and a value are expected")));
    }
    let at = instant(timestamp).map_err(|what| Problem::at(line, what))?;
    let load = load(value).map_err(|what| Problem::at(line, what))?;
    Ok(Sample { line, at, load })
}

fn instant(text: &str) -> Result<Timestamp, String> {
    let wrong =
        || format!("{text:?} is no timestamp; write RFC 3339 (2026-01-31T12:00:00Z) or epoch seconds");
    match text.parse::<f64>() {
        Ok(seconds) if seconds.abs() > 1e11 => {
            Err(format!("{text} is too large for epoch seconds; are these milliseconds? divide by 1000"))
        }
        Ok(seconds) => Timestamp::from_millisecond((seconds * 1000.0).round() as i64).map_err(|_| wrong()),
        Err(_) => text.parse().map_err(|_| wrong()),
    }
}

fn load(text: &str) -> Result<Option<f64>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse::<f64>() {
        Ok(load) if load.is_finite() && load >= 0.0 => Ok(Some(load)),
        Ok(_) => Err(format!("the value {text} is no load; it must be zero or more")),
        Err(_) => Err(format!("the value {text:?} is no number; leave it empty where there was no sample")),
    }
}

fn out_of_order(last: &Sample, sample: &Sample) -> Problem {
    let Sample { line, at, .. } = sample;
    Problem::at(*line, format!("{at} is not after {} in line {}; sort by time", last.at, last.line))
}

fn too_few(samples: &[Sample]) -> Option<Problem> {
    if samples.len() < 2 {
        return Some(Problem::of_file("fewer than two samples; a replay needs a course of time".to_owned()));
    }
    let empty = samples.iter().all(|sample| sample.load.is_none());
    empty.then(|| Problem::of_file("no line has a value".to_owned()))
}

/// The load of each tick of `every`, the first beginning at the first sample.
fn spread(samples: &[Sample], every: Duration) -> Result<Vec<Option<f64>>, Problem> {
    let start = samples[0].at.as_millisecond();
    let interval = interval(samples);
    let slot = |sample: &Sample| (sample.at.as_millisecond() - start + interval / 2) / interval;
    let slots: BTreeMap<i64, Option<f64>> = samples.iter().map(|s| (slot(s), s.load)).collect();
    let tick = every.as_millis() as i64;
    let end = (slots.keys().next_back().map_or(0, |last| *last) + 1) * interval;
    let ticks = (end + tick - 1) / tick;
    if ticks > MOST_TICKS {
        let what = format!("{ticks} ticks of {} s between the first sample and the last", every.as_secs());
        return Err(Problem::of_file(format!("{what} are too many; is a timestamp wrong?")));
    }
    let in_tick = |k: i64| {
        let (first, last) = (k * tick / interval, ((k + 1) * tick - 1) / interval);
        slots.range(first..=last).rev().find_map(|(_, load)| *load)
    };
    Ok((0..ticks).map(in_tick).collect())
}

/// The commonest difference between timestamps in whole seconds, the shortest if several are; given in
/// milliseconds.
fn interval(samples: &[Sample]) -> i64 {
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    for pair in samples.windows(2) {
        let apart = pair[1].at.as_millisecond() - pair[0].at.as_millisecond();
        *counts.entry((apart + 500) / 1000).or_default() += 1;
    }
    let commonest = counts.into_iter().max_by_key(|(length, count)| (*count, std::cmp::Reverse(*length)));
    commonest.map_or(1, |(length, _)| length.max(1)) * 1000
}

impl Problem {
    fn at(line: u64, what: String) -> Problem {
        Problem { line: Some(line), what }
    }

    fn of_file(what: String) -> Problem {
        Problem { line: None, what }
    }
}

impl fmt::Display for BadTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        for (i, Problem { line, what }) in self.problems.iter().take(MOST_PROBLEMS).enumerate() {
            let newline = if i > 0 { "\n" } else { "" };
            match line {
                Some(line) => write!(f, "{newline}{name}:{line}: {what}")?,
                None => write!(f, "{newline}{name}: {what}")?,
            }
        }
        match self.problems.len().saturating_sub(MOST_PROBLEMS) {
            0 => Ok(()),
            more => write!(f, "\n{name}: and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn loads(text: &str, every: Duration) -> Vec<Option<f64>> {
        Trace::parse("t.csv", text, every).unwrap().load
    }

    fn complaint(text: &str) -> String {
        Trace::parse("t.csv", text, MINUTE).unwrap_err().to_string()
    }

    #[test]
    fn both_kinds_of_timestamp_give_the_same_trace() {
        let rfc = "timestamp,value\n2026-01-01T00:00:00Z,3\n2026-01-01T00:01:00+00:00,4.5\n";
        let epoch = "\u{feff}Timestamp, Value\r\n1767225600,3\r\n1767225660.2,4.5\r\n";
        assert_eq!(loads(rfc, MINUTE), [Some(3.0), Some(4.5)]);
        assert_eq!(loads(epoch, MINUTE), loads(rfc, MINUTE));
        assert_eq!(
            Trace::parse("t.csv", epoch, MINUTE).unwrap().start,
            "2026-01-01T00:00:00Z".parse().unwrap()
        );
    }

    #[test]
    fn coarse_samples_are_held_and_gaps_stay_gaps() {
        let text = "timestamp,value\n0,1\n120,2\n240,3\n480,5\n600,\n720,7\n";
        let held = [1.0, 1.0, 2.0, 2.0, 3.0, 3.0].map(Some);
        assert_eq!(loads(text, MINUTE)[..6], held);
        assert_eq!(
            loads(text, MINUTE)[6..],
            [None, None, Some(5.0), Some(5.0), None, None, Some(7.0), Some(7.0)]
        );
    }

    #[test]
    fn of_several_samples_in_a_tick_the_last_counts() {
        let text = "timestamp,value\n0,1\n20,2\n40,3\n60,4\n80,\n100,\n";
        assert_eq!(loads(text, MINUTE), [Some(3.0), Some(4.0)]);
        let uneven = "timestamp,value\n0,1\n90,2\n180,3\n";
        assert_eq!(loads(uneven, MINUTE), [1.0, 2.0, 2.0, 3.0, 3.0].map(Some));
    }

    #[test]
    fn everything_wrong_is_told_at_once_by_line() {
        let text = "time,value\nnoon,1\n60,many\n120,-1\n180,1\n180,2\n240,1,2\n1767225600000,3\n300,inf\n";
        let told = complaint(text);
        for line in [
            "t.csv:1: the header is \"time,value\"; it must be \"timestamp,value\"",
            "t.csv:2: \"noon\" is no timestamp",
            "t.csv:3: the value \"many\" is no number",
            "t.csv:4: the value -1 is no load",
            "t.csv:6: 1970-01-01T00:03:00Z is not after 1970-01-01T00:03:00Z in line 5",
            "t.csv:7: 3 fields",
            "t.csv:8: 1767225600000 is too large for epoch seconds",
            "t.csv:9: the value inf is no load",
        ] {
            assert!(told.contains(line), "{line:?} is missing in\n{told}");
        }
    }

    #[test]
    fn a_load_that_is_cut_off_is_noticed() {
        let wave = |cap: f64| {
            let load = |k: i32| (50.0 + 40.0 * (f64::from(k) / 50.0).sin()).min(cap);
            let rows: String = (0..1000).map(|k| format!("{},{}\n", k * 60, load(k))).collect();
            Trace::parse("t.csv", &format!("timestamp,value\n{rows}"), MINUTE).unwrap().looks_capped()
        };
        assert!(wave(75.0) && !wave(f64::INFINITY));
    }

    #[test]
    fn a_trace_without_a_course_is_refused() {
        assert!(complaint("timestamp,value\n0,1\n").contains("fewer than two samples"));
        assert!(complaint("timestamp,value\n0,\n60,\n").contains("no line has a value"));
        assert!(complaint("").contains("header"));
        assert!(complaint("timestamp,value\n0,1\n60,1\n90000000000,1\n").contains("too many"));
        let hundred: String = (0..100).map(|_| "x,1\n").collect();
        assert!(complaint(&format!("timestamp,value\n{hundred}")).ends_with("and 80 more"));
    }
}
