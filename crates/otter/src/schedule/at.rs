//! PURE: one instant, in the lax form of ISO 8601 that the original's parser took.
//!
//! The form: a date, `2050-05-20` (month and day may have one digit) or `20500520`; then, if wanted, `T`
//! or a blank and `hh[[:]mm[[:]ss[.fraction]]]` and an offset; then the final `Z`. What stands
//! between the time and the final `Z` is ignored, an offset there is honoured.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

const WHAT: &str = "must be an ISO 8601 time in UTC with Z at the end, such as 2030-01-31T08:00:00Z";

/// An instant as a user wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    text: String,
    when: Timestamp,
}

impl At {
    /// Reads it.
    ///
    /// # Errors
    /// What it must look like, if it does not.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let when = text.strip_suffix('Z').and_then(instant).ok_or(WHAT)?;
        Ok(Self { text: text.to_owned(), when })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The instant.
    pub fn when(&self) -> Timestamp {
        self.when
    }
}

fn instant(text: &str) -> Option<Timestamp> {
    let mut left = Scanner(text);
    let (year, month, day) = date(&mut left)?;
    let (mut hour, mut minute, mut second, mut micros, mut offset) = (0, 0, 0, 0, Offset::UTC);
    if !left.0.is_empty() {
        left.any_of(&['T', ' '])?;
        hour = left.digits(2, 2)?;
        minute = left.after_colon(2, 2).unwrap_or(0);
        if let Some(read) = left.after_colon(1, 2) {
            second = read;
            micros = left.fraction();
        }
        offset = left.offset()?;
    }
    let civil = DateTime::new(
        i16::try_from(year).ok().filter(|year| *year > 0)?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
        i8::try_from(hour).ok()?,
        i8::try_from(minute).ok()?,
        i8::try_from(second).ok()?,
        i32::try_from(micros).ok()? * 1000,
    );
    offset.to_timestamp(civil.ok()?).ok()
}

fn date(left: &mut Scanner<'_>) -> Option<(u32, u32, u32)> {
    let year = left.digits(4, 4)?;
    if left.any_of(&['-']).is_none() {
        return Some((year, left.digits(2, 2)?, left.digits(2, 2)?));
    }
    let month = left.digits(1, 2)?;
    left.any_of(&['-'])?;
    Some((year, month, left.digits(1, 2)?))
}

/// What is left to be read.
struct Scanner<'t>(&'t str);

impl Scanner<'_> {
    /// Takes one of these characters.
    fn any_of(&mut self, wanted: &[char]) -> Option<char> {
        let first = self.0.chars().next().filter(|c| wanted.contains(c))?;
        self.0 = &self.0[first.len_utf8()..];
        Some(first)
    }

    /// Takes as many digits as there are, within these bounds.
    fn digits(&mut self, fewest: usize, most: usize) -> Option<u32> {
        let there = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if there < fewest {
            return None;
        }
        let (digits, rest) = self.0.split_at(there);
        self.0 = rest;
        digits.parse().ok()
    }

    /// Takes digits, with or without a colon before them; nothing if there are none.
    fn after_colon(&mut self, fewest: usize, most: usize) -> Option<u32> {
        let before = self.0;
        let _ = self.any_of(&[':']);
        let found = self.digits(fewest, most);
        if found.is_none() {
            self.0 = before;
        }
        found
    }

    /// Takes a fraction of a second, if there is one; returns whole microseconds, the rest is cut off.
    fn fraction(&mut self) -> u32 {
        let before = self.0;
        if self.any_of(&['.', ',']).is_none() {
            return 0;
        }
        let there = self.0.bytes().take_while(u8::is_ascii_digit).count();
        if there == 0 {
            self.0 = before;
            return 0;
        }
        let (digits, rest) = self.0.split_at(there);
        self.0 = rest;
        format!("{digits:0<6}")[..6].parse().unwrap_or(0)
    }

    /// Takes `+hh`, `+hhmm`, `+hh:mm` or the same with a minus; no offset is UTC. `None` if it is
    /// more than a day.
    fn offset(&mut self) -> Option<Offset> {
        let Some(sign) = self.any_of(&['+', '-']) else { return Some(Offset::UTC) };
        let Some(hours) = self.digits(2, 2) else { return Some(Offset::UTC) };
        let minutes = self.after_colon(2, 2).unwrap_or(0);
        let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
        Offset::from_seconds(if sign == '-' { -seconds } else { seconds }).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_lax_forms_that_users_of_the_original_sent() {
        for (text, means) in [
            ("2050-05-20T10:20:30Z", "2050-05-20T10:20:30Z"),
            ("2050-05-20 10:20:30Z", "2050-05-20T10:20:30Z"),
            ("2050-05-20T10:20Z", "2050-05-20T10:20:00Z"),
            ("2050-05-20T10Z", "2050-05-20T10:00:00Z"),
            ("2050-05-20Z", "2050-05-20T00:00:00Z"),
            ("20500520T102030Z", "2050-05-20T10:20:30Z"),
            ("2050-5-2T10:20:30Z", "2050-05-02T10:20:30Z"),
            ("2050-05-20T10:20:30.1234567Z", "2050-05-20T10:20:30.123456Z"),
            ("2050-05-20T10:20:30-05:00Z", "2050-05-20T15:20:30Z"),
            ("2050-05-20T10:20:30 or soZ", "2050-05-20T10:20:30Z"),
        ] {
            let at = At::parse(text).unwrap_or_else(|what| panic!("{text}: {what}"));
            assert_eq!(at.when().to_string(), means, "{text}");
            assert_eq!(at.text(), text);
        }
    }

    #[test]
    fn refuses_what_the_original_refused() {
        for text in [
            "",
            "Z",
            "2050-05-20T10:20:30",
            "2050-05-20T10:20:30z",
            "20-05-2050T10:20:30Z",
            "2050/05/20T10:20:30Z",
            "2050-13-20T10:20:30Z",
            "0000-05-20T10:20:30Z",
            "2050-05-20T27:20:30Z",
            "2050-05-20T10:20:80Z",
            "2050-02-30Z",
            "tomorrowZ",
            "2050-05-20T10:20:30+99:00Z",
            "\u{1f550}Z",
        ] {
            assert!(At::parse(text).is_err(), "{text}");
        }
    }
}
