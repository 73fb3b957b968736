//! How a time is written in a timetable: every week, or once.

use jiff::civil::{Date, DateTime, Time};

/// The days as they are written, the first of them the first of a week.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Between the begin and the end of a dated entry.
const TO: &str = " to ";
/// What can be written, for messages.
const FORMS: &str = "write a local time such as \"9:00\", with days such as \"mon-fri 9:00\" or \"sat,sun 10:30\", or dates such \
     as \"2026-12-24\", \"2026-12-24 to 2026-12-26\" or \"2026-12-24 18:00 to 2026-12-27 8:00\"";

/// When an entry of a timetable holds, in local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// From this minute of these days on, until the next such entry.
    Weekly {
        /// Monday first.
        days: [bool; 7],
        /// Of the day.
        minute: u16,
    },
    /// Once, from `begin` until just before `end`, whatever the weekly entries say.
    Once { begin: DateTime, end: DateTime },
}

impl When {
    /// Reads what stands before the `=`.
    ///
    /// # Errors
    /// A sentence that says what is wrong and what to write.
    pub(super) fn parse(text: &str) -> Result<When, String> {
        let text = text.trim().to_ascii_lowercase();
        let dated = text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('-');
        if dated {
            return once(&text);
        }
        let (days, time) = match text.split_once(' ') {
            Some((days, time)) => (weekdays(days).ok_or_else(no_time)?, time),
            None => ([true; 7], text.as_str()),
        };
        let time = time_of_day(time).ok_or_else(no_time)?;
        Ok(When::Weekly { days, minute: minute_of_day(time) })
    }
}

fn no_time() -> String {
    format!("is no time that a limit can begin at; {FORMS}")
}

/// `mon`, `mon-fri`, `sat-mon`, `mon,wed,fri`; none if it is none of these.
fn weekdays(text: &str) -> Option<[bool; 7]> {
    let place = |name: &str| DAYS.iter().position(|day| *day == name);
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (place(first)?, place(last)?);
        let span = (last + 7 - first) % 7;
        (first..=first + span).for_each(|day| days[day % 7] = true);
    }
    Some(days)
}

/// `9:00`, `09:00`: hours and minutes, which end before 24:00.
fn time_of_day(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |text: &str, lengths: [usize; 2]| {
        let right = lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if right { text.parse().ok() } else { None }
    };
    Time::new(digits(hour, [1, 2])?, digits(minute, [2, 2])?, 0, 0).ok()
}

/// The minute of the day that a time of day is, such as `9:00`; none if it is none.
pub fn minute_of(text: &str) -> Option<u16> {
    time_of_day(text).map(minute_of_day)
}

pub(super) fn minute_of_day(time: Time) -> u16 {
    u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs())
}

/// A day, days to days, or a local time to a local time.
fn once(text: &str) -> Result<When, String> {
    let (begin, end) = text.split_once(TO).unwrap_or((text, text));
    let (begin, end) = match (date(begin), date(end)) {
        (Some(begin), Some(end)) => (Some(begin.into()), end.tomorrow().ok().map(DateTime::from)),
        (None, None) if text.contains(TO) => (local_time(begin), local_time(end)),
        _ => (None, None),
    };
    match begin.zip(end) {
        Some((begin, end)) if begin < end => Ok(When::Once { begin, end }),
        Some(_) => Err("ends before it begins; write the earlier time first".to_owned()),
        None => Err(no_time()),
    }
}

fn date(text: &str) -> Option<Date> {
    let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if plain { text.parse().ok() } else { None }
}

fn local_time(text: &str) -> Option<DateTime> {
    let (day, time) = text.split_once(' ')?;
    Some(date(day)?.to_datetime(time_of_day(time)?))
}
