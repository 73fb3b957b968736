//! The journal in files: a folder a group, JSON Lines by the day, a checkpoint beside them, a lock file.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::segments::{self, Segment, broken};
use super::{Entry, Fault, Guard, Journal, State, thin};
use crate::files::{Durability, open_to_append, private_dir, replace, try_lock};

const LOCK: &str = "lock";
const CHECKPOINT: &str = "checkpoint.json";

/// Journals below one folder, named by group key. One host works a group: the lock is the file system's.
pub struct Jsonl {
    root: PathBuf,
}

/// Where a fold stands: the state beside the end of what it has taken in. `S` is owned when read, borrowed
/// when written.
#[derive(Serialize, Deserialize)]
struct Checkpoint<S> {
    segment: Date,
    end: u64,
    /// As in [`Position`].
    named: bool,
    state: S,
}

/// One group, locked.
struct Held {
    dir: PathBuf,
    /// Where the next entry goes; none before the journal has been read.
    position: Option<Position>,
    _lock: File,
}

/// The segment to append to, and the end of its last whole line. No segment: the journal is empty.
#[derive(Clone, Copy, Default)]
struct Position {
    day: Option<Date>,
    end: u64,
    /// Whether the segment's name is known to survive a power cut, as its first synced entry sees to.
    named: bool,
}

impl Jsonl {
    /// Journals in `root`, which is made when first needed.
    pub fn new(root: PathBuf) -> Jsonl {
        Jsonl { root }
    }

    /// Hands every entry of the group's journal that is still there to `take`, oldest first.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn entries(&self, group: &str, mut take: impl FnMut(Entry)) -> Result<(), Fault> {
        let dir = self.dir(group);
        let each = |segment: Segment| segments::read(&segment.path(&dir), 0, &mut take).map(|_| ());
        segments::list(&dir)?.into_iter().try_for_each(each)
    }

    /// The folder of a group's journal.
    pub fn dir(&self, group: &str) -> PathBuf {
        self.root.join(group)
    }
}

#[async_trait]
impl Journal for Jsonl {
    async fn lock(&self, group: &str) -> Result<Box<dyn Guard>, Fault> {
        let dir = self.dir(group);
        let path = dir.join(LOCK);
        // The folder is there on every pass but the first.
        let lock = open_to_append(&path)
            .or_else(|_| private_dir(&dir).and_then(|()| open_to_append(&path)))
            .map_err(|e| broken(&path, &e))?;
        match try_lock(lock).map_err(|e| broken(&path, &e))? {
            Some(lock) => Ok(Box::new(Held { dir, position: None, _lock: lock })),
            None => Err(Fault::Locked),
        }
    }

    async fn peek(&self, group: &str) -> Result<State, Fault> {
        Ok(recall(&self.dir(group))?.0)
    }
}

#[async_trait]
impl Guard for Held {
    async fn recall(&mut self) -> Result<State, Fault> {
        let (state, position) = recall(&self.dir)?;
        self.position = Some(position);
        Ok(state)
    }

    async fn append(&mut self, entries: &[Entry]) -> Result<(), Fault> {
        let mut lines = Vec::new();
        entries.iter().for_each(|entry| thin::push_line(&mut lines, entry));
        let (day, Position { end, mut named, .. }) = self.place(entries)?;
        let durable = entries.iter().any(Entry::must_be_durable);
        let path = Segment::full(day).path(&self.dir);
        segments::append(&path, end, &lines, durable)?;
        if durable && !named {
            segments::sync_name(&path)?;
            named = true;
        }
        self.position = Some(Position { day: Some(day), end: end + lines.len() as u64, named });
        Ok(())
    }

    async fn checkpoint(&mut self, state: &State) -> Result<(), Fault> {
        let Some(Position { day: Some(segment), end, named }) = self.position else { return Ok(()) };
        let path = self.dir.join(CHECKPOINT);
        let checkpoint = Checkpoint { segment, end, named, state };
        let text = serde_json::to_vec(&checkpoint).map_err(|e| broken(&path, &e))?;
        replace(&path, &text, Durability::Cache).map_err(|e| broken(&path, &e))
    }
}

impl Held {
    /// Where `entries` go: the segment of their day, never one before the last. A new day thins old ones.
    fn place(&mut self, entries: &[Entry]) -> Result<(Date, Position), Fault> {
        let position = match self.position {
            Some(position) => position,
            None => recall(&self.dir)?.1,
        };
        let at = entries.iter().find_map(Entry::at);
        let today = at.map(|at| at.to_zoned(TimeZone::UTC).date());
        match (position.day, today) {
            (Some(day), Some(today)) if day < today => {
                thin::thin(&self.dir, today)?;
                Ok((today, Position::default()))
            }
            (Some(day), _) => Ok((day, position)),
            (None, Some(today)) => Ok((today, Position::default())),
            (None, None) => {
                Err(Fault::Broken("an entry without an instant cannot open a journal".to_owned()))
            }
        }
    }
}

/// The fold over everything in `dir`, from the checkpoint if it fits, and where the next entry goes.
fn recall(dir: &Path) -> Result<(State, Position), Fault> {
    let segments = segments::list(dir)?;
    let (mut state, from) = match checkpoint(dir, &segments) {
        Some(Checkpoint { segment, end, named, state }) => {
            (state, Position { day: Some(segment), end, named })
        }
        None => (State::default(), Position::default()),
    };
    let mut position = from;
    for segment in segments.into_iter().filter(|segment| Some(segment.day) >= from.day) {
        let known = if Some(segment.day) == from.day { from } else { Position::default() };
        let end = segments::read(&segment.path(dir), known.end, |entry| state.fold(&entry))?;
        // A thinned day is closed: what comes next opens a day of its own.
        position = match segment.thinned {
            true => Position { day: Some(segment.day.saturating_add(1.day())), ..Position::default() },
            false => Position { day: Some(segment.day), end, named: known.named },
        };
    }
    Ok((state, position))
}

/// The checkpoint, unless it is missing, unreadable, or tells of a journal other than the one there is: its
/// day has since been thinned, or ends before it.
fn checkpoint(dir: &Path, segments: &[Segment]) -> Option<Checkpoint<State>> {
    let text = fs::read(dir.join(CHECKPOINT)).ok()?;
    let checkpoint: Checkpoint<State> = serde_json::from_slice(&text).ok()?;
    let segment = segments.iter().find(|segment| **segment == Segment::full(checkpoint.segment))?;
    let length = fs::metadata(segment.path(dir)).ok()?.len();
    (checkpoint.end <= length).then_some(checkpoint)
}
