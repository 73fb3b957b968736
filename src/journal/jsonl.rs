//! The journal in files: a folder a group, JSON Lines by the day, a checkpoint beside them, a lock file.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::segments::{self, Segment, broken};
use super::{Entry, Fault, Guard, Journal, State, thin};

const LOCK: &str = "lock";
const CHECKPOINT: &str = "checkpoint.json";

/// Journals below one folder, named by group key. One host works a group: the lock is the file system's.
pub struct Jsonl {
    root: PathBuf,
}

/// Where a fold stands: the state beside the end of what it has taken in.
#[derive(Serialize, Deserialize)]
struct Checkpoint {
    segment: Date,
    end: u64,
    state: State,
}

/// One group, locked.
struct Held {
    dir: PathBuf,
    position: Option<Position>,
    _lock: File,
}

/// The segment to append to, and the end of its last whole line.
#[derive(Clone, Copy)]
struct Position {
    day: Date,
    end: u64,
}

impl Jsonl {
    /// Journals in `root`, which is made when first needed.
    pub fn new(root: PathBuf) -> Jsonl {
        Jsonl { root }
    }

    fn dir(&self, group: &str) -> PathBuf {
        self.root.join(group)
    }
}

#[async_trait]
impl Journal for Jsonl {
    async fn lock(&self, group: &str) -> Result<Box<dyn Guard>, Fault> {
        let dir = self.dir(group);
        let path = dir.join(LOCK);
        let open = || File::options().create(true).append(true).open(&path);
        // The folder is there on every pass but the first.
        let lock = open()
            .or_else(|_| fs::create_dir_all(&dir).and_then(|()| open()))
            .map_err(|e| broken(&path, &e))?;
        match lock.try_lock() {
            Ok(()) => Ok(Box::new(Held { dir, position: None, _lock: lock })),
            Err(TryLockError::WouldBlock) => Err(Fault::Locked),
            Err(TryLockError::Error(e)) => Err(broken(&path, &e)),
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
        self.position = position;
        Ok(state)
    }

    async fn append(&mut self, entries: &[Entry]) -> Result<(), Fault> {
        let mut lines = Vec::new();
        entries.iter().for_each(|entry| thin::push_line(&mut lines, entry));
        let at = self.place(entries)?;
        let durable = entries.iter().any(Entry::must_be_durable);
        segments::append(&Segment::full(at.day).path(&self.dir), at.end, &lines, durable)?;
        self.position = Some(Position { end: at.end + lines.len() as u64, ..at });
        Ok(())
    }

    async fn checkpoint(&mut self, state: &State) -> Result<(), Fault> {
        let Some(Position { day, end }) = self.position else { return Ok(()) };
        let path = self.dir.join(CHECKPOINT);
        let checkpoint = Checkpoint { segment: day, end, state: state.clone() };
        let text = serde_json::to_vec(&checkpoint).map_err(|e| broken(&path, &e))?;
        thin::replace(&path, &text, false)
    }
}

impl Held {
    /// Where `entries` go: the segment of their day, never one before the last. A new day thins old ones.
    fn place(&mut self, entries: &[Entry]) -> Result<Position, Fault> {
        let at = entries.iter().find_map(Entry::at);
        let day = at.map(|at| at.to_zoned(TimeZone::UTC).date());
        match (self.position, day) {
            (Some(position), Some(day)) if position.day < day => {
                thin::thin(&self.dir, day)?;
                Ok(Position { day, end: 0 })
            }
            (Some(position), _) => Ok(position),
            (None, Some(day)) => Ok(Position { day, end: 0 }),
            (None, None) => {
                Err(Fault::Broken("an entry without an instant cannot open a journal".to_owned()))
            }
        }
    }
}

/// The fold over everything in `dir`, from the checkpoint if it fits, and where the next entry goes.
fn recall(dir: &Path) -> Result<(State, Option<Position>), Fault> {
    let checkpoint = checkpoint(dir);
    let (mut state, from) = match checkpoint {
        Some(Checkpoint { segment, end, state }) => (state, Some(Position { day: segment, end })),
        None => (State::default(), None),
    };
    let mut position = from;
    for segment in segments::list(dir)?.into_iter().filter(|s| from.is_none_or(|from| s.day >= from.day)) {
        let start = from.filter(|from| from.day == segment.day).map_or(0, |from| from.end);
        let end = segments::read(&segment.path(dir), start, |entry| state.fold(&entry))?;
        // A thinned day is closed: what comes next opens a day of its own.
        position = Some(match segment.thinned {
            true => Position { day: segment.day.saturating_add(1.day()), end: 0 },
            false => Position { day: segment.day, end },
        });
    }
    Ok((state, position))
}

/// The checkpoint, unless it is missing, unreadable, or tells of a journal other than the one there is.
fn checkpoint(dir: &Path) -> Option<Checkpoint> {
    let text = fs::read(dir.join(CHECKPOINT)).ok()?;
    let checkpoint: Checkpoint = serde_json::from_slice(&text).ok()?;
    let path = Segment::full(checkpoint.segment).path(dir);
    let length = fs::metadata(path).ok()?.len();
    (checkpoint.end <= length).then_some(checkpoint)
}
