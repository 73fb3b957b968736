//! Whole calibrations: a server that is known gives its number, and bad samples never give one.
#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};

use super::samples::{Sample, Samples};
use super::*;

/// Requests that the servers of these tests work on at a time, and the seconds for each.
const WORKERS: f64 = 4.0;
const SERVICE: f64 = 0.05;

/// A server of [`WORKERS`] that everyone asks again at once: p95 is 20 % above the mean.
fn sample(users: u64, second: i64) -> Sample {
    let n = users as f64;
    let throughput = n.min(WORKERS) / SERVICE * wobble(second, 0.02);
    let mean = n / throughput * 1000.0;
    Sample {
        at: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second),
        users,
        connections: n,
        requests: throughput.round() * 2.0,
        errors: 0.0,
        throughput,
        latency: vec![
            (10.0, 0.8 * mean),
            (50.0, mean),
            (95.0, 1.2 * mean * wobble(second, 0.03)),
            (99.0, 1.4 * mean),
        ],
        cpu: Some(0.2),
        lag: Some(1.0),
    }
}

/// Something near 1 that differs from second to second.
fn wobble(second: i64, by: f64) -> f64 {
    1.0 + by * (second as f64 * 2.4).sin()
}

/// Each level for six samples.
fn staircase(levels: impl IntoIterator<Item = u64>, change: impl Fn(&mut Sample)) -> Samples {
    let rows = levels.into_iter().flat_map(|users| [users; 6]).zip(1..).map(|(users, second)| {
        let mut sample = sample(users, second);
        change(&mut sample);
        sample
    });
    Samples { name: "made".to_owned(), rows: rows.collect() }
}

fn steps() -> impl Iterator<Item = u64> {
    (2..=32).step_by(2)
}

fn objective() -> Objective {
    "p95 < 240ms".parse().unwrap()
}

fn refusal(samples: &Samples) -> Refusal {
    calibrate(samples, &objective(), 1).unwrap_err()
}

#[test]
fn the_knee_of_a_known_server_is_found_with_its_interval() {
    // p95 is 1.2 x n x 50 ms / 4: 240 ms at 16 connections.
    let found = calibrate(&staircase(steps(), |_| {}), &objective(), 1).unwrap();
    let Estimate { value, low, high } = found.connections;
    assert!((value - 16.0).abs() < 0.3, "{value}");
    assert!(low <= value && value <= high && high - low < 1.0, "{low} to {high}");
    let law = found.law.unwrap();
    assert!(law.misfit < 0.15 && law.sigma.low <= law.sigma.value, "{law:?}");
    assert_eq!(found.levels.len(), 16);
    assert_eq!(calibrate(&staircase(steps(), |_| {}), &objective(), 1), Ok(found), "the same every time");
}

#[test]
fn an_apdex_breaks_where_its_definition_says() {
    // All within 4 T; the 95 % point of the answers is at 1.2 times the mean, the middle at the mean, and
    // a score of 0.9 means 80 % within T: T is 1.1333 times the mean, which is 12.5 ms x n.
    let objective: Objective = "apdex(200ms) >= 0.9".parse().unwrap();
    let found = calibrate(&staircase(steps(), |_| {}), &objective, 1).unwrap();
    let wanted = 200.0 / (1.0 + 0.2 * 30.0 / 45.0) / 12.5;
    assert!((found.connections.value - wanted).abs() < 0.4, "{:?}, not {wanted}", found.connections);
}

#[test]
fn servers_share_the_load_evenly() {
    let one = calibrate(&staircase(steps(), |_| {}), &objective(), 1).unwrap();
    let four = calibrate(&staircase(steps(), |_| {}), &objective(), 4).unwrap();
    assert!((four.connections.value * 4.0 - one.connections.value).abs() < 1e-9);
}

#[test]
fn a_capacity_has_three_digits_and_is_never_more_than_was_found() {
    let mut found = calibrate(&staircase(steps(), |_| {}), &objective(), 1).unwrap();
    for (value, capacity) in [(15.987, 15.9), (1234.5, 1230.0), (3.0, 3.0), (0.04567, 0.0456)] {
        found.connections.value = value;
        assert!((found.capacity() - capacity).abs() < 1e-9, "{} for {value}", found.capacity());
    }
}

#[test]
fn what_happens_after_the_knee_does_not_matter() {
    let samples = staircase(steps(), |sample| {
        if sample.users > 24 {
            sample.errors = sample.requests;
        }
    });
    let found = calibrate(&samples, &objective(), 1).unwrap();
    assert!((found.connections.value - 16.0).abs() < 0.3);
    assert_eq!(found.levels.len(), 12, "the levels with failures are left out");
}

#[test]
fn a_load_that_never_came_near_the_knee_is_refused() {
    let refusal = refusal(&staircase(1..=12, |_| {}));
    assert_eq!(refusal.code(), "never_near");
    assert!(refusal.to_string().contains("at 12.0 connections"), "{refusal}");
}

#[test]
fn an_objective_that_never_held_is_refused() {
    assert_eq!(refusal(&staircase(20..=32, |_| {})).code(), "never_held");
}

#[test]
fn errors_before_the_knee_are_refused() {
    let refusal = refusal(&staircase(steps(), |sample| {
        if sample.users >= 14 {
            sample.errors = sample.requests * 0.05;
        }
    }));
    assert_eq!(refusal.code(), "errors");
    let told = refusal.to_string();
    assert!(told.contains("4.8 % of the requests failed at 14.0 connections"), "{told}");
}

#[test]
fn a_load_generator_at_its_own_limit_is_refused() {
    let late = |sample: &mut Sample| sample.lag = (sample.users >= 10).then_some(30.0);
    assert_eq!(refusal(&staircase(steps(), late)).code(), "generator");
    let busy = |sample: &mut Sample| sample.cpu = (sample.users >= 10).then_some(0.97);
    assert_eq!(refusal(&staircase(steps(), busy)).code(), "generator");
}

#[test]
fn samples_with_hardly_an_answer_are_refused() {
    assert_eq!(refusal(&staircase(steps(), |sample| sample.requests = 7.0)).code(), "too_few_answers");
    let stalled = |sample: &mut Sample| {
        if sample.users == 12 && sample.at.as_second() % 6 == 3 {
            (sample.requests, sample.throughput) = (0.0, 0.0);
            sample.latency.clear();
        }
    };
    assert_ne!(refusal(&staircase(steps(), stalled)).code(), "never_near", "a stall is no quick answer");
}

#[test]
fn too_few_levels_are_refused() {
    assert_eq!(refusal(&staircase([4, 8, 16, 32], |_| {})).code(), "too_few_levels");
    let ramp = Samples { name: "ramp".to_owned(), rows: (1..60).map(|k| sample(k as u64, k)).collect() };
    assert_eq!(refusal(&ramp).code(), "too_few_levels", "a ramp has no levels");
}

#[test]
fn samples_that_disagree_are_refused() {
    let scattered =
        |sample: &mut Sample| sample.throughput *= if sample.at.as_second() % 2 == 0 { 0.4 } else { 1.0 };
    assert_eq!(refusal(&staircase(steps(), scattered)).code(), "disagree");

    let second_visit =
        |sample: &mut Sample| sample.throughput *= if sample.at.as_second() > 96 { 0.7 } else { 1.0 };
    assert_eq!(refusal(&staircase(steps().chain(steps()), second_visit)).code(), "disagree");

    let slow_early = |sample: &mut Sample| {
        let factor = if sample.users == 8 { 3.0 } else { 1.0 };
        sample.latency.iter_mut().for_each(|(_, millis)| *millis *= factor);
    };
    assert_eq!(refusal(&staircase(steps(), slow_early)).code(), "disagree");
}

#[test]
fn connections_that_do_not_follow_the_load_are_refused() {
    let counted = |connections: fn(&Sample) -> f64| {
        refusal(&staircase(steps(), |sample| sample.connections = connections(sample)))
    };
    let wobbling = counted(|sample| 50.0 * wobble(sample.at.as_second(), 0.03));
    assert_eq!(wobbling.code(), "disagree", "{wobbling}");
    assert!(wobbling.to_string().contains("connections do not tell the load"), "{wobbling}");
    assert_eq!(counted(|_| 5.0).code(), "disagree");
    assert_eq!(counted(|_| 0.0).code(), "disagree");
    assert_eq!(counted(|sample| sample.connections.min(10.0)).code(), "disagree", "a pool below the knee");
}

#[test]
fn a_knee_where_no_connection_was_counted_is_refused() {
    let slowly = |sample: &mut Sample| {
        let p95 = 0.98 * 240.0 + sample.users as f64 * 0.4;
        (sample.connections, sample.latency) = (0.0, vec![(50.0, 10.0), (95.0, p95)]);
    };
    let refusal = refusal(&staircase(steps(), slowly));
    assert!(refusal.to_string().contains("no connections were counted"), "{refusal}");
}

#[test]
fn samples_that_leave_it_open_are_refused() {
    // The p95 jumps about more with every level, and its mean passes the bound slowly.
    let noisy = |sample: &mut Sample| {
        let jump = 1.0 + 0.9 * (sample.at.as_second() as f64 * 2.4).sin();
        sample.latency = vec![(50.0, 10.0), (95.0, (200.0 + 2.0 * sample.users as f64) * jump)];
    };
    let refusal = refusal(&staircase(steps(), noisy));
    assert_eq!(refusal.code(), "uncertain", "{refusal}");
}
