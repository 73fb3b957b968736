//! The days on which clocks are put forward or back: by hand, and every minute of them against a clock that
//! is watched minute by minute.

use jiff::civil::{DateTime, date};
use jiff::{SignedDuration, ToSpan};
use proptest::prelude::*;

use super::super::jumps;
use super::*;

/// Zones with the local days on which their clocks jump, or in zones without such days two others.
const DAYS: [(&str, [&str; 2]); 9] = [
    ("America/Vancouver", ["2025-03-09", "2025-11-02"]),
    ("Europe/Berlin", ["2025-03-30", "2025-10-26"]),
    ("Australia/Adelaide", ["2025-04-06", "2025-10-05"]),
    // By half an hour.
    ("Australia/Lord_Howe", ["2025-04-06", "2025-10-05"]),
    // At midnight: a day without its first hour, and one that ends twice.
    ("America/Sao_Paulo", ["2018-11-04", "2019-02-16"]),
    ("America/Sao_Paulo", ["2025-03-09", "2025-11-02"]),
    ("Asia/Kolkata", ["2025-03-30", "2025-10-26"]),
    ("Asia/Kathmandu", ["2025-03-30", "2025-10-26"]),
    ("UTC", ["2025-03-30", "2025-10-26"]),
];

#[test]
fn a_time_that_does_not_exist_is_reached_when_the_clock_jumps_past_it() {
    let table =
        timetable("Europe/Berlin", &[("0:00", 1), ("2:30", 2), ("2:45", 3), ("3:00", 4), ("3:30", 5)]);
    // 2:00 to 3:00 at 01:00 UTC.
    let times = ["2025-03-30T00:59:59Z", "2025-03-30T01:00:00Z", "2025-03-30T01:30:00Z"];
    assert_eq!(numbers(&table, times), [Some(1), Some(4), Some(5)]);
    let without_three = timetable("Europe/Berlin", &[("0:00", 1), ("2:30", 2), ("2:45", 3)]);
    assert_eq!(numbers(&without_three, times), [Some(1), Some(3), Some(3)]);
}

#[test]
fn a_time_that_exists_twice_is_reached_once() {
    let table = timetable("Europe/Berlin", &[("0:00", 1), ("2:30", 2), ("3:00", 3)]);
    // 3:00 back to 2:00 at 01:00 UTC.
    for (time, number) in [
        ("2025-10-26T00:29:59Z", 1),
        ("2025-10-26T00:30:00Z", 2),
        ("2025-10-26T01:00:00Z", 2),
        ("2025-10-26T01:29:59Z", 2),
        ("2025-10-26T01:59:59Z", 2),
        ("2025-10-26T02:00:00Z", 3),
    ] {
        assert_eq!(table.at(at(time)), Some(number), "{time}");
    }
    let dated = timetable("Europe/Berlin", &[("0:00", 1), ("2025-10-26 1:00 to 2025-10-26 2:30", 9)]);
    let times = ["2025-10-26T00:29:59Z", "2025-10-26T00:30:00Z", "2025-10-26T01:15:00Z"];
    assert_eq!(numbers(&dated, times), [Some(9), Some(1), Some(1)]);
}

#[test]
fn jumps_are_told_with_both_times() {
    let told = |zone_name: &str, from, until| {
        let found = jumps(&zone(zone_name), at(from), at(until));
        found.into_iter().map(|jump| format!("{} {} {}", jump.at, jump.from, jump.to)).collect::<Vec<_>>()
    };
    assert_eq!(
        told("Australia/Lord_Howe", "2025-01-01T00:00:00Z", "2025-12-31T00:00:00Z"),
        [
            "2025-04-05T15:00:00Z 2025-04-06T02:00:00 2025-04-06T01:30:00",
            "2025-10-04T15:30:00Z 2025-10-05T02:00:00 2025-10-05T02:30:00",
        ]
    );
    assert!(told("Asia/Kolkata", "2025-01-01T00:00:00Z", "2025-12-31T00:00:00Z").is_empty());
    assert!(told("Europe/Berlin", "2025-03-30T01:00:00Z", "2025-03-31T01:00:00Z").is_empty());
}

/// A weekly entry by its parts.
#[derive(Debug, Clone)]
struct Weekly {
    days: &'static str,
    /// Monday first.
    on: [bool; 7],
    minute: u16,
    number: u32,
}

fn weekly() -> impl Strategy<Value = Vec<Weekly>> {
    let days = prop_oneof![
        Just(("", [true; 7])),
        Just(("mon-fri ", [true, true, true, true, true, false, false])),
        Just(("sat-sun ", [false, false, false, false, false, true, true])),
        Just(("sun ", [false, false, false, false, false, false, true])),
        Just(("sat-mon ", [true, false, false, false, false, true, true])),
    ];
    // The small hours are where clocks jump.
    let minute = prop_oneof![2 => 0..240u16, 1 => 1380..1440u16, 1 => 0..1440u16];
    prop::collection::btree_map((days, minute), 0..20u32, 1..9).prop_map(|entries| {
        let entry = |(((days, on), minute), number)| Weekly { days, on, minute, number };
        let mut entries: Vec<Weekly> = entries.into_iter().map(entry).collect();
        // Two that name equally many days may not begin at one minute.
        entries.sort_by_key(|entry| (entry.minute, entry.span()));
        entries.dedup_by_key(|entry| (entry.minute, entry.span()));
        entries
    })
}

impl Weekly {
    fn span(&self) -> usize {
        self.on.iter().filter(|day| **day).count()
    }

    fn text(&self) -> String {
        format!("{}{}:{:02}", self.days, self.minute / 60, self.minute % 60)
    }
}

/// Somebody who watches a clock and sets the number whenever it reaches or passes the time of an entry.
struct Watcher<'a> {
    entries: &'a [Weekly],
    /// The latest time the clock has shown.
    reached: DateTime,
    number: Option<u32>,
}

impl Watcher<'_> {
    fn sees(&mut self, local: DateTime) -> Option<u32> {
        while self.reached < local {
            self.reached = self.reached.checked_add(1.minute()).unwrap();
            let day = usize::from(self.reached.weekday().to_monday_zero_offset().unsigned_abs());
            let minute = self.reached.hour() as u16 * 60 + self.reached.minute() as u16;
            let begins = self.entries.iter().filter(|entry| entry.on[day] && entry.minute == minute);
            self.number = begins.min_by_key(|entry| entry.span()).map(|entry| entry.number).or(self.number);
        }
        self.number
    }
}

/// Every minute of `day` and half a day on either side of it.
fn watch(zone_name: &str, day: &str, entries: &[Weekly]) {
    let zone = zone(zone_name);
    let written: Vec<_> = entries.iter().map(|entry| (entry.text(), entry.number)).collect();
    let written = written.iter().map(|(text, number)| (text.as_str(), *number));
    let table = Timetable::new(zone.clone(), written).unwrap();
    let noon_before = day.parse::<jiff::civil::Date>().unwrap().yesterday().unwrap().at(12, 0, 0, 0);
    // A week before, every entry has been reached once.
    let reached = noon_before.checked_sub(8.days()).unwrap();
    let mut watcher = Watcher { entries, reached, number: None };
    let first = zone.to_timestamp(noon_before).unwrap();
    for minute in 0..48 * 60 {
        let now = first + SignedDuration::from_mins(minute);
        let expected = watcher.sees(zone.to_datetime(now));
        assert_eq!(table.at(now), expected, "{zone_name} at {now}: {entries:?}");
        assert_eq!(
            table.at(now + SignedDuration::from_secs(59)),
            expected,
            "{zone_name} a minute from {now}"
        );
    }
}

#[test]
fn the_days_of_the_table_are_those_on_which_clocks_jump() {
    for (zone_name, days) in &DAYS[..5] {
        for day in days {
            let day = day.parse::<jiff::civil::Date>().unwrap();
            let zone = zone(zone_name);
            let begin = day.to_zoned(zone.clone()).unwrap().timestamp();
            let end = day.tomorrow().unwrap().to_zoned(zone.clone()).unwrap().timestamp();
            let before = begin - SignedDuration::from_secs(1);
            assert_eq!(jumps(&zone, before, end).len(), 1, "{zone_name} on {day}");
        }
    }
    assert_eq!(date(2019, 2, 16).to_zoned(zone("America/Sao_Paulo")).unwrap().day(), 16);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn every_minute_of_both_days_is_as_a_watched_clock_says(entries in weekly()) {
        for (zone_name, days) in DAYS {
            days.iter().for_each(|day| watch(zone_name, day, &entries));
        }
    }
}
