//! Thinning by age: a pass is kept whole for a week and in outline for ninety days.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use jiff::ToSpan;
use jiff::civil::Date;

use super::segments::{self, Segment, broken};
use super::{Entry, Fault, State, Thinned};
use crate::files::{Durability, replace};

/// Days a pass stays whole, and can be replayed to the bit.
const WHOLE_DAYS: i64 = 7;
/// Days its outline stays.
const OUTLINE_DAYS: i64 = 90;

/// Thins what is old enough as of `today` and removes what is older still.
pub(super) fn thin(dir: &Path, today: Date) -> Result<(), Fault> {
    let (whole, outline) =
        (today.saturating_sub(WHOLE_DAYS.days()), today.saturating_sub(OUTLINE_DAYS.days()));
    let mut state = State::default();
    let mut thinned = Vec::new();
    for segment in segments::list(dir)?.into_iter().filter(|s| s.thinned || s.day < whole) {
        state = match segment.thinned {
            true => snapshot(dir, &segment)?,
            false => thin_one(dir, &segment, state)?,
        };
        remove(&Segment::full(segment.day).path(dir))?;
        thinned.push(Segment { thinned: true, ..segment });
    }
    // However old, the last one stays: what follows is folded onto the snapshot at its end.
    thinned.pop();
    thinned.iter().filter(|s| s.day < outline).try_for_each(|segment| remove(&segment.path(dir)))
}

/// The state at the end of a thinned day.
fn snapshot(dir: &Path, segment: &Segment) -> Result<State, Fault> {
    let mut state = State::default();
    segments::read(&segment.path(dir), 0, |entry| state.fold(&entry))?;
    Ok(state)
}

/// Replaces one day by its outline and the state at its end.
fn thin_one(dir: &Path, segment: &Segment, mut state: State) -> Result<State, Fault> {
    let full = segment.path(dir);
    let mut lines = Vec::new();
    segments::read(&full, 0, |entry| {
        state.fold(&entry);
        if let Some(outline) = entry.outline() {
            push_line(&mut lines, &Entry::Thinned(outline));
        }
    })?;
    push_line(&mut lines, &Entry::Snapshot(Box::new(state.clone())));
    let thinned = Segment { day: segment.day, thinned: true }.path(dir);
    replace(&thinned, &lines, Durability::Synced).map_err(|e| broken(&thinned, &e))?;
    Ok(state)
}

impl Entry {
    /// What a thinned pass, or one that is still whole, comes down to; none for what is no pass.
    pub fn outline(&self) -> Option<Thinned> {
        let seen = match self {
            Entry::Pass { pass, .. } => &pass.seen,
            Entry::Thinned(thinned) => return Some(*thinned),
            _ => return None,
        };
        let load = seen.reading.as_ref().ok().and_then(|reading| reading.signal.load());
        Some(Thinned {
            at: seen.at,
            load,
            serving: seen.capacity.as_ref().ok().map(|capacity| capacity.servers),
            desired: seen.fleet.as_ref().ok().map(|fleet| fleet.desired),
        })
    }
}

/// Appends `entry` to `lines` as one line of JSON.
pub(super) fn push_line(lines: &mut Vec<u8>, entry: &Entry) {
    // Entries are plain data with string keys, which always have a JSON form.
    if serde_json::to_writer(&mut *lines, entry).is_ok() {
        lines.push(b'\n');
    }
}

fn remove(path: &Path) -> Result<(), Fault> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(broken(path, &e)),
        _ => Ok(()),
    }
}
