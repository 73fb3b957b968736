//! Sequences of records in, what is told of them out.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::model::Severity;
use crate::record::{Servers, SignalView};

/// A record so many minutes after the first one; what matters to a case is set on it.
fn record(minute: i64) -> Record {
    let time = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute);
    let servers =
        Servers { desired: Some(3), active: Some(3), min: Some(2), max: Some(5), ..Servers::default() };
    let needed = Some(3);
    let reason = "inside_band";
    Record { servers, needed, ..Record::not_passed("web", time, reason, String::new(), None) }
}

fn hold(minute: i64, reason: &str) -> Record {
    Record { reason: reason.to_owned(), ..record(minute) }
}

fn needs(minute: i64, needed: u32) -> Record {
    Record { needed: Some(needed), ..record(minute) }
}

fn desired(minute: i64, desired: u32) -> Record {
    let mut record = record(minute);
    record.servers.desired = Some(desired);
    record
}

fn scale(minute: i64, from: u32, to: u32, outcome: Option<Outcome>) -> Record {
    let action = if to > from { Action::ScaleUp } else { Action::ScaleDown };
    let reason = "above_band".to_owned();
    let (desired_from, desired_to) = (Some(from), Some(to));
    Record { action, reason, desired_from, desired_to, outcome, ..desired(minute, from) }
}

/// By a level: nobody knows what is needed.
fn level(minute: i64, level: Level, reason: &str) -> Record {
    let signal =
        SignalView { kind: "level".to_owned(), value: 1.0, unit: "ms".to_owned(), level: Some(level) };
    Record { signal: Some(signal), needed: None, ..hold(minute, reason) }
}

fn interest(when: &[Condition]) -> Interest {
    let mut when = BTreeSet::from_iter(when.iter().copied());
    when.insert(Condition::Recovered);
    Interest { when, again_after: Duration::from_secs(3600), ..Interest::default() }
}

/// What one condition tells of each record: `began`, `goes_on`, `ended`, `happened`, or `-`.
fn told(interest: &Interest, records: &[Record]) -> Vec<&'static str> {
    let mut memory = Memory::default();
    records.iter().map(|record| word(&through_json(&mut memory, interest, record))).collect()
}

/// Between two passes the memory goes through its file.
fn through_json(memory: &mut Memory, interest: &Interest, record: &Record) -> Vec<Event> {
    let events = memory.take(interest, record);
    *memory = serde_json::from_str(&serde_json::to_string(memory).unwrap()).unwrap();
    events
}

fn word(events: &[Event]) -> &'static str {
    match events {
        [] => "-",
        [event] => match event.phase {
            Phase::Happened => "happened",
            Phase::Began => "began",
            Phase::GoesOn => "goes_on",
            Phase::Ended => "ended",
        },
        many => panic!("{many:?}"),
    }
}

#[test]
fn what_stands_is_told_once_again_after_a_while_and_when_it_ends() {
    let interest = interest(&[Condition::NeedsExceedMax]);
    let records = [needs(0, 5), needs(5, 6), needs(10, 9), needs(64, 6), needs(65, 6), needs(70, 6)];
    assert_eq!(told(&interest, &records), ["-", "began", "-", "-", "goes_on", "-"]);
    let records = [needs(0, 6), needs(5, 5), needs(10, 5), needs(15, 6)];
    assert_eq!(told(&interest, &records), ["began", "ended", "-", "began"]);
}

#[test]
fn what_stands_is_never_told_again_if_that_is_wanted_and_its_end_neither() {
    let mut silent = interest(&[Condition::NeedsExceedMax]);
    silent.again_after = Duration::ZERO;
    silent.when.remove(&Condition::Recovered);
    let records = [needs(0, 6), needs(10_000, 6), needs(10_005, 5), needs(10_010, 6)];
    assert_eq!(told(&silent, &records), ["began", "-", "-", "began"]);
}

#[test]
fn a_record_that_cannot_tell_neither_begins_nor_ends_anything() {
    let interest = interest(&[Condition::NeedsExceedMax]);
    let blind = Record { needed: None, ..hold(5, "no_reading") };
    let records = [needs(0, 6), blind.clone(), hold(10, "locked"), needs(15, 5)];
    assert_eq!(told(&interest, &records), ["began", "-", "-", "ended"]);
    assert_eq!(told(&interest, &[blind]), ["-"]);
}

#[test]
fn a_level_exceeds_the_maximum_only_at_it() {
    let interest = interest(&[Condition::NeedsExceedMax]);
    let records = [
        level(0, Level::High, "not_confirmed"),
        level(1, Level::High, "at_max"),
        level(2, Level::High, "not_confirmed"),
        level(3, Level::Right, "inside_band"),
    ];
    assert_eq!(told(&interest, &records), ["-", "began", "-", "ended"]);
}

#[test]
fn below_the_minimum_one_server_is_as_small_as_it_gets() {
    let interest = interest(&[Condition::NeedsBelowMin]);
    assert_eq!(told(&interest, &[needs(0, 1), needs(5, 2)]), ["began", "ended"]);
    let mut alone = needs(0, 0);
    (alone.servers.min, alone.servers.desired) = (Some(1), Some(1));
    assert_eq!(told(&interest, &[alone.clone()]), ["-"]);
    let lonely = Record { reason: "at_min".to_owned(), needed: None, ..alone };
    assert_eq!(told(&interest, &[lonely]), ["-"]);
    let records = [level(0, Level::Low, "at_min"), level(5, Level::Right, "inside_band")];
    assert_eq!(told(&interest, &records), ["began", "ended"]);
}

#[test]
fn missing_readings_are_told_after_their_time_and_never_as_a_zero() {
    let mut interest = interest(&[Condition::ReadingMissing]);
    interest.reading_missing_for = Duration::from_secs(600);
    for reason in [
        "no_reading",
        "stale_reading",
        "fleet_unreadable",
        "sign_in_refused",
        "unknown_capacity",
        "outage",
        "balancer_changing",
        "reading_before_move",
        "journal_unusable",
    ] {
        let records = [hold(0, reason), hold(9, reason), hold(10, reason), record(15), record(20)];
        assert_eq!(told(&interest, &records), ["-", "-", "began", "ended", "-"], "{reason}");
        let records = [hold(0, reason), record(5), hold(10, reason), hold(19, reason)];
        assert_eq!(told(&interest, &records), ["-", "-", "-", "-"], "{reason}");
    }
    // A pass that looks at nothing does not say that there is a reading.
    let records = [hold(0, "no_reading"), hold(5, "paused"), hold(11, "no_reading")];
    assert_eq!(told(&interest, &records), ["-", "-", "began"]);
}

#[test]
fn missing_readings_tell_since_when() {
    let mut interest = interest(&[Condition::ReadingMissing]);
    interest.reading_missing_for = Duration::from_secs(600);
    let mut memory = Memory::default();
    for minute in 0..10 {
        assert_eq!(memory.take(&interest, &hold(minute, "no_reading")), []);
    }
    assert_eq!(memory.take(&interest, &hold(10, "no_reading"))[0].since, record(0).time);
    assert_eq!(memory.take(&interest, &record(30))[0].since, record(0).time);
}

#[test]
fn every_scale_is_one_that_was_made() {
    let interest = interest(&[Condition::EveryScale]);
    let outcomes =
        [Outcome::Executed, Outcome::Refused, Outcome::Failed, Outcome::Unknown, Outcome::DryRun].map(Some);
    let records = outcomes.map(|outcome| scale(0, 2, 3, outcome));
    assert_eq!(told(&interest, &records), ["happened", "-", "-", "-", "-"]);
    assert_eq!(told(&interest, &[record(5)]), ["-"]);
}

#[test]
fn a_failed_scale_stands_until_one_is_made_or_none_is_called_for() {
    let interest = interest(&[Condition::ScaleFails]);
    let failed = |minute| scale(minute, 2, 3, Some(Outcome::Failed));
    let records = [failed(0), failed(5), hold(10, "cooling_down"), scale(15, 2, 3, Some(Outcome::Refused))];
    assert_eq!(told(&interest, &records), ["began", "-", "-", "-"]);
    assert_eq!(
        told(&interest, &[failed(0), scale(5, 2, 3, Some(Outcome::Executed)), record(10)]),
        ["began", "ended", "-"]
    );
    assert_eq!(told(&interest, &[failed(0), record(5)]), ["began", "ended"]);
    let lost = scale(0, 2, 3, Some(Outcome::Unknown));
    assert_eq!(
        told(&interest, &[lost, hold(5, "no_reading"), hold(10, "pending_covers")]),
        ["began", "-", "ended"]
    );
    assert_eq!(told(&interest, &[scale(0, 2, 3, None)]), ["began"], "a pass that was killed in its move");
}

#[test]
fn a_fleet_that_changes_fast_is_told_with_the_size_it_came_from() {
    let mut interest = interest(&[Condition::ScaleDiffExceeds]);
    (interest.scale_diff_exceeds, interest.scale_diff_within) = (Some(2), Duration::from_secs(600));
    let slow = [desired(0, 2), desired(8, 4), desired(19, 6), desired(30, 8)];
    assert_eq!(told(&interest, &slow), ["-", "-", "-", "-"]);
    let fast = [desired(0, 2), desired(4, 4), desired(8, 5), desired(12, 5), desired(19, 5)];
    assert_eq!(told(&interest, &fast), ["-", "-", "began", "-", "ended"]);
    let down = [desired(0, 9), scale(5, 9, 3, Some(Outcome::Executed)), desired(10, 3)];
    assert_eq!(told(&interest, &down), ["-", "began", "-"]);
    // The size before the time asked for is the one that held when it began.
    let late = [desired(0, 2), desired(55, 2), desired(60, 9)];
    assert_eq!(told(&interest, &late), ["-", "-", "began"]);
    let mut memory = Memory::default();
    memory.take(&interest, &desired(0, 2));
    assert_eq!(memory.take(&interest, &desired(5, 9))[0].from, Some(2));
}

#[test]
fn outside_the_limits_and_back() {
    let interest = interest(&[Condition::OutsideLimits]);
    let unreadable = Record { servers: Servers::default(), ..hold(5, "fleet_unreadable") };
    let records = [desired(0, 7), unreadable, desired(10, 7), desired(15, 5)];
    assert_eq!(told(&interest, &records), ["began", "-", "-", "ended"]);
    assert_eq!(told(&interest, &[desired(0, 1), desired(5, 2)]), ["began", "ended"]);
}

#[test]
fn a_dry_run_tells_what_it_would_do_once() {
    let interest = interest(&[Condition::DryRunWouldScale]);
    let would = |minute| scale(minute, 2, 3, Some(Outcome::DryRun));
    let records = [would(0), would(5), hold(10, "no_reading"), record(15)];
    assert_eq!(told(&interest, &records), ["began", "-", "-", "ended"]);
}

#[test]
fn every_pass_is_told_but_not_that_of_another() {
    let interest = interest(&[Condition::EveryPass]);
    assert_eq!(told(&interest, &[record(0), hold(5, "locked"), record(10)]), ["happened", "-", "happened"]);
}

#[test]
fn what_is_not_grave_enough_or_of_another_group_is_not_told() {
    let mut graver = interest(&[Condition::NeedsExceedMax, Condition::ScaleFails]);
    graver.level = Severity::Error;
    assert_eq!(told(&graver, &[needs(0, 9), scale(5, 2, 3, Some(Outcome::Failed))]), ["-", "began"]);
    let mut elsewhere = interest(&[Condition::NeedsExceedMax]);
    elsewhere.groups = Some(["db".to_owned()].into());
    assert_eq!(told(&elsewhere, &[needs(0, 9)]), ["-"]);
}

#[test]
fn a_clock_that_is_set_back_delays_a_reminder_by_no_more_than_its_pause() {
    let interest = interest(&[Condition::NeedsExceedMax]);
    let records = [needs(10_000, 6), needs(0, 6), needs(59, 6), needs(60, 6)];
    assert_eq!(told(&interest, &records), ["began", "-", "-", "goes_on"]);
}

#[test]
fn a_pass_that_changes_nothing_leaves_nothing_to_write() {
    let all = Condition::NAMES.map(|name| serde_json::from_value(name.into()).unwrap());
    let interest = Interest { scale_diff_exceeds: Some(2), ..interest(&all) };
    let mut memory = Memory::default();
    memory.take(&interest, &record(0));
    let before = memory.clone();
    for minute in 1..100 {
        memory.take(&interest, &record(minute));
        assert_eq!(memory, before);
    }
}
