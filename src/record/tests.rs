//! The record's JSON form, word for word: others read it by these names.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::decide::decide;
use crate::decide::memory::Memory;
use crate::model::{Change, Direction, Effect, Limits, Moves, NoReading, Nodes, Step, Unreadable, Window};

fn observation() -> Observation {
    let at: Timestamp = "2026-11-22T01:30:00Z".parse().unwrap();
    let up = Step {
        id: "p1".to_owned(),
        name: "add_on".to_owned(),
        direction: Direction::Up,
        effect: Effect::Change(2),
        cooldown: std::time::Duration::ZERO,
    };
    let fleet = Fleet {
        active: 2,
        desired: 2,
        limits: Limits { min: 1, max: 8 },
        paused: false,
        trouble: None,
        cooldown: std::time::Duration::ZERO,
        moves: Moves::Steps(vec![up]),
        flavor: Some("general1-2".to_owned()),
        details_at: at,
    };
    let reading = Reading {
        signal: Signal::Demand { load: 150.0 },
        taken: Window { earliest: "2026-11-22T01:29:58.5Z".parse().unwrap(), latest: at },
        balancers: vec![BalancerLoad {
            id: "71".to_owned(),
            name: "load_balancer".to_owned(),
            connections: 150,
        }],
        nodes: Some(Nodes { serving: 2, offline: 0, total: 2 }),
        beat: None,
    };
    let capacity = Capacity { servers: 2, serving: 100.0, fixed: 0.0, per_server: 50.0 };
    Observation { at, fleet: Ok(fleet), reading: Ok(reading), capacity: Ok(capacity) }
}

fn record(seen: Observation, settled: Option<&Settled>) -> Record {
    let rules = Rules { max: Some(6), ..Rules::default() };
    let decision = decide(&rules, &Memory::default(), &seen);
    let mut progress = Progress::default();
    if let (Some(change), Some(settled)) = (decision.verdict.change(), settled) {
        progress.begin(change);
        progress.settle(settled.clone());
    }
    Record::new("Group01", &rules, &Pass { seen, decision }, &progress)
}

/// Outcome, goal and error of a move from 2 to 4 by steps of one, after these outcomes of its executions; none
/// for one that was begun and of which nobody knows more.
fn after(outcomes: &[Option<Outcome>]) -> (Option<Outcome>, u32, Option<String>) {
    let change = Change { from: 2, to: 4, by: None, times: 2 };
    let mut progress = Progress::default();
    for (execution, outcome) in change.each().zip(outcomes) {
        progress.begin(&execution);
        let error = outcome.filter(|outcome| !outcome.is_as_wished()).map(|_| "why".to_owned());
        let settled = outcome.map(|outcome| Settled { at: Timestamp::UNIX_EPOCH, outcome, error });
        settled.into_iter().for_each(|settled| progress.settle(settled));
    }
    (progress.outcome(), progress.to(&change), progress.error(&change))
}

#[test]
fn a_move_of_several_executions_tells_what_was_made_of_it() {
    use Outcome::{Executed, Failed, Refused, Unknown};
    let told = |text: &str| Some(text.to_owned());
    for (outcomes, expected) in [
        (vec![Some(Executed), Some(Executed)], (Some(Executed), 4, None)),
        (vec![Some(Executed), Some(Refused)], (Some(Executed), 3, told("1 of 2 executions were made; why"))),
        (vec![Some(Executed), Some(Failed)], (Some(Failed), 3, told("1 of 2 executions were made; why"))),
        (
            vec![Some(Executed), Some(Unknown)],
            (Some(Unknown), 4, told("1 of 2 executions are known to have been made; why")),
        ),
        (vec![Some(Executed), None], (None, 4, None)),
        (
            vec![Some(Executed)],
            (Some(Executed), 3, told("1 of 2 executions were made; the pass ended before the others")),
        ),
        (vec![Some(Refused)], (Some(Refused), 4, told("0 of 2 executions were made; why"))),
        (vec![None], (None, 4, None)),
    ] {
        assert_eq!(after(&outcomes), expected, "{outcomes:?}");
    }
}

#[test]
fn a_full_record_has_every_name_and_a_value() {
    let seen = observation();
    let settled = Settled { at: seen.at, outcome: Outcome::Executed, error: None };
    let expected = concat!(
        r#"{"time":"2026-11-22T01:30:00Z","group":"Group01","#,
        r#""signal":{"kind":"demand","value":150.0,"unit":"connections","level":"high"},"#,
        r#""load_balancers":[{"id":"71","name":"load_balancer","connections":150}],"connections":150,"#,
        r#""reading_age_seconds":1.5,"#,
        r#""servers":{"serving":2,"active":2,"pending":0,"desired":2,"min":1,"max":6},"#,
        r#""capacity":100.0,"utilization":1.5,"needed":3,"action":"scale_up","policy":"add_on","#,
        r#""desired_from":2,"desired_to":4,"outcome":"executed","reason":"above_band","#,
        r#""explanation":"150 connections on a capacity of 100 are a utilization of 1.50, above the band; "#,
        r#"policy \"add_on\" takes desired capacity from 2 to 4.","error":null}"#,
    );
    let record = record(seen, Some(&settled));
    assert_eq!(serde_json::to_string(&record).unwrap(), expected);
    assert_eq!(serde_json::from_str::<Record>(expected).unwrap(), record);
}

#[test]
fn what_does_not_apply_is_null() {
    let mut seen = observation();
    seen.fleet = Err(Unreadable::Failed("groups answered 503".to_owned()));
    seen.reading = Err(NoReading::Missing("stats answered 500".to_owned()));
    seen.capacity = Err(NoReading::NoCapacity("the group is unknown".to_owned()));
    let expected = concat!(
        r#"{"time":"2026-11-22T01:30:00Z","group":"Group01","signal":null,"load_balancers":null,"#,
        r#""connections":null,"reading_age_seconds":null,"#,
        r#""servers":{"serving":null,"active":null,"pending":null,"desired":null,"min":null,"max":null},"#,
        r#""capacity":null,"utilization":null,"needed":null,"action":"hold","policy":null,"#,
        r#""desired_from":null,"desired_to":null,"outcome":null,"reason":"fleet_unreadable","#,
        r#""explanation":"The scaling group could not be read: groups answered 503.","#,
        r#""error":"groups answered 503"}"#,
    );
    assert_eq!(serde_json::to_string(&record(seen, None)).unwrap(), expected);
}

#[test]
fn nothing_that_serves_makes_utilization_null() {
    let mut seen = observation();
    seen.capacity = Ok(Capacity { servers: 0, serving: 0.0, fixed: 0.0, per_server: 50.0 });
    let record = record(seen, None);
    assert_eq!((record.capacity, record.utilization, record.needed), (Some(0.0), None, Some(3)));
}

#[test]
fn a_reading_that_is_not_used_is_shown_without_a_judgement() {
    let mut seen = observation();
    seen.reading.as_mut().unwrap().taken.earliest = "2026-11-22T01:00:00Z".parse().unwrap();
    let record = record(seen, None);
    let signal = record.signal.unwrap();
    assert_eq!((signal.value, signal.level), (150.0, None));
    assert_eq!((record.reason.as_str(), record.reading_age_seconds), ("stale_reading", Some(1800.0)));
}

#[test]
fn servers_that_do_not_come_are_told_with_the_groups_own_error() {
    let mut seen = observation();
    let fleet = seen.fleet.as_mut().unwrap();
    (fleet.desired, fleet.trouble) = (5, Some("image is gone".to_owned()));
    let record = record(seen, None);
    assert_eq!((record.servers.pending, record.error.as_deref()), (Some(3), Some("image is gone")));
    assert!(record.explanation.contains("in ERROR (image is gone)"), "{}", record.explanation);
}

#[test]
fn the_clouds_words_about_the_move_come_first() {
    let seen = observation();
    let settled = Settled { at: seen.at, outcome: Outcome::Unknown, error: Some("no answer".to_owned()) };
    let record = record(seen, Some(&settled));
    assert_eq!((record.outcome, record.error.as_deref()), (Some(Outcome::Unknown), Some("no answer")));
}
