//! Thinning by age: a pass is kept whole for a week and in outline for ninety days.

use std::fs;
use std::io::Write;
use std::path::Path;

use jiff::ToSpan;
use jiff::civil::Date;

use super::segments::{self, Segment, broken};
use super::{Entry, Fault, State, Thinned};
use crate::model::Signal;

/// Days a pass stays whole, and can be replayed to the bit.
const WHOLE_DAYS: i64 = 7;
/// Days its outline stays.
const OUTLINE_DAYS: i64 = 90;

/// Thins what is old enough as of `today` and removes what is older still.
pub(super) fn thin(dir: &Path, today: Date) -> Result<(), Fault> {
    let mut state = State::default();
    for segment in segments::list(dir)? {
        let path = segment.path(dir);
        if segment.day < today.saturating_sub(OUTLINE_DAYS.days()) {
            fs::remove_file(&path).map_err(|e| broken(&path, &e))?;
        } else if segment.thinned {
            segments::read(&path, 0, |entry| {
                if let Entry::Snapshot(snapshot) = entry {
                    state = *snapshot;
                }
            })?;
            remove_leftover(&Segment::full(segment.day).path(dir))?;
        } else if segment.day < today.saturating_sub(WHOLE_DAYS.days()) {
            state = thin_one(dir, &segment, state)?;
        }
    }
    Ok(())
}

/// Replaces one day by its outline and the state at its end.
fn thin_one(dir: &Path, segment: &Segment, mut state: State) -> Result<State, Fault> {
    let full = segment.path(dir);
    let mut lines = Vec::new();
    segments::read(&full, 0, |entry| {
        state.fold(&entry);
        if let Some(outline) = outline(&entry) {
            push_line(&mut lines, &Entry::Thinned(outline));
        }
    })?;
    push_line(&mut lines, &Entry::Snapshot(Box::new(state.clone())));
    let thinned = Segment { day: segment.day, thinned: true }.path(dir);
    replace(&thinned, &lines, true)?;
    remove_leftover(&full)?;
    Ok(state)
}

fn outline(entry: &Entry) -> Option<Thinned> {
    let Entry::Pass { pass, .. } = entry else { return None };
    let load = pass.seen.reading.as_ref().ok().and_then(|reading| match reading.signal {
        Signal::Demand { load } => Some(load),
        Signal::Level { .. } => None,
    });
    Some(Thinned {
        at: pass.seen.at,
        load,
        serving: pass.seen.capacity.as_ref().ok().map(|capacity| capacity.servers),
        desired: pass.seen.fleet.as_ref().ok().map(|fleet| fleet.desired),
    })
}

/// Appends `entry` to `lines` as one line of JSON.
pub(super) fn push_line(lines: &mut Vec<u8>, entry: &Entry) {
    // Entries are plain data with string keys, which always have a JSON form.
    if serde_json::to_writer(&mut *lines, entry).is_ok() {
        lines.push(b'\n');
    }
}

/// Puts `bytes` in the place of `path` by rename, so that a reader sees the old or the new, never a part.
pub(super) fn replace(path: &Path, bytes: &[u8], durable: bool) -> Result<(), Fault> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(bytes)?;
        if durable {
            file.as_file().sync_all()?;
        }
        file.persist(path).map_err(|e| e.error)?;
        if durable { segments::sync_dir(path) } else { Ok(()) }
    };
    write().map_err(|e| broken(path, &e))
}

fn remove_leftover(path: &Path) -> Result<(), Fault> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(broken(path, &e)),
        _ => Ok(()),
    }
}
