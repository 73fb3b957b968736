//! The same from live history: the journal of a group that is scaled on connections, beside that of one that
//! is judged by response times, both of the same fleet.
//!
//! Every response time is set beside the connections that each server carried at that moment. What happened
//! under about as many connections is a level; within it, passes that followed one another are a sample.
//! Nobody chose the load, so what makes answers slow at busy hours counts as the load's doing.

use jiff::{SignedDuration, Timestamp};

use super::levels::{self, Level, mean};
use super::objective::Objective;
use super::refusal::Refusal;
use super::samples::Sample;
use super::{Calibration, bootstrap, knee};
use crate::model::{Observation, Signal};

/// Passes of the two groups further apart than this saw different things.
const MOST_APART: SignedDuration = SignedDuration::from_secs(60);
/// Response times in a sample; some of them may be missing.
const SAMPLE: usize = 25;
/// Samples in a level, at least.
const SAMPLES: usize = 3;
/// Levels, at least and at most.
const LEVELS: (usize, usize) = (5, 10);
/// Quantiles that a sample is described by, in percent, beside the objective's own.
const QUANTILES: [f64; 9] = [5.0, 10.0, 25.0, 50.0, 75.0, 80.0, 90.0, 95.0, 99.0];

/// A response time, and what each server carried then.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// When it was measured.
    pub at: Timestamp,
    /// Connections of one server.
    pub connections: f64,
    /// Milliseconds; none if there was no good answer.
    pub response: Option<f64>,
}

/// The connections of each serving server, if a pass saw them.
pub fn carried(seen: &Observation) -> Option<f64> {
    let (reading, fleet) = (seen.reading.as_ref().ok()?, seen.fleet.as_ref().ok()?);
    let servers = reading.nodes.map_or(fleet.active, |nodes| nodes.serving);
    match reading.signal {
        Signal::Demand { load } if servers > 0 => Some(load / f64::from(servers)),
        _ => None,
    }
}

/// The response time that a pass was judged by, if it was by one: milliseconds, or none if there was no good
/// answer.
pub fn response(seen: &Observation) -> Option<Option<f64>> {
    let reading = seen.reading.as_ref().ok()?;
    let failed = reading.beat.as_ref().is_some_and(|beat| beat.error.is_some());
    match reading.signal {
        Signal::Level { value, .. } => Some((!failed).then_some(value)),
        Signal::Demand { .. } => None,
    }
}

/// Sets every response time beside the connections nearest to it in time; both are in the order of time.
pub fn beside(carried: &[(Timestamp, f64)], responses: &[(Timestamp, Option<f64>)]) -> Vec<Moment> {
    let nearest = |at: Timestamp| {
        let next = carried.partition_point(|(when, _)| *when < at);
        let around = carried[next.saturating_sub(1)..carried.len().min(next + 1)].iter();
        let apart = |when: Timestamp| when.duration_since(at).abs();
        around.filter(|(when, _)| apart(*when) <= MOST_APART).min_by_key(|(when, _)| apart(*when))
    };
    let moment = |(at, response): &(Timestamp, Option<f64>)| {
        Some(Moment { at: *at, connections: nearest(*at)?.1, response: *response })
    };
    responses.iter().filter_map(moment).collect()
}

/// Finds what one server carries well from what happened.
///
/// # Errors
/// Why the history gives no number.
pub fn calibrate(mut moments: Vec<Moment>, objective: &Objective) -> Result<Calibration, Refusal> {
    let size = SAMPLE * SAMPLES;
    if moments.len() < size * LEVELS.0 {
        return Err(Refusal::TooShort { moments: moments.len(), wanted: size * LEVELS.0 });
    }
    moments.sort_by(|a, b| a.connections.total_cmp(&b.connections));
    let count = (moments.len() / size).min(LEVELS.1);
    let bounds = |k: usize| k * moments.len() / count..(k + 1) * moments.len() / count;
    let levels: Vec<Level> = (0..count).map(|k| level(&moments[bounds(k)], objective)).collect();
    let used = knee::usable(&levels, objective)?;
    let connections = bootstrap::Resampled::of(used).knee(knee::of(used, objective)?)?;
    Ok(Calibration { connections, law: None, levels: used.to_vec() })
}

fn level(moments: &[Moment], objective: &Objective) -> Level {
    let mut moments = moments.to_vec();
    moments.sort_by_key(|moment| moment.at);
    let count = moments.len() / SAMPLE;
    let bounds = |k: usize| k * moments.len() / count..(k + 1) * moments.len() / count;
    let samples: Vec<Sample> = (0..count).map(|k| sample(&moments[bounds(k)], objective)).collect();
    levels::of_history(&samples, objective)
}

fn sample(moments: &[Moment], objective: &Objective) -> Sample {
    let mut responses: Vec<f64> = moments.iter().filter_map(|moment| moment.response).collect();
    responses.sort_by(f64::total_cmp);
    let mut percents = QUANTILES.to_vec();
    percents.extend(objective.percent());
    percents.sort_by(f64::total_cmp);
    Sample {
        at: moments.last().map_or(Timestamp::UNIX_EPOCH, |moment| moment.at),
        users: 0,
        connections: mean(moments.iter().map(|moment| moment.connections)),
        requests: responses.len() as f64,
        errors: (moments.len() - responses.len()) as f64,
        throughput: 0.0,
        latency: percents.into_iter().filter_map(|p| Some((p, quantile(&responses, p)?))).collect(),
        cpu: None,
        lag: None,
    }
}

/// The quantile of what is sorted, between its neighbours by a straight line; nothing of nothing.
fn quantile(sorted: &[f64], percent: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = last as f64 * percent / 100.0;
    let below = place.floor() as usize;
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    Some(low + (high - low) * place.fract())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::calibrate::Estimate;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// A pass every minute under a daily wave of 5 to 45 connections; answers take 10 ms a connection, and
    /// up to a tenth more.
    fn wave(passes: i64) -> Vec<Moment> {
        let moment = |k: i64| {
            let connections = 25.0 - 20.0 * (k as f64 / 1440.0 * std::f64::consts::TAU).cos();
            let response = 10.0 * connections * (1.05 + 0.05 * (k as f64 * 2.4).sin());
            Moment { at: at(60 * k), connections, response: Some(response) }
        };
        (0..passes).map(moment).collect()
    }

    fn objective() -> Objective {
        "p95 < 330ms".parse().unwrap()
    }

    #[test]
    fn what_a_server_carried_well_is_found_in_a_day() {
        let found = calibrate(wave(1440), &objective()).unwrap();
        // 330 ms over 11 ms a connection for the slowest answers.
        let Estimate { value, low, high } = found.connections;
        assert!((value / 30.0 - 1.0).abs() < 0.1, "{value}");
        assert!(low <= value && value <= high);
        assert_eq!(found.law, None, "nobody counted answers");
    }

    #[test]
    fn a_history_that_cannot_tell_gives_no_number() {
        let refusal = |moments: Vec<Moment>| calibrate(moments, &objective()).unwrap_err();
        assert_eq!(refusal(wave(300)).code(), "too_short");
        let mut quiet = wave(1440);
        quiet.retain(|moment| moment.connections < 25.0);
        assert_eq!(refusal(quiet).code(), "never_near");
        let mut failing = wave(1440);
        let busy = |moment: &&mut Moment| moment.connections > 20.0 && moment.at.as_second() % 600 == 0;
        failing.iter_mut().filter(busy).for_each(|moment| moment.response = None);
        assert_eq!(refusal(failing).code(), "errors");
    }

    #[test]
    fn a_response_stands_beside_the_connections_of_its_minute() {
        let carried = [(at(0), 10.0), (at(300), 20.0)];
        let responses = [(at(40), Some(1.0)), (at(150), Some(2.0)), (at(290), None), (at(361), Some(4.0))];
        let moments = beside(&carried, &responses);
        let told: Vec<_> = moments.iter().map(|moment| (moment.connections, moment.response)).collect();
        assert_eq!(told, [(10.0, Some(1.0)), (20.0, None)]);
        assert!(beside(&[], &responses).is_empty());
    }
}
