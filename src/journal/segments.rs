//! A group's journal on disk: one file a day, `2026-11-22.jsonl`, thinned ones `2026-11-22.thin.jsonl`.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::{Entry, Fault};
use crate::files::{open_to_append, sync_dir};

const FULL: &str = ".jsonl";
const THIN: &str = ".thin.jsonl";

/// One day's file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Segment {
    pub(super) day: Date,
    pub(super) thinned: bool,
}

impl Segment {
    pub(super) fn full(day: Date) -> Segment {
        Segment { day, thinned: false }
    }

    pub(super) fn name(&self) -> String {
        format!("{}{}", self.day, if self.thinned { THIN } else { FULL })
    }

    pub(super) fn path(&self, dir: &Path) -> PathBuf {
        dir.join(self.name())
    }

    fn parse(name: &str) -> Option<Segment> {
        let (day, thinned) = match name.strip_suffix(THIN) {
            Some(day) => (day, true),
            None => (name.strip_suffix(FULL)?, false),
        };
        Some(Segment { day: day.parse().ok()?, thinned })
    }
}

/// The segments in `dir`, oldest first. Where a day stands both full and thinned, thinning was cut short
/// after its result was complete: the thinned one counts.
pub(super) fn list(dir: &Path) -> Result<Vec<Segment>, Fault> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(broken(dir, &e)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.map_err(|e| broken(dir, &e))?.file_name();
        found.extend(name.to_str().and_then(Segment::parse));
    }
    found.sort();
    let thinned: Vec<Date> = found.iter().filter(|s| s.thinned).map(|s| s.day).collect();
    found.retain(|segment| segment.thinned || !thinned.contains(&segment.day));
    Ok(found)
}

/// Hands every whole entry from byte `from` on to `take`, and returns where the last one ends. What
/// follows that is a line whose writing was cut short.
pub(super) fn read(path: &Path, from: u64, mut take: impl FnMut(Entry)) -> Result<u64, Fault> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(e) => return Err(broken(path, &e)),
    };
    file.seek(SeekFrom::Start(from)).map_err(|e| broken(path, &e))?;
    let mut reader = BufReader::new(file);
    let (mut line, mut end) = (Vec::new(), from);
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line).map_err(|e| broken(path, &e))?;
        if read == 0 || line.last() != Some(&b'\n') {
            return Ok(end);
        }
        let entry = serde_json::from_slice(&line).map_err(|e| {
            Fault::Broken(format!(
                "{}: the entry at byte {end} cannot be read ({e}); move the file away to start this group's memory anew",
                path.display()
            ))
        })?;
        take(entry);
        end += read as u64;
    }
}

/// Appends whole lines at `end`, cutting off whatever stands after it.
pub(super) fn append(path: &Path, end: u64, lines: &[u8], durable: bool) -> Result<(), Fault> {
    let write = || -> io::Result<()> {
        let mut file = open_to_append(path)?;
        if file.metadata()?.len() > end {
            file.set_len(end)?;
        }
        file.write_all(lines)?;
        if durable {
            file.sync_data()?;
        }
        Ok(())
    };
    write().map_err(|e| broken(path, &e))
}

/// Makes the names of a segment and of its folder durable; either may have been made by entries that needed
/// no syncing.
pub(super) fn sync_name(path: &Path) -> Result<(), Fault> {
    let sync = || sync_dir(path).and_then(|()| path.parent().map_or(Ok(()), sync_dir));
    sync().map_err(|e| broken(path, &e))
}

pub(super) fn broken(path: &Path, why: &dyn std::fmt::Display) -> Fault {
    Fault::Broken(format!("{}: {why}", path.display()))
}
