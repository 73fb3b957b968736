//! Levels: the samples that were taken under the same load, together, and whether they can be trusted.

use std::fmt;

use serde::Serialize;

use super::objective::Objective;
use super::refusal::Refusal;
use super::samples::{Sample, Samples};

/// Levels below this draw no curve.
const FEWEST_LEVELS: usize = 5;
/// Samples below this tell nothing of how much they scatter.
const FEWEST_SAMPLES: usize = 3;
/// Answers a sample below this give no quantile worth the name.
const FEWEST_ANSWERS: f64 = 20.0;
/// With a greater share of failures, failing is what the servers do instead of being slow.
const MOST_ERRORS: f64 = 0.01;
/// A load generator that uses more of its CPUs than this cannot be trusted to keep up.
const MOST_CPU: f64 = 0.9;
/// Timers later than this share of the time that the objective turns on blur what is measured.
const MOST_LAG: f64 = 0.1;

/// The samples of one load, for one server.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Level {
    /// Connections of one server, in the mean.
    pub connections: f64,
    /// Answers a second of one server, in the mean; none where it was not measured.
    pub throughput: Option<f64>,
    /// How far the objective was strained, in the mean; it holds up to 1.
    pub strain: f64,
    /// What each visit to this load was like.
    #[serde(skip)]
    pub visits: Vec<Vec<Point>>,
    /// Why neither this level nor any above it can be used.
    #[serde(skip)]
    pub limit: Option<Limit>,
}

/// One sample of a level, for one server.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Connections.
    pub connections: f64,
    /// Answers a second.
    pub throughput: Option<f64>,
    /// How far the objective was strained.
    pub strain: f64,
}

/// What else than the servers was the limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// Requests failed: their share.
    Errors(f64),
    /// The load generator's timers came late: by so many milliseconds.
    Lag(f64),
    /// The load generator used the CPU up: its share.
    Cpu(f64),
    /// So few answers a sample.
    Answers(f64),
}

impl Level {
    /// A level of these visits, none of which is empty.
    pub fn new(visits: Vec<Vec<Point>>, limit: Option<Limit>) -> Level {
        let points: Vec<Point> = visits.iter().flatten().copied().collect();
        Level {
            connections: mean(points.iter().map(|point| point.connections)),
            throughput: points
                .iter()
                .map(|point| point.throughput)
                .collect::<Option<Vec<_>>>()
                .map(|all| mean(all.into_iter())),
            strain: mean(points.iter().map(|point| point.strain)),
            visits,
            limit,
        }
    }

    /// Samples in it.
    pub fn size(&self) -> usize {
        self.visits.iter().map(Vec::len).sum()
    }
}

/// The levels of a load test over `servers`, by rising connections.
///
/// Samples in a row with the same number of users are a visit to that level; its first sample still has the
/// level before in it and is left out, and a visit of too few is passed over: users were on their way.
pub fn of_samples(samples: &Samples, objective: &Objective, servers: f64) -> Vec<Level> {
    let visits = samples.rows.chunk_by(|a, b| a.users == b.users);
    let mut settled: Vec<&[Sample]> =
        visits.map(|visit| &visit[1..]).filter(|visit| visit.len() >= FEWEST_SAMPLES).collect();
    settled.sort_by_key(|visit| visit[0].users);
    let same = |a: &&[Sample], b: &&[Sample]| a[0].users == b[0].users;
    let mut levels: Vec<Level> =
        settled.chunk_by(same).map(|visits| level(visits, objective, servers)).collect();
    levels.sort_by(|a, b| a.connections.total_cmp(&b.connections));
    levels
}

/// Whether there are levels enough to draw a curve.
///
/// # Errors
/// When there are not.
pub fn enough(levels: &[Level]) -> Result<(), Refusal> {
    match levels.len() {
        0..FEWEST_LEVELS => Err(Refusal::TooFew {
            levels: levels.len(),
            wanted_levels: FEWEST_LEVELS,
            wanted_samples: FEWEST_SAMPLES,
        }),
        _ => Ok(()),
    }
}

fn level(visits: &[&[Sample]], objective: &Objective, servers: f64) -> Level {
    let point = |sample: &Sample| Point {
        connections: sample.connections / servers,
        throughput: Some(sample.throughput / servers),
        strain: strain(sample, objective),
    };
    let points = visits.iter().map(|visit| visit.iter().map(point).collect()).collect();
    let all: Vec<&Sample> = visits.iter().copied().flatten().collect();
    Level::new(points, limit(&all, objective))
}

/// The level of samples of one server's history, which tells no throughput.
pub(super) fn of_history(samples: &[Sample], objective: &Objective) -> Level {
    let point = |sample: &Sample| Point {
        connections: sample.connections,
        throughput: None,
        strain: strain(sample, objective),
    };
    let all: Vec<&Sample> = samples.iter().collect();
    Level::new(vec![samples.iter().map(point).collect()], limit(&all, objective))
}

/// Without an answer nothing is known; a level with such a sample is never used, for want of answers.
fn strain(sample: &Sample, objective: &Objective) -> f64 {
    objective.strain(&sample.latency, failed(sample)).unwrap_or(f64::INFINITY)
}

/// The share of requests that failed.
fn failed(sample: &Sample) -> f64 {
    sample.errors / (sample.errors + sample.requests).max(1.0)
}

/// What else than the servers was the limit, the one that says most first.
fn limit(samples: &[&Sample], objective: &Objective) -> Option<Limit> {
    let total = |of: fn(&Sample) -> f64| samples.iter().map(|sample| of(sample)).sum::<f64>();
    let (errors, answers) = (total(|sample| sample.errors), total(|sample| sample.requests));
    let known = |of: fn(&Sample) -> Option<f64>| mean(samples.iter().filter_map(|sample| of(sample)));
    let (cpu, lag) = (known(|sample| sample.cpu), known(|sample| sample.lag));
    let fewest = samples.iter().map(|sample| sample.requests).fold(f64::INFINITY, f64::min);
    let limits = [
        (cpu > MOST_CPU, Limit::Cpu(cpu)),
        (lag > MOST_LAG * objective.scale(), Limit::Lag(lag)),
        (errors > MOST_ERRORS * (errors + answers), Limit::Errors(errors / (errors + answers))),
        (fewest < FEWEST_ANSWERS, Limit::Answers(fewest)),
    ];
    limits.into_iter().find_map(|(reached, limit)| reached.then_some(limit))
}

/// The mean; zero of nothing.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Errors(share) => write!(f, "{:.1} % of the requests failed", share * 100.0),
            Limit::Lag(millis) => write!(f, "the load generator's timers came {millis:.0} ms late"),
            Limit::Cpu(share) => write!(f, "the load generator used {:.0} % of its CPUs", share * 100.0),
            Limit::Answers(least) => write!(f, "a sample had only {least:.0} answers"),
        }
    }
}
