//! The clairvoyant: the cheapest fleet that is never short, knowing the future and paying for boot time.

use std::collections::BTreeSet;

use super::{Course, Setup};
use crate::replay::trace::Trace;

/// The cheapest course through `trace` that is never short.
///
/// Servers are alike, so the problem splits by level: server number j is needed in the ticks whose
/// demand is at least j. Over a hole of g ticks between two of these it is kept if g <= boot, else
/// dropped and booted again inside the hole, which costs `boot`. What is needed before it could have
/// booted runs from the start. A tick without a sample carries the demand before it. Levels between two
/// demands that follow one another are needed in the same ticks, and staffed together.
pub fn oracle(trace: &Trace, setup: &Setup) -> Course {
    let need = needs(trace, setup);
    let mut course =
        Course { ready: vec![0; need.len()], paid: vec![0; need.len()], change: vec![0; need.len()] };
    let mut staffed = 0;
    for level in need.iter().copied().filter(|level| *level > 0).collect::<BTreeSet<u32>>() {
        staff(&mut course, level - staffed, &stretches(&need, level), setup.boot);
        staffed = level;
    }
    for tick in 1..need.len() {
        course.change[tick - 1] = i64::from(course.paid[tick]) - i64::from(course.paid[tick - 1]);
    }
    course
}

/// Servers needed in each tick.
fn needs(trace: &Trace, setup: &Setup) -> Vec<u32> {
    let first = trace.load.iter().flatten().next().copied().unwrap_or(0.0);
    let mut last = setup.demand(first);
    let carried = |load: &Option<f64>| {
        last = load.map_or(last, |load| setup.demand(load));
        last
    };
    trace.load.iter().map(carried).collect()
}

/// The half-open ranges of ticks in which `level` servers or more are needed.
fn stretches(need: &[u32], level: u32) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for tick in (0..need.len()).filter(|tick| need[*tick] >= level) {
        match found.last_mut() {
            Some((_, end)) if *end == tick => *end += 1,
            _ => found.push((tick, tick + 1)),
        }
    }
    found
}

/// Adds servers that serve in the given stretches and, where that is cheaper, between them.
fn staff(course: &mut Course, servers: u32, stretches: &[(usize, usize)], boot: usize) {
    let mut free_from = None;
    for &(start, end) in stretches {
        let serves_from = match free_from {
            Some(free) if start - free <= boot => free,
            _ => start,
        };
        let paid_from = if serves_from < start { serves_from } else { start.saturating_sub(boot) };
        course.ready[serves_from..end].iter_mut().for_each(|ready| *ready += servers);
        course.paid[paid_from..end].iter_mut().for_each(|paid| *paid += servers);
        free_from = Some(end);
    }
}
