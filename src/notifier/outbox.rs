//! The outbox: a folder with a file for each notice that is still to be sent, for its owner's eyes only. Whoever
//! holds its lock sends: no two processes send the same.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use super::{Notice, Undelivered, Watch};
use crate::files::{Durability, open_to_append, replace, try_lock};
use crate::model::elapsed;

/// How long one sending may take.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// The pause after the first failure; it doubles with each further one, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);
/// After this nobody wants to read it any more.
const OLDEST: Duration = Duration::from_secs(24 * 3600);
/// With the pauses above it is a day old before that, unless the clock is set back.
const MOST_TRIES: u32 = 32;
/// More than this for one notifier is a flood; its oldest give way.
const MOST_WAITING: usize = 1000;

const LETTER: &str = "json";
const UNREADABLE: &str = "unreadable";

/// The folder.
pub(super) struct Outbox {
    dir: PathBuf,
}

/// One notice on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Letter {
    notifier: String,
    queued: Timestamp,
    tries: u32,
    not_before: Timestamp,
    notice: Notice,
}

/// What the one who sends does after a letter.
enum Next {
    /// Goes on to the next one.
    GoOn,
    /// Lets this notifier rest until then: letters keep their order.
    Rest(Timestamp),
}

impl Outbox {
    /// An outbox in `dir`, which is made when first needed.
    pub(super) fn new(dir: PathBuf) -> Outbox {
        Outbox { dir }
    }

    /// Puts a notice in. Losing it in a power cut is no harm that would be worth a wait in the pass.
    pub(super) fn put(&self, notifier: &str, notice: &Notice) -> io::Result<()> {
        let queued = Timestamp::now();
        let letter = Letter {
            notifier: notifier.to_owned(),
            queued,
            tries: 0,
            not_before: queued,
            notice: notice.clone(),
        };
        self.make_room(notifier)?;
        // The name sorts by age, and says whose it is.
        let name = format!("{:020}-{}.{notifier}.{LETTER}", queued.as_nanosecond().max(0), notice.id);
        write(&self.dir.join(name), &letter)
    }

    fn make_room(&self, notifier: &str) -> io::Result<()> {
        let is_its = |path: &PathBuf| path.with_extension("").extension().is_some_and(|end| end == notifier);
        let waiting: Vec<PathBuf> = self.names()?.into_iter().filter(is_its).collect();
        let over = (waiting.len() + 1).saturating_sub(MOST_WAITING);
        for oldest in waiting.iter().take(over) {
            let title = read(oldest).map_or("a notice".to_owned(), |letter| letter.notice.title);
            tracing::error!(
                "{MOST_WAITING} notices wait for notifier {notifier:?}; the oldest is given up: {title}"
            );
            unless_gone(fs::remove_file(oldest))?;
        }
        Ok(())
    }

    /// Sends what is due, each notifier for itself and in the order of the notices. Returns how long the rest may
    /// wait; none if nothing is left for these notifiers.
    pub(super) async fn deliver(&self, watches: &[Watch], until: Option<Instant>) -> Option<Duration> {
        match self.locked(watches, until).await {
            Ok(rest) => rest,
            Err(error) => {
                tracing::error!("{}: the outbox cannot be used: {error}", self.dir.display());
                Some(LONGEST_PAUSE)
            }
        }
    }

    async fn locked(&self, watches: &[Watch], until: Option<Instant>) -> io::Result<Option<Duration>> {
        if self.names()?.is_empty() {
            return Ok(None);
        }
        let Some(_lock) = self.lock()? else {
            tracing::debug!("another process is sending what is in the outbox");
            return Ok(Some(FIRST_PAUSE));
        };
        let mut queues: BTreeMap<String, Vec<(PathBuf, Letter)>> = BTreeMap::new();
        for (path, letter) in self.letters()? {
            queues.entry(letter.notifier.clone()).or_default().push((path, letter));
        }
        let work = queues.into_iter().map(|(notifier, queue)| async move {
            let watch = watches.iter().find(|watch| watch.name == notifier);
            self.work(watch, queue, until).await
        });
        let rests = join_all(work).await;
        let now = Timestamp::now();
        Ok(rests.into_iter().flatten().min().map(|at| elapsed(now, at)))
    }

    /// Works one notifier's letters. A letter to a notifier that these settings do not have may be another
    /// process's to send; it waits until it is too old.
    async fn work(
        &self,
        watch: Option<&Watch>,
        queue: Vec<(PathBuf, Letter)>,
        until: Option<Instant>,
    ) -> Option<Timestamp> {
        for (path, mut letter) in queue {
            if let Some(why) = letter.hopeless(Timestamp::now()) {
                give_up(&path, &letter, why);
                continue;
            }
            let watch = watch?;
            match attempt(watch, &path, &mut letter, until).await {
                Next::GoOn => {}
                Next::Rest(at) => return Some(at),
            }
        }
        None
    }

    /// The lock, unless somebody else has it.
    fn lock(&self) -> io::Result<Option<File>> {
        try_lock(open_to_append(&self.dir.join("lock"))?)
    }

    /// The letters' files, the oldest first.
    fn names(&self) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let path = entry?.path();
            names.extend(Some(path).filter(|path| path.extension().is_some_and(|end| end == LETTER)));
        }
        names.sort();
        Ok(names)
    }

    /// Every letter that can be read; the others are put aside.
    fn letters(&self) -> io::Result<Vec<(PathBuf, Letter)>> {
        let mut letters = Vec::new();
        for path in self.names()? {
            match read(&path) {
                Ok(letter) => letters.push((path, letter)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    tracing::error!("{}: no notice can be read from it: {error}", path.display());
                    unless_gone(fs::rename(&path, path.with_extension(UNREADABLE)))?;
                }
            }
        }
        Ok(letters)
    }
}

impl Letter {
    /// Why it is not tried any more, if so.
    fn hopeless(&self, now: Timestamp) -> Option<&'static str> {
        if elapsed(self.queued, now) > OLDEST {
            return Some("it is older than a day");
        }
        (self.tries >= MOST_TRIES).then_some("it was tried too often")
    }

    /// When it may be tried; a clock that was set back puts off nothing beyond the longest pause.
    fn due(&self, now: Timestamp) -> Option<Timestamp> {
        (self.not_before > now).then(|| self.not_before.min(after(now, LONGEST_PAUSE)))
    }
}

/// Sends one letter, and sees to its file.
async fn attempt(watch: &Watch, path: &Path, letter: &mut Letter, until: Option<Instant>) -> Next {
    let now = Timestamp::now();
    if let Some(due) = letter.due(now) {
        return Next::Rest(due);
    }
    if until.is_some_and(|until| until <= Instant::now()) {
        return Next::Rest(now);
    }
    let patience = Instant::now() + PATIENCE;
    let deadline = until.map_or(patience, |until| until.min(patience));
    let late = Err(Undelivered::failed("there was no answer in time"));
    match timeout_at(deadline, watch.notifier.notify(&letter.notice)).await.unwrap_or(late) {
        Ok(()) => {
            tracing::info!("notifier {:?} was told: {}", watch.name, letter.notice.title);
            remove(path);
        }
        Err(Undelivered::Refused(why)) => give_up(path, letter, &why),
        Err(Undelivered::Failed { why, retry_after }) => {
            letter.tries += 1;
            let pause = pause(letter.tries).max(retry_after.unwrap_or_default()).min(LONGEST_PAUSE);
            letter.not_before = after(Timestamp::now(), pause);
            put_off(path, letter, &why);
            return Next::Rest(letter.not_before);
        }
    }
    Next::GoOn
}

fn put_off(path: &Path, letter: &Letter, why: &str) {
    let Letter { notifier, notice, tries, not_before, .. } = letter;
    tracing::warn!(
        "notifier {notifier:?} could not be told {:?}: {why}; try {tries} of {MOST_TRIES}, the next after {not_before}",
        notice.title
    );
    if let Err(error) = write(path, letter) {
        tracing::error!("{}: that it failed cannot be written: {error}", path.display());
    }
}

fn give_up(path: &Path, letter: &Letter, why: &str) {
    let (notifier, title) = (&letter.notifier, &letter.notice.title);
    tracing::error!("notifier {notifier:?} will not be told {title:?}: {why}");
    remove(path);
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::error!("{}: it cannot be removed and will be sent again: {error}", path.display());
    }
}

/// Another process may have given a letter up to make room, or sent it.
fn unless_gone(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// The pause after so many failures.
fn pause(tries: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(LONGEST_PAUSE)
}

fn after(now: Timestamp, pause: Duration) -> Timestamp {
    let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
    now.saturating_add(pause).unwrap_or(Timestamp::MAX)
}

fn read(path: &Path) -> io::Result<Letter> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

fn write(path: &Path, letter: &Letter) -> io::Result<()> {
    replace(path, &serde_json::to_vec(letter)?, Durability::Cache)
}

#[cfg(test)]
mod tests;
