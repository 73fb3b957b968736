//! What the clock of a time zone has shown so far.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

const INSTANT: SignedDuration = SignedDuration::from_nanos(1);

/// The latest local time that the clock of `zone` has shown by `now`.
///
/// That is the time it shows, except while an hour is repeated: then it is the end of the first run through
/// that hour, just before the clock was put back. So a time that exists twice is reached once, and a time that
/// does not exist is reached when the clock jumps past it.
pub(super) fn shown(zone: &TimeZone, now: Timestamp) -> DateTime {
    let shows = zone.to_datetime(now);
    let just_after = now.saturating_add(INSTANT).unwrap_or(now);
    match zone.preceding(just_after).next() {
        Some(last) => shows.max(just_before(zone, last.timestamp())),
        None => shows,
    }
}

/// A clock that is put forward or back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jump {
    /// When.
    pub at: Timestamp,
    /// What the clock would have shown then.
    pub from: DateTime,
    /// What it shows.
    pub to: DateTime,
}

/// Each time the clock of `zone` is put forward or back after `from` and by `until`.
pub fn jumps(zone: &TimeZone, from: Timestamp, until: Timestamp) -> Vec<Jump> {
    let changes = zone.following(from).map(|change| change.timestamp()).take_while(|at| *at <= until);
    let jump = |at: Timestamp| {
        let from = just_before(zone, at).saturating_add(INSTANT);
        Jump { at, from, to: zone.to_datetime(at) }
    };
    changes.map(jump).filter(|jump| jump.from != jump.to).collect()
}

fn just_before(zone: &TimeZone, at: Timestamp) -> DateTime {
    zone.to_datetime(at.saturating_sub(INSTANT).unwrap_or(at))
}
