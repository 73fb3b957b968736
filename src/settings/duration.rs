//! Durations as people write them: `30s`, `5m`, `1h 30m`.

use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, de};

/// Longer than this is taken for a slip of the pen.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// Reads a duration with its units.
///
/// # Errors
/// A sentence that says what is wrong and what to write.
pub fn parse(text: &str) -> Result<Duration, String> {
    let signed: SignedDuration = text.parse().map_err(|_| {
        "is not a duration; write a number with its unit, such as \"30s\", \"5m\" or \"1h\"".to_owned()
    })?;
    let duration = Duration::try_from(signed).map_err(|_| "is negative; a duration cannot be".to_owned())?;
    if duration > LONGEST {
        return Err("is longer than a year; mind the unit: s, m or h".to_owned());
    }
    Ok(duration)
}

/// The same form back: `5m`, `1h 30m`, `0s`.
pub fn show(duration: Duration) -> String {
    match SignedDuration::try_from(duration) {
        Ok(signed) => format!("{signed:#}"),
        Err(_) => format!("{}s", duration.as_secs()),
    }
}

/// For `#[serde(deserialize_with)]`.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    parse(&text).map_err(de::Error::custom)
}

/// The same where a missing key has its default elsewhere.
pub(super) fn deserialize_some<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    deserialize(from).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_and_shown_again() {
        for (text, seconds, shown) in [
            ("30s", 30, "30s"),
            ("5m", 300, "5m"),
            ("1h 30m", 5400, "1h 30m"),
            ("90m", 5400, "1h 30m"),
            ("0s", 0, "0s"),
        ] {
            let duration = parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!(duration, Duration::from_secs(seconds), "{text}");
            assert_eq!(show(duration), shown);
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "5", "5x", "-5m", "5m ago", "1000000h", "99999999999999999999h"] {
            assert!(parse(text).is_err(), "{text} was taken");
        }
    }
}
