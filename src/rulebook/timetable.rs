//! A timetable: a number for every local time.

use std::iter;

use jiff::civil::{DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::shown::shown;
use super::when::{When, minute_of_day};

const DAY: u16 = 24 * 60;

/// Numbers by the local time of a zone: of the weekly entries the last one at or before now holds, over the
/// end of a day and of a week; while a dated entry lasts, that one.
#[derive(Debug, Clone, PartialEq)]
pub struct Timetable {
    zone: TimeZone,
    /// By minute of the week from Monday on, one entry a minute.
    week: Vec<(u16, u32)>,
    /// In order; no two overlap.
    once: Vec<Once>,
    /// Each entry as it was written.
    entries: Vec<(String, u32)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Once {
    begin: DateTime,
    end: DateTime,
    number: u32,
}

/// What is wrong with one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The entry as it was written.
    pub entry: String,
    /// What is wrong and what to write.
    pub fault: String,
}

/// An entry as it was written, and what that means.
struct Written<'a> {
    entry: &'a str,
    when: When,
    number: u32,
}

impl Timetable {
    /// The timetable of `entries`, times as they are written with their numbers, in the local time of `zone`.
    ///
    /// # Errors
    /// Every entry that cannot be read, or that holds at the same time as another one.
    pub fn new<'a>(
        zone: TimeZone,
        entries: impl IntoIterator<Item = (&'a str, u32)>,
    ) -> Result<Timetable, Vec<Fault>> {
        let (mut written, mut faults) = (Vec::new(), Vec::new());
        for (entry, number) in entries {
            match When::parse(entry) {
                Ok(when) => written.push(Written { entry, when, number }),
                Err(why) => faults.push(fault(entry, why)),
            }
        }
        let week = week(&written, &mut faults);
        let once = once(&written, &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        let entries = written.iter().map(|written| (written.entry.to_owned(), written.number)).collect();
        Ok(Timetable { zone, week, once, entries })
    }

    /// The same number at all times.
    pub fn always(number: u32) -> Timetable {
        let entries = vec![("0:00".to_owned(), number)];
        Timetable { zone: TimeZone::UTC, week: vec![(0, number)], once: Vec::new(), entries }
    }

    /// The number that holds at `now`; none where there are dated entries only and none of them does.
    pub fn at(&self, now: Timestamp) -> Option<u32> {
        self.at_local(shown(&self.zone, now))
    }

    /// The zone whose local time it goes by.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Each entry as it was written, with its number.
    pub fn entries(&self) -> impl Iterator<Item = (&str, u32)> {
        self.entries.iter().map(|(entry, number)| (entry.as_str(), *number))
    }

    /// Whether there are times at which nothing holds: it has no weekly entry.
    pub fn has_gaps(&self) -> bool {
        self.week.is_empty()
    }

    /// Every number that it holds.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        self.week.iter().map(|(_, number)| *number).chain(self.once.iter().map(|once| once.number))
    }

    /// The earliest local time, in a week of its own or while a dated entry lasts, at which this number is
    /// above that of `other`, which goes by the same zone; with both numbers.
    pub fn first_above(&self, other: &Timetable) -> Option<(DateTime, u32, u32)> {
        let above = |at: DateTime| {
            let (ours, theirs) = (self.at_local(at)?, other.at_local(at)?);
            (ours > theirs).then_some((at, ours, theirs))
        };
        let all = || self.once.iter().chain(&other.once);
        // Any week that no dated entry touches shows all that the weekly ones do.
        let usual = DateTime::constant(1, 1, 1, 0, 0, 0, 0);
        let stretches = all().map(|once| (once.begin, once.end)).chain([(usual, days_after(usual, 7))]);
        let moments =
            stretches.flat_map(|(from, until)| [self.changes(from, until), other.changes(from, until)]);
        let mut moments: Vec<DateTime> = moments.flatten().collect();
        moments.sort_unstable();
        moments.into_iter().find_map(above)
    }

    /// The number that holds when a clock has just shown `local` for the first time.
    fn at_local(&self, local: DateTime) -> Option<u32> {
        if let Some(once) = self.once.iter().find(|once| once.begin <= local && local < once.end) {
            return Some(once.number);
        }
        let minute = minute_of_week(local.weekday(), minute_of_day(local.time()));
        let begun = self.week.partition_point(|(begin, _)| *begin <= minute);
        // Before the first entry of a week the last one of the week before holds.
        let last = begun.checked_sub(1).or(self.week.len().checked_sub(1))?;
        self.week.get(last).map(|(_, number)| *number)
    }

    /// Local times from `from` until `until` at which the number may change, `from` included. Weekly changes are
    /// given for a week at least; then they come again.
    fn changes(&self, from: DateTime, until: DateTime) -> Vec<DateTime> {
        let since_monday = i64::from(from.weekday().to_monday_zero_offset());
        let monday = days_after(from, -since_monday).date().to_datetime(Time::midnight());
        let weeks = [monday, days_after(monday, 7)].into_iter();
        let begins = |week: DateTime| {
            self.week.iter().map(move |(minute, _)| week.saturating_add(Span::new().minutes(*minute)))
        };
        let dated = self.once.iter().flat_map(|once| [once.begin, once.end]);
        let within = |at: &DateTime| *at >= from && *at < until;
        iter::once(from).chain(weeks.flat_map(begins).chain(dated).filter(within)).collect()
    }
}

fn days_after(local: DateTime, days: i64) -> DateTime {
    local.saturating_add(Span::new().days(days))
}

fn minute_of_week(day: Weekday, minute_of_day: u16) -> u16 {
    u16::from(day.to_monday_zero_offset().unsigned_abs()) * DAY + minute_of_day
}

fn fault(entry: &str, fault: impl Into<String>) -> Fault {
    Fault { entry: entry.to_owned(), fault: fault.into() }
}

/// The weekly entries by minute of the week. Of two that begin at one minute the one for fewer days holds.
fn week(written: &[Written<'_>], faults: &mut Vec<Fault>) -> Vec<(u16, u32)> {
    let mut begins: Vec<(u16, usize, &Written<'_>)> = Vec::new();
    for entry in written {
        let When::Weekly { days, minute } = entry.when else { continue };
        let span = days.iter().filter(|day| **day).count();
        let of_days = (0..).zip(days).filter(|(_, listed)| *listed);
        begins.extend(of_days.map(|(day, _)| (day * DAY + minute, span, entry)));
    }
    begins.sort_by_key(|(minute, span, _)| (*minute, *span));
    let clash = |pair: &&[(u16, usize, &Written<'_>)]| (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1);
    for pair in begins.windows(2).filter(clash) {
        let clash = both(pair[0].2, pair[1].2);
        // Two entries may meet on several days.
        if !faults.contains(&clash) {
            faults.push(clash);
        }
    }
    begins.dedup_by_key(|(minute, ..)| *minute);
    begins.into_iter().map(|(minute, _, entry)| (minute, entry.number)).collect()
}

/// The dated entries in order.
fn once(written: &[Written<'_>], faults: &mut Vec<Fault>) -> Vec<Once> {
    let dated = |entry: &'_ Written<'_>| match entry.when {
        When::Once { begin, end } => Some(Once { begin, end, number: entry.number }),
        When::Weekly { .. } => None,
    };
    let mut entries: Vec<_> = written.iter().filter_map(|entry| Some((dated(entry)?, entry))).collect();
    entries.sort_by_key(|(once, _)| once.begin);
    let overlap = |pair: &&[(Once, &Written<'_>)]| pair[1].0.begin < pair[0].0.end;
    faults.extend(entries.windows(2).filter(overlap).map(|pair| both(pair[0].1, pair[1].1)));
    entries.into_iter().map(|(once, _)| once).collect()
}

fn both(first: &Written<'_>, second: &Written<'_>) -> Fault {
    fault(
        second.entry,
        format!("holds at the same time as {:?}; keep one of them, or part their times", first.entry),
    )
}
