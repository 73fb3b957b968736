//! The knee: the connections at which the objective breaks.
//!
//! More load never makes answers quicker, so the strain is made to rise with the connections by isotonic
//! regression (Barlow, Bartholomew, Bremner, Brunk, Statistical Inference under Order Restrictions, 1972),
//! and the knee lies where straight lines between the levels pass 1. No shape of the curve is assumed, and
//! the answer is never further than one step from two levels that were measured.

use super::levels::{Level, Point, mean};
use super::objective::Objective;
use super::refusal::Refusal;

/// Throughput within a level that scatters more than this, relative to its mean, is not one load.
const MOST_SCATTER: f64 = 0.25;
/// Two visits to a level further apart than this, relative to their mean, were not to the same servers.
const MOST_APART: f64 = 0.2;
/// A strain further than this from one that rises, relative to it and at least to 1, did not come from the
/// load alone.
const MOST_FALL: f64 = 0.25;

/// Levels whose connections lie no further apart than this, relative to the greater, carried the same load: by
/// Little's law slower answers hold more connections.
const SAME_LOAD: f64 = 0.03;

/// Where the strain passes 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Crossing {
    /// Below the first level.
    Below,
    /// At so many connections.
    At(f64),
    /// Above the last level.
    Above,
}

/// The levels up to the first where something else than the servers was the limit.
///
/// # Errors
/// When the objective does not break within them, or they disagree.
pub fn usable<'a>(levels: &'a [Level], objective: &Objective) -> Result<&'a [Level], Refusal> {
    let end = levels.iter().position(|level| level.limit.is_some()).unwrap_or(levels.len());
    let used = &levels[..end];
    agree(used)?;
    match (crossing(&curve(used)), levels.get(end)) {
        (Crossing::At(_), _) | (_, None) => Ok(used),
        (Crossing::Below, Some(_)) if !used.is_empty() => Err(never_held(used, objective)),
        (_, Some(Level { connections, limit: Some(limit), .. })) => {
            Err(Refusal::Limited { limit: *limit, connections: *connections })
        }
        (_, Some(_)) => Ok(used),
    }
}

/// The connections at which the objective breaks.
///
/// # Errors
/// When it breaks nowhere among the levels, or where no connection was counted.
pub fn of(levels: &[Level], objective: &Objective) -> Result<f64, Refusal> {
    match crossing(&curve(levels)) {
        Crossing::At(connections) if connections > 0.0 => Ok(connections),
        Crossing::At(_) => {
            Err(Refusal::Disagree("no connections were counted where the objective broke".to_owned()))
        }
        Crossing::Below => Err(never_held(levels, objective)),
        Crossing::Above => {
            let last = levels.last();
            Err(Refusal::NeverNear {
                connections: last.map_or(0.0, |level| level.connections),
                measured: objective.measured(last.map_or(0.0, |level| level.strain)),
            })
        }
    }
}

fn never_held(levels: &[Level], objective: &Objective) -> Refusal {
    let first = levels.first();
    Refusal::NeverHeld {
        connections: first.map_or(0.0, |level| level.connections),
        measured: objective.measured(first.map_or(0.0, |level| level.strain)),
    }
}

/// Connections and strain of each level.
pub(super) fn curve(levels: &[Level]) -> Vec<(f64, f64)> {
    levels.iter().map(|level| (level.connections, level.strain)).collect()
}

/// Where the strain, made to rise, passes 1; `curve` is in the order of its connections.
pub fn crossing(curve: &[(f64, f64)]) -> Crossing {
    let strain = rising(curve);
    let Some(above) = strain.iter().position(|strain| *strain > 1.0) else { return Crossing::Above };
    let Some(below) = above.checked_sub(1) else { return Crossing::Below };
    let (from, to) = (curve[below].0, curve[above].0);
    let share = (1.0 - strain[below]) / (strain[above] - strain[below]);
    Crossing::At(from + (to - from) * share)
}

/// The rising strain that is nearest to the measured one, by pooling adjacent violators.
fn rising(curve: &[(f64, f64)]) -> Vec<f64> {
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (_, strain) in curve {
        let mut pool = (*strain, 1);
        while let Some((before, size)) = pools.pop_if(|(before, _)| *before > pool.0) {
            let whole = size + pool.1;
            pool = ((before * size as f64 + pool.0 * pool.1 as f64) / whole as f64, whole);
        }
        pools.push(pool);
    }
    pools.into_iter().flat_map(|(strain, size)| std::iter::repeat_n(strain, size)).collect()
}

/// Whether the same load was the same each time.
fn agree(levels: &[Level]) -> Result<(), Refusal> {
    for level in levels {
        if let Some(what) = scatters(level).or_else(|| differs(level)) {
            return Err(Refusal::Disagree(what));
        }
    }
    if let Some(what) = pooled(levels) {
        return Err(Refusal::Disagree(what));
    }
    let rising = rising(&curve(levels));
    let falls = |strain: f64, rising: f64| (strain - rising).abs() > MOST_FALL * rising.max(1.0);
    let fall = levels.iter().zip(rising).find(|(level, rising)| falls(level.strain, *rising));
    fall.map_or(Ok(()), |(level, _)| {
        let what = format!(
            "around {:.1} connections more load went with quicker answers, so something else than the load \
             made them slow",
            level.connections
        );
        Err(Refusal::Disagree(what))
    })
}

fn scatters(level: &Level) -> Option<String> {
    let throughput: Vec<f64> =
        level.visits.iter().flatten().map(|point| point.throughput).collect::<Option<_>>()?;
    let middle = mean(throughput.iter().copied());
    let spread = mean(throughput.iter().map(|value| (value - middle).powi(2))).sqrt() / middle;
    (spread > MOST_SCATTER).then(|| {
        format!("at {:.1} connections the throughput scattered by {:.0} %", level.connections, spread * 100.0)
    })
}

fn differs(level: &Level) -> Option<String> {
    let of = |visit: &Vec<Point>| visit.iter().map(|point| point.throughput).collect::<Option<Vec<_>>>();
    let means: Vec<f64> = level
        .visits
        .iter()
        .map(of)
        .collect::<Option<Vec<_>>>()?
        .into_iter()
        .map(|all| mean(all.into_iter()))
        .collect();
    let (least, most) =
        means.iter().fold((f64::INFINITY, 0.0f64), |(low, high), v| (low.min(*v), high.max(*v)));
    (most - least > MOST_APART * mean(means.iter().copied())).then(|| {
        format!(
            "at {:.1} connections the throughput was {least:.1}/s one time and {most:.1}/s another",
            level.connections
        )
    })
}

/// Levels of the same connections whose answers were not alike, so that connections do not tell the load.
fn pooled(levels: &[Level]) -> Option<String> {
    let same = |a: &Level, b: &Level| b.connections - a.connections <= SAME_LOAD * b.connections;
    let apart =
        |a: &Level, b: &Level| (b.strain - a.strain).abs() > MOST_FALL * a.strain.min(b.strain).max(1.0);
    let pairs = levels
        .iter()
        .enumerate()
        .flat_map(|(n, a)| levels[n + 1..].iter().take_while(move |b| same(a, b)).map(move |b| (a, b)));
    let (a, b) = pairs.into_iter().find(|(a, b)| apart(a, b))?;
    Some(format!(
        "around {:.1} connections answers took {:.0} % of what the objective allows at one level and {:.0} % at \
         another, so connections do not tell the load: are they counted, and does nothing on the way pool them?",
        b.connections,
        a.strain * 100.0,
        b.strain * 100.0
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_knee_lies_between_the_levels_around_it() {
        assert_eq!(crossing(&[(1.0, 0.2), (2.0, 0.5), (4.0, 1.5)]), Crossing::At(3.0));
        assert_eq!(crossing(&[(1.0, 0.2), (2.0, 1.0), (4.0, 1.5)]), Crossing::At(2.0));
        assert_eq!(crossing(&[(1.0, 0.2), (2.0, 0.9)]), Crossing::Above);
        assert_eq!(crossing(&[(1.0, 1.1), (2.0, 1.9)]), Crossing::Below);
        assert_eq!(crossing(&[]), Crossing::Above);
    }

    #[test]
    fn what_falls_is_pooled() {
        let curve = [(1.0, 0.2), (2.0, 0.6), (3.0, 0.4), (4.0, 0.8), (5.0, 0.7), (6.0, 0.6)];
        let strain = rising(&curve);
        let wanted = [0.2, 0.5, 0.5, 0.7, 0.7, 0.7];
        assert!(strain.iter().zip(wanted).all(|(is, wanted)| (is - wanted).abs() < 1e-12), "{strain:?}");
    }
}
