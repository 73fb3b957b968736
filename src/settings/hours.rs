//! A limit of a group: one number, or a table of numbers by local time.

use std::collections::BTreeMap;

use jiff::tz::{self, TimeZone};
use serde::Deserialize;

use super::nearest::hint;
use super::origin::Rows;
use super::problem::Report;
use super::schema::join;
use crate::rulebook::Timetable;

/// The key of such a table that is no time.
pub(super) const ZONE: &str = "zone";

/// A limit as it was written.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum LimitTable {
    Always(u32),
    ByTheClock {
        /// None only where the check told that it is missing.
        zone: Option<String>,
        #[serde(flatten)]
        numbers: BTreeMap<String, u32>,
    },
}

/// A limit that holds at all times, or one that goes by the clock.
#[derive(Debug, Default)]
pub(super) struct Limit {
    pub(super) always: Option<u32>,
    pub(super) by_the_clock: Option<Timetable>,
}

impl LimitTable {
    /// Reads the zone and the times, and tells what is wrong with them.
    pub(super) fn resolve(self, at: &str, report: &mut Report) -> Limit {
        match self {
            LimitTable::Always(number) => Limit { always: Some(number), by_the_clock: None },
            LimitTable::ByTheClock { zone, numbers } => {
                let zone = zone.and_then(|name| time_zone(&name, at, report));
                // The times are read even so: one wrong line does not hide the next.
                let read = zone.clone().unwrap_or(TimeZone::UTC);
                let timetable = timetable(read, &numbers, at, report);
                Limit { always: None, by_the_clock: zone.and(timetable) }
            }
        }
    }
}

fn time_zone(name: &str, at: &str, report: &mut Report) -> Option<TimeZone> {
    let found = TimeZone::get(name).ok();
    if found.is_none() {
        let known: Vec<String> = tz::db().available().map(|name| name.to_string()).collect();
        let hint = hint(name, known.iter().map(String::as_str));
        let fault = format!("is no time zone; write its IANA name, such as \"America/Vancouver\"{hint}");
        report.tell(&join(at, ZONE), Some(format!("{name:?}")), fault);
    }
    found
}

fn timetable(
    zone: TimeZone,
    numbers: &BTreeMap<String, u32>,
    at: &str,
    report: &mut Report,
) -> Option<Timetable> {
    let entries = numbers.iter().map(|(entry, number)| (entry.as_str(), *number));
    match Timetable::new(zone, entries) {
        Ok(_) if numbers.is_empty() => {
            report.tell(at, None, "has no times; write at least one, such as \"0:00\" = 2");
            None
        }
        Ok(timetable) => Some(timetable),
        Err(faults) => {
            for fault in faults {
                let number = numbers.get(&fault.entry).map(u32::to_string);
                report.tell(&join(at, &fault.entry), number, fault.fault);
            }
            None
        }
    }
}

/// The two limits of a group must go by one clock, and the lower must never be above the upper.
pub(super) fn tell_contradictions(min: &Limit, max: &Limit, at: &str, report: &mut Report) {
    let (min_at, max_at) = (join(at, "min"), join(at, "max"));
    if let (Some(min), Some(max)) = (min.always, max.always) {
        if min > max {
            report.tell(&min_at, Some(min.to_string()), format!("is more than max, which is {max}"));
        }
        return;
    }
    if let (Some(min), Some(max)) = (&min.by_the_clock, &max.by_the_clock)
        && min.zone() != max.zone()
    {
        let fault = format!("must be that of min, {:?}: both limits go by one clock", name(min));
        return report.tell(&join(&max_at, ZONE), Some(format!("{:?}", name(max))), fault);
    }
    let (Some(lower), Some(upper)) = (min.timetable(), max.timetable()) else { return };
    if let Some((when, min, max)) = lower.first_above(&upper) {
        let fault = format!("is {min} {}, and max is then {max}", moment(when));
        report.tell(&min_at, None, format!("is above max: it {fault}"));
    }
}

/// A local time for a message: of the year that stands for any, only the day of the week.
fn moment(when: jiff::civil::DateTime) -> String {
    let form = if when.year() == 1 { "every %A from %-H:%M on" } else { "on %Y-%m-%d from %-H:%M on" };
    when.strftime(form).to_string()
}

impl Limit {
    fn timetable(&self) -> Option<Timetable> {
        self.by_the_clock.clone().or(self.always.map(Timetable::always))
    }
}

fn name(timetable: &Timetable) -> &str {
    timetable.zone().iana_name().unwrap_or("UTC")
}

/// One row for a number; for a timetable one for its zone and one for each of its times.
pub(super) fn rows(always: Option<u32>, by_the_clock: Option<&Timetable>, at: &str, rows: &mut Rows<'_>) {
    let Some(timetable) = by_the_clock else { return rows.add_some(at.to_owned(), always) };
    rows.add(join(at, ZONE), name(timetable));
    for (entry, number) in timetable.entries() {
        rows.add(join(at, entry), number);
    }
}
