//! What `check` says of limits that go by the clock: the next 24 hours of them, clocks put forward or back in
//! that time, and times without a limit.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::model::{Limits, Rules};
use crate::rulebook::{Jump, Rulebook, Stretch, jumps};
use crate::settings::lint::Severity;

/// How a local time is shown.
const MOMENT: &str = "%a %-d %b %-H:%M";

/// The limits of the next 24 hours, each stretch with its begin in local time, and the clock's jumps; nothing
/// for limits that never change. `group` are the scaling group's own limits, if they are known.
pub fn next_day(book: &Rulebook, now: Timestamp, group: Option<Limits>) -> Vec<(String, String)> {
    let Some(zone) = book.zone() else { return Vec::new() };
    let until = now.saturating_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX);
    let stretches = book.stretches(now, until).into_iter().map(|stretch| row(&stretch, zone, group));
    stretches.chain(jumps(zone, now, until).iter().map(jumped)).collect()
}

fn row(Stretch { from, min, max }: &Stretch, zone: &TimeZone, group: Option<Limits>) -> (String, String) {
    let begin = from.to_zoned(zone.clone());
    let key = format!("limits from {} {}", begin.strftime(MOMENT), begin.strftime("%Z"));
    let ours = Rules { min: *min, max: *max, ..Rules::default() };
    let limit = |limit: &Option<u32>| limit.map_or("none".to_owned(), |limit| limit.to_string());
    let text = match group.map(|group| ours.limits_within(group)) {
        Some(Limits { min, max }) => format!("{min}..{max}"),
        None => format!("min {}, max {}, and the scaling group's own", limit(min), limit(max)),
    };
    (key, text)
}

fn jumped(Jump { from, to, .. }: &Jump) -> (String, String) {
    let (way, when) = match to > from {
        true => ("forward", "an entry in between holds from then on"),
        false => ("back", "an entry in between holds from the first time on"),
    };
    (format!("clock put {way} {}", from.strftime(MOMENT)), format!("to {}; {when}", to.strftime("%-H:%M")))
}

/// Times at which a limit by the clock says nothing.
pub(super) fn gaps(book: &Rulebook) -> Vec<(Severity, String)> {
    let limits = [("min", &book.min), ("max", &book.max)];
    let gaps = limits.into_iter().filter(|(_, table)| table.as_ref().is_some_and(|table| table.has_gaps()));
    let message = |name| {
        format!(
            "{name} has dated entries only: at all other times just the scaling group's own {name} holds; if \
             that is not meant, add an entry such as \"0:00\" = 2"
        )
    };
    gaps.map(|(name, _)| (Severity::Warning, message(name))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::rulebook::Timetable;

    fn book(entries: &[(&str, u32)]) -> Rulebook {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let min = Timetable::new(zone, entries.iter().copied()).unwrap();
        Rulebook { min: Some(min), ..Rulebook::default() }
    }

    fn told(book: &Rulebook, now: &str, group: Option<Limits>) -> Vec<String> {
        let rows = next_day(book, now.parse().unwrap(), group);
        rows.into_iter().map(|(key, value)| format!("{key}: {value}")).collect()
    }

    #[test]
    fn a_day_is_told_stretch_by_stretch_in_local_time() {
        let book = book(&[("9:00", 5), ("17:00", 2)]);
        assert_eq!(
            told(&book, "2025-03-29T10:15:30Z", Some(Limits { min: 3, max: 9 })),
            [
                "limits from Sat 29 Mar 11:15 CET: 5..9",
                "limits from Sat 29 Mar 17:00 CET: 3..9",
                "limits from Sun 30 Mar 9:00 CEST: 5..9",
                "clock put forward Sun 30 Mar 2:00: to 3:00; an entry in between holds from then on",
            ]
        );
        let unknown = &told(&book, "2025-10-25T22:00:00Z", None);
        assert_eq!(
            unknown[0],
            "limits from Sun 26 Oct 0:00 CEST: min 2, max none, and the scaling group's own"
        );
        assert!(
            unknown.last().unwrap().starts_with("clock put back Sun 26 Oct 3:00: to 2:00"),
            "{unknown:?}"
        );
        assert!(told(&Rulebook::default(), "2025-03-29T10:15:30Z", None).is_empty());
    }

    #[test]
    fn dated_entries_alone_leave_gaps() {
        assert!(gaps(&book(&[("0:00", 2), ("2025-12-24", 5)])).is_empty());
        let found = gaps(&book(&[("2025-12-24", 5)]));
        assert!(found.len() == 1 && found[0].1.starts_with("min has dated entries only"), "{found:?}");
    }
}
