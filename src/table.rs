//! A CSV file with a header, as people bring it: how its instants read, and what is wrong with it, by line.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;

/// Problems told of one file; the rest are counted.
const MOST_PROBLEMS: usize = 20;

/// What is wrong with a file, all of it at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct BadTable {
    /// What the file is called.
    pub name: String,
    /// What is wrong, in the order of the lines.
    pub problems: Vec<Problem>,
}

/// One thing wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line it was found in, from 1; none if it is of the whole file.
    pub line: Option<u64>,
    /// What is wrong and what would be right.
    pub what: String,
}

impl Problem {
    /// Wrong in one line.
    pub fn at(line: u64, what: String) -> Problem {
        Problem { line: Some(line), what }
    }

    /// Wrong with all of it.
    pub fn of_file(what: String) -> Problem {
        Problem { line: None, what }
    }
}

/// The text of the file called `name`.
///
/// # Errors
/// Where it is not UTF-8, as of spreadsheets that write UTF-16.
pub fn text(name: &str, bytes: Vec<u8>) -> Result<String, BadTable> {
    String::from_utf8(bytes).map_err(|error| {
        let read = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = read.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        let what = "this is not UTF-8; save the file as \"CSV UTF-8\"".to_owned();
        BadTable { name: name.to_owned(), problems: vec![Problem::at(line, what)] }
    })
}

/// Reads `text` as CSV, whose rows may differ in length: that is for the caller to judge.
pub fn reader(text: &str) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes())
}

/// A header's name in lower case, without a byte order mark, which spreadsheets put before the first.
pub fn bare(name: &str) -> String {
    name.trim_start_matches('\u{feff}').to_ascii_lowercase()
}

/// The line a row begins in, from 1.
pub fn line(row: &csv::StringRecord) -> u64 {
    row.position().map_or(0, csv::Position::line)
}

/// Reads an instant: RFC 3339, or seconds since 1970.
///
/// # Errors
/// What is wrong with it and what to write.
pub fn instant(text: &str) -> Result<Timestamp, String> {
    let wrong =
        || format!("{text:?} is no timestamp; write RFC 3339 (2026-01-31T12:00:00Z) or epoch seconds");
    match text.parse::<f64>() {
        Ok(seconds) if !seconds.is_finite() => Err(wrong()),
        Ok(seconds) if seconds.abs() > 1e11 => {
            Err(format!("{text} is too large for epoch seconds; are these milliseconds? divide by 1000"))
        }
        Ok(seconds) => Timestamp::from_millisecond((seconds * 1000.0).round() as i64).map_err(|_| wrong()),
        Err(_) => text.parse().map_err(|_| match text.parse::<DateTime>() {
            Ok(_) => {
                format!("{text:?} names no time zone; append Z if it is in UTC, or an offset such as +01:00")
            }
            Err(_) => wrong(),
        }),
    }
}

impl fmt::Display for BadTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        for (i, Problem { line, what }) in self.problems.iter().take(MOST_PROBLEMS).enumerate() {
            let newline = if i > 0 { "\n" } else { "" };
            match line {
                Some(line) => write!(f, "{newline}{name}:{line}: {what}")?,
                None => write!(f, "{newline}{name}: {what}")?,
            }
        }
        match self.problems.len().saturating_sub(MOST_PROBLEMS) {
            0 => Ok(()),
            more => write!(f, "\n{name}: and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_encoding_that_cannot_be_read_is_told_by_line() {
        let told = |bytes: &[u8]| text("t.csv", bytes.to_vec()).map_err(|bad| bad.to_string());
        assert_eq!(told(b"a,b\n"), Ok("a,b\n".to_owned()));
        assert_eq!(
            told(b"a,b\n1,\xff\n"),
            Err("t.csv:2: this is not UTF-8; save the file as \"CSV UTF-8\"".to_owned())
        );
    }

    #[test]
    fn a_local_time_is_told_from_no_time() {
        let told = |text| instant(text).unwrap_err();
        assert!(told("2026-01-31 12:00:00").contains("names no time zone"));
        assert!(told("2026-01-31T12:00").contains("append Z"));
        assert!(told("noon").contains("is no timestamp"));
    }
}
