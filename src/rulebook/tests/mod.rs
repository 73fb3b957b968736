//! Limits by the clock: what holds when, what can be written, and the days on which clocks jump.
#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Fault, Rulebook, Timetable};
use crate::model::Rules;

mod jumping;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn timetable(name: &str, entries: &[(&str, u32)]) -> Timetable {
    Timetable::new(zone(name), entries.iter().copied()).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The number at each of these instants.
fn numbers<const N: usize>(timetable: &Timetable, times: [&str; N]) -> [Option<u32>; N] {
    times.map(|time| timetable.at(at(time)))
}

#[test]
fn the_last_entry_at_or_before_now_holds_over_midnight_and_over_the_week() {
    let daily = timetable("UTC", &[("9:00", 5), ("17:00", 2)]);
    let times =
        ["2025-06-04T08:59:59Z", "2025-06-04T09:00:00Z", "2025-06-04T16:59:59Z", "2025-06-04T17:00:00Z"];
    assert_eq!(numbers(&daily, times), [Some(2), Some(5), Some(5), Some(2)]);

    let weekly = timetable("UTC", &[("mon-fri 9:00", 5), ("mon-fri 17:00", 2), ("sat 10:30", 3)]);
    // From a Friday evening to a Monday morning.
    let times =
        ["2025-06-06T17:00:00Z", "2025-06-07T10:29:59Z", "2025-06-07T10:30:00Z", "2025-06-09T08:59:59Z"];
    assert_eq!(numbers(&weekly, times), [Some(2), Some(2), Some(3), Some(3)]);
    assert_eq!(weekly.at(at("2025-06-09T09:00:00Z")), Some(5));
}

#[test]
fn local_time_is_that_of_the_zone() {
    let vancouver = timetable("America/Vancouver", &[("0:00", 2), ("9:00", 5)]);
    let summer = ["2025-07-01T15:59:59Z", "2025-07-01T16:00:00Z", "2025-07-02T07:00:00Z"];
    assert_eq!(numbers(&vancouver, summer), [Some(2), Some(5), Some(2)]);
    let winter = ["2025-01-15T16:59:59Z", "2025-01-15T17:00:00Z"];
    assert_eq!(numbers(&vancouver, winter), [Some(2), Some(5)]);
}

#[test]
fn of_two_entries_at_one_minute_the_one_for_fewer_days_holds() {
    let table = timetable("UTC", &[("9:00", 5), ("sat,sun 9:00", 2), ("sun 9:00", 1)]);
    let times = ["2025-06-06T09:00:00Z", "2025-06-07T09:00:00Z", "2025-06-08T09:00:00Z"];
    assert_eq!(numbers(&table, times), [Some(5), Some(2), Some(1)]);
}

#[test]
fn a_dated_entry_holds_from_its_begin_until_just_before_its_end() {
    let entries = [
        ("0:00", 2),
        ("2025-12-24 18:00 to 2025-12-27 8:00", 8),
        ("2025-12-31", 9),
        ("2026-01-02 to 2026-01-03", 7),
    ];
    let table = timetable("UTC", &entries);
    for (time, number) in [
        ("2025-12-24T17:59:59Z", 2),
        ("2025-12-24T18:00:00Z", 8),
        ("2025-12-27T07:59:59Z", 8),
        ("2025-12-27T08:00:00Z", 2),
        ("2025-12-31T00:00:00Z", 9),
        ("2025-12-31T23:59:59Z", 9),
        ("2026-01-01T00:00:00Z", 2),
        ("2026-01-02T00:00:00Z", 7),
        ("2026-01-03T23:59:59Z", 7),
        ("2026-01-04T00:00:00Z", 2),
    ] {
        assert_eq!(table.at(at(time)), Some(number), "{time}");
    }
    let only_dated = timetable("UTC", &[("2025-12-31", 9)]);
    let times = ["2025-12-30T23:59:59Z", "2025-12-31T12:00:00Z", "2026-01-01T00:00:00Z"];
    assert_eq!(numbers(&only_dated, times), [None, Some(9), None]);
    assert!(only_dated.has_gaps() && !table.has_gaps());
}

#[test]
fn days_are_written_in_any_of_their_forms() {
    // Monday to Sunday, at noon of a week of June 2025.
    for (days, expected) in [
        ("mon ", "1000000"),
        ("mon-fri ", "1111100"),
        ("sat-mon ", "1000011"),
        ("mon,wed,fri ", "1010100"),
        ("Tue-Wed,SUN ", "0110001"),
        ("sun-sat ", "1111111"),
        ("", "1111111"),
    ] {
        let entry = format!("{days}12:00");
        let table = timetable("UTC", &[("0:00", 0), (&entry, 1)]);
        let day = |n: i64| table.at(at(&format!("2025-06-{:02}T12:00:00Z", 9 + n))).unwrap();
        assert_eq!((0..7).map(day).map(|n| n.to_string()).collect::<String>(), expected, "{entry}");
    }
}

#[test]
fn what_is_no_time_is_told_with_what_to_write() {
    for entry in [
        "",
        "9",
        "24:00",
        "9:60",
        "9:5",
        "009:00",
        "+9:00",
        "9:00:00",
        "noon",
        "mo 9:00",
        "mon-fri",
        "mon- 9:00",
        "mon  9:00",
        "9:00-17:00",
        "2025-02-30",
        "2025-12-24 18:00",
        "2025-12-24 to 18:00",
        "2025-12-24 to 2025-12-25 8:00",
        "2025-12-24 18:00 to 25:00",
        "25-12-24",
        "2025-12-24T18:00 to 2025-12-25T18:00",
    ] {
        let faults = Timetable::new(TimeZone::UTC, [(entry, 1)]).unwrap_err();
        assert_eq!(faults.len(), 1, "{entry}");
        assert!(
            faults[0].fault.starts_with("is no time that a limit can begin at; write"),
            "{entry}: {faults:?}"
        );
    }
    for entry in ["2025-12-25 to 2025-12-24", "2025-12-24 9:00 to 2025-12-24 9:00"] {
        let faults = Timetable::new(TimeZone::UTC, [(entry, 1)]).unwrap_err();
        assert!(faults[0].fault.starts_with("ends before it begins"), "{faults:?}");
    }
}

#[test]
fn every_clash_is_told_and_the_others_beside_it() {
    let entries = [
        ("9:00", 1),
        ("09:00", 2),
        ("sat-sun 7:00", 3),
        ("sun,mon 7:00", 4),
        ("2025-12-24 to 2025-12-26", 5),
        ("2025-12-26 8:00 to 2025-12-27 8:00", 6),
        ("2025-12-27 8:00 to 2025-12-28 8:00", 7),
        ("nine", 8),
    ];
    let faults = Timetable::new(TimeZone::UTC, entries).unwrap_err();
    let named: Vec<&str> = faults.iter().map(|Fault { entry, .. }| entry.as_str()).collect();
    assert_eq!(named, ["nine", "09:00", "sun,mon 7:00", "2025-12-26 8:00 to 2025-12-27 8:00"]);
    assert!(faults[1].fault.contains("same time as \"9:00\""), "{faults:?}");
}

#[test]
fn the_first_time_at_which_min_is_above_max_is_found() {
    let first = |min: &[(&str, u32)], max: &[(&str, u32)]| {
        let above = timetable("UTC", min).first_above(&timetable("UTC", max));
        above.map(|(when, min, max)| (when.strftime("%Y %a %H:%M").to_string(), min, max))
    };
    let told = |when: &str, min, max| Some((when.to_owned(), min, max));
    let day = [("0:00", 2), ("9:00", 5)];
    assert_eq!(first(&day, &[("0:00", 5)]), None);
    assert_eq!(first(&day, &[("0:00", 2), ("9:01", 5)]), told("0001 Mon 09:00", 5, 2));
    assert_eq!(first(&[("wed 3:00", 4)], &[("0:00", 9), ("sun 22:15", 3)]), told("0001 Sun 22:15", 4, 3));
    let holidays = [("0:00", 2), ("2025-12-24 to 2026-12-26", 6)];
    assert_eq!(first(&holidays, &[("0:00", 9), ("fri 20:00", 5)]), told("2025 Fri 20:00", 6, 5));
    assert_eq!(
        first(&[("2025-12-24", 6)], &[("2025-12-24 9:00 to 2025-12-24 10:00", 5)]),
        told("2025 Wed 09:00", 6, 5)
    );
    assert_eq!(first(&[("2025-12-24", 6)], &[("2025-12-25", 5)]), None);
}

#[test]
fn a_rulebook_is_plain_rules_at_every_instant() {
    let rules = Rules { min: Some(1), max: Some(4), ..Rules::default() };
    let plain = Rulebook::from(rules.clone());
    assert_eq!(*plain.at(at("2025-06-04T08:00:00Z")), rules);
    let max = timetable("UTC", &[("9:00", 8), ("17:00", 3)]);
    let book = Rulebook { max: Some(max), ..plain };
    assert_eq!(*book.at(at("2025-06-04T08:00:00Z")), Rules { max: Some(3), ..rules.clone() });
    assert_eq!(*book.at(at("2025-06-04T09:00:00Z")), Rules { max: Some(8), ..rules.clone() });
    assert_eq!((book.widest().max, book.tightest().max), (Some(8), Some(3)));

    let stretches = book.stretches(at("2025-06-04T08:30:30Z"), at("2025-06-05T08:30:30Z"));
    let told: Vec<_> = stretches.iter().map(|s| (s.from.to_string(), s.min, s.max)).collect();
    let told: Vec<_> = told.iter().map(|(from, min, max)| (from.as_str(), *min, *max)).collect();
    assert_eq!(
        told,
        [
            ("2025-06-04T08:30:00Z", Some(1), Some(3)),
            ("2025-06-04T09:00:00Z", Some(1), Some(8)),
            ("2025-06-04T17:00:00Z", Some(1), Some(3)),
        ]
    );
}
