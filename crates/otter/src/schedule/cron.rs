//! PURE: a recurring time, in the forms that the original's parser took.
//!
//! Five fields in UTC: minute, hour, day of month, month, day of week. The original's parser had
//! quirks that users' policies rely on, so the fields are read here, written out as plain lists,
//! and only the calendar is left to the library.

use croner::parser::CronParser;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

const WHAT: &str = "must be a cron expression of five fields (minute, hour, day of month, month, day of \
                    week), such as 30 6 * * 1-5";
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A cron expression as a user wrote it, and what it means.
#[derive(Debug, Clone)]
pub struct Cron {
    text: String,
    /// On the heap, since it is a few hundred bytes and most policies have none.
    plain: Box<croner::Cron>,
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Cron {
    /// Reads it.
    ///
    /// # Errors
    /// What it must look like, if it does not.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let plain = plain(text).ok_or(WHAT)?;
        let plain = CronParser::new().parse(&plain).map_err(|_| WHAT)?;
        Ok(Self { text: text.to_owned(), plain: Box::new(plain) })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first occurrence after `now`; `None` if there is none, as for the 31st of February.
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let civil = TimeZone::UTC.to_datetime(now);
        let next = self.plain.find_next_occurrence(&civil, false).ok()?;
        Offset::UTC.to_timestamp(next).ok()
    }
}

/// The same expression in lists of numbers.
fn plain(text: &str) -> Option<String> {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = words.try_into().ok()?;
    let minute = Field::read(minute, &MINUTE)?;
    let hour = Field::read(hour, &HOUR)?;
    let mut day = Field::read(day, &DAY)?;
    let month = Field::read(month, &MONTH)?;
    let mut weekday = Field::read(weekday, &WEEKDAY)?;
    // Of two restricted day fields either is enough; one that lists every day leaves nothing out.
    if !day.star && !weekday.star && (day.has_all(1..=31) || weekday.has_all(0..=6)) {
        (day.star, weekday.star) = (true, true);
    }
    Some([minute, hour, day, month, weekday].map(|field| field.plain()).join(" "))
}

/// What a field may hold.
struct Kind {
    low: u8,
    high: u8,
    names: &'static [&'static str],
    /// What the first name stands for.
    first: u8,
    /// A number that means another one.
    alias: Option<(u8, u8)>,
    /// Whether `l` is the last day of the month.
    last: bool,
}

const MINUTE: Kind = Kind { low: 0, high: 59, names: &[], first: 0, alias: None, last: false };
const HOUR: Kind = Kind { low: 0, high: 23, names: &[], first: 0, alias: None, last: false };
const DAY: Kind = Kind { low: 1, high: 31, names: &[], first: 0, alias: Some((0, 1)), last: true };
const MONTH: Kind = Kind { low: 1, high: 12, names: &MONTHS, first: 1, alias: Some((0, 1)), last: false };
const WEEKDAY: Kind = Kind { low: 0, high: 7, names: &DAYS, first: 0, alias: Some((7, 0)), last: false };

/// What a field holds.
#[derive(Default)]
struct Field {
    /// A bare `*`: unrestricted, which is more than a list of all.
    star: bool,
    last: bool,
    numbers: Vec<u8>,
}

impl Field {
    fn read(text: &str, kind: &Kind) -> Option<Self> {
        let mut field = Self::default();
        for item in text.split(',') {
            match item {
                "*" => field.star = true,
                "l" if kind.last => field.last = true,
                _ => field.numbers.extend(numbers(item, kind)?),
            }
        }
        field.numbers.sort_unstable();
        field.numbers.dedup();
        Some(field)
    }

    fn has_all(&self, mut wanted: std::ops::RangeInclusive<u8>) -> bool {
        wanted.all(|n| self.numbers.contains(&n))
    }

    fn plain(&self) -> String {
        if self.star {
            return "*".to_owned();
        }
        let last = self.last.then(|| "L".to_owned());
        self.numbers.iter().map(u8::to_string).chain(last).collect::<Vec<_>>().join(",")
    }
}

/// The numbers of one item: `a`, `a-b`, `a-b/n` or `*/n`.
fn numbers(item: &str, kind: &Kind) -> Option<Vec<u8>> {
    let (range, step) = match item.split_once('/') {
        None => (item, 1),
        Some((range, step)) => (range, number(step).filter(|step| *step > 0)?),
    };
    let stepped = item.contains('/');
    let (low, high) = match range.split_once('-') {
        _ if range == "*" => (kind.low, kind.high),
        Some((low, high)) => (start(low, kind)?, single(high, kind)?),
        // A step needs a range to step through.
        None if stepped => return None,
        None => {
            let n = single(range, kind)?;
            (n, n)
        }
    };
    (low <= high).then(|| (low..=high).step_by(step.into()).map(|n| kind.real(n)).collect())
}

/// The start of a range: a quirk of the original has it refuse a name that stands for 0.
fn start(text: &str, kind: &Kind) -> Option<u8> {
    single(text, kind).filter(|n| *n != 0 || text.starts_with('0'))
}

/// A number or name within the field's bounds; an alias counts as within.
fn single(text: &str, kind: &Kind) -> Option<u8> {
    let named = || kind.names.iter().zip(kind.first..).find(|(name, _)| **name == text).map(|(_, n)| n);
    let n = number(text).or_else(named)?;
    let within = kind.real(n) >= kind.low && n <= kind.high;
    within.then_some(n)
}

fn number(text: &str) -> Option<u8> {
    text.bytes().all(|c| c.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

impl Kind {
    fn real(&self, n: u8) -> u8 {
        self.alias.filter(|(from, _)| *from == n).map_or(n, |(_, to)| to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Friday.
    const NOW: &str = "2026-01-30T12:34:56Z";

    fn next(text: &str) -> String {
        let cron = Cron::parse(text).unwrap_or_else(|what| panic!("{text}: {what}"));
        let next = cron.next(NOW.parse().expect("a time"));
        next.map_or("never".to_owned(), |next| next.to_string())
    }

    #[test]
    fn comes_next_at_the_right_minute() {
        for (text, when) in [
            ("* * * * *", "2026-01-30T12:35:00Z"),
            ("*/20 * * * *", "2026-01-30T12:40:00Z"),
            ("0 6 * * *", "2026-01-31T06:00:00Z"),
            ("  0  6 * *\t* ", "2026-01-31T06:00:00Z"),
            ("5,50 10-14/2 * * *", "2026-01-30T12:50:00Z"),
            ("0 0 * FEB *", "2026-02-01T00:00:00Z"),
            ("0 0 * feb-mar *", "2026-02-01T00:00:00Z"),
            ("0 0 * * Mon", "2026-02-02T00:00:00Z"),
            ("0 0 * * mon-wed", "2026-02-02T00:00:00Z"),
            ("0 0 * * 7", "2026-02-01T00:00:00Z"),
            ("0 0 * * 0-6", "2026-01-31T00:00:00Z"),
            ("0 0 l * *", "2026-01-31T00:00:00Z"),
            ("0 0 L 2 *", "2026-02-28T00:00:00Z"),
            ("0 0 15,l 2 *", "2026-02-15T00:00:00Z"),
            ("0 0 29 2 *", "2028-02-29T00:00:00Z"),
            // 0 means 1 where there is no 0; of day and weekday either is enough.
            ("0 0 0 0 0", "2027-01-01T00:00:00Z"),
            ("0 0 13 * 1", "2026-02-02T00:00:00Z"),
            ("0 0 */1 * 1", "2026-01-31T00:00:00Z"),
            ("0 0 31 2 *", "never"),
        ] {
            assert_eq!(next(text), when, "{text}");
        }
    }

    #[test]
    fn refuses_what_the_original_refused() {
        for text in [
            "",
            "* * * *",
            "* * * * * *",
            "@daily",
            "5/15 * * * *",
            "*/0 * * * *",
            "? * * * *",
            "* * * * 1#2",
            "* * * * 6-0",
            "* * * * sun-fri",
            "2- * * * *",
            "-9 * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 32 * *",
            "* * * 13 *",
            "* * * * 8",
            "* * * * l",
            "1,,2 * * * *",
            "99999999999 * * * *",
            "a * * * *",
            "\u{0661} * * * *",
        ] {
            assert!(Cron::parse(text).is_err(), "{text}");
        }
    }
}
