//! The one writer: takes jobs in turn and commits those that wait for it together, so that many changes
//! cost one wait for the disk.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use sqlx::{Connection, SqlitePool};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::Session;
use crate::store::{Job, Result, StoreError};

/// Jobs that may share a commit.
const MOST_IN_COMMIT: usize = 128;

/// A handle to the writer's task.
pub(super) struct Writer {
    jobs: Mutex<Option<mpsc::UnboundedSender<Queued>>>,
    sender: mpsc::WeakUnboundedSender<Queued>,
    task: Mutex<Option<JoinHandle<()>>>,
}

struct Queued {
    job: Job,
    done: oneshot::Sender<Result<()>>,
}

impl Writer {
    pub(super) fn start(pool: SqlitePool) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let weak = sender.downgrade();
        let task = tokio::spawn(run(pool, receiver));
        Self { jobs: Mutex::new(Some(sender)), sender: weak, task: Mutex::new(Some(task)) }
    }

    pub(super) async fn write(&self, job: Job) -> Result<()> {
        let (done, answer) = oneshot::channel();
        let sender = self.sender.upgrade().ok_or_else(closed)?;
        sender.send(Queued { job, done }).map_err(|_| closed())?;
        drop(sender);
        answer.await.map_err(|_| closed())?
    }

    /// Finishes the jobs that were handed in and ends the task.
    pub(super) async fn stop(&self) {
        self.jobs.lock().await.take();
        if let Some(task) = self.task.lock().await.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the writer of the store ended badly");
        }
    }
}

fn closed() -> StoreError {
    StoreError::new("it is closed")
}

async fn run(pool: SqlitePool, mut jobs: mpsc::UnboundedReceiver<Queued>) {
    while let Some(first) = jobs.recv().await {
        let mut batch = vec![first];
        while batch.len() < MOST_IN_COMMIT
            && let Ok(next) = jobs.try_recv()
        {
            batch.push(next);
        }
        let (work, answers): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|queued| (queued.job, queued.done)).unzip();
        let outcomes = match commit(&pool, work).await {
            Ok(outcomes) => outcomes,
            Err(failure) => {
                let failure = failure.to_string();
                tracing::error!(error = failure, changes = answers.len(), "a commit failed");
                answers.iter().map(|_| Err(StoreError::new(failure.clone()))).collect()
            }
        };
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // Nobody waits any more if the connection was closed; the change stands all the same.
            let _ = answer.send(outcome);
        }
    }
}

/// Commits all that could be done of the jobs, and tells how each went; an error when none was committed.
async fn commit(pool: &SqlitePool, jobs: Vec<Job>) -> Result<Vec<Result<()>>> {
    let mut session = Session(pool.acquire().await?);
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *session.0).await?;
    let result = perform(&mut session, jobs).await;
    if result.is_err() && sqlx::query("ROLLBACK").execute(&mut *session.0).await.is_err() {
        // A connection whose state is unknown is not used again.
        session.0.detach().close().await?;
    }
    result
}

async fn perform(session: &mut Session, jobs: Vec<Job>) -> Result<Vec<Result<()>>> {
    let mut outcomes = Vec::with_capacity(jobs.len());
    for job in jobs {
        outcomes.push(set_apart(session, job).await?);
    }
    sqlx::query("COMMIT").execute(&mut *session.0).await?;
    Ok(outcomes)
}

/// Does one job so that its failure, a panic too, undoes what it wrote itself and nothing of those that share its
/// commit. The outer error is one of the transaction.
async fn set_apart(session: &mut Session, job: Job) -> Result<Result<()>> {
    sqlx::query("SAVEPOINT job").execute(&mut *session.0).await?;
    let done = AssertUnwindSafe(job(session)).catch_unwind().await;
    let outcome = done.unwrap_or_else(|_| Err(StoreError::new("a change panicked")));
    if let Err(error) = &outcome {
        tracing::error!(%error, "a change failed");
        sqlx::query("ROLLBACK TO job").execute(&mut *session.0).await?;
    }
    sqlx::query("RELEASE job").execute(&mut *session.0).await?;
    Ok(outcome)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::{Cause, Change, GroupKey};
    use crate::store::sqlite::{Durability, Sqlite};
    use crate::store::{Rows, Store};

    fn key(group: &str) -> GroupKey {
        GroupKey { tenant: "t".to_owned(), group: group.to_owned() }
    }

    /// A job that notes a line in a group's history, and then ends as it is told.
    fn noting(group: &'static str, ending: fn() -> Result<()>) -> Job {
        let at = Timestamp::UNIX_EPOCH;
        let change =
            Change { at, cause: Cause::Created, from: 0, to: 0, by: None, refused: None, message: None };
        Box::new(move |rows: &mut dyn Rows| {
            Box::pin(async move {
                rows.note(&key(group), &change).await?;
                ending()
            })
        })
    }

    #[tokio::test]
    async fn one_job_that_fails_or_panics_takes_none_of_its_neighbours_along() {
        let store = Sqlite::open("sqlite::memory:", Durability::Full).await.unwrap();
        let jobs = vec![
            noting("first", || Ok(())),
            noting("failing", || Err(StoreError::new("no"))),
            noting("panicking", || panic!("a fault of the program")),
            noting("last", || Ok(())),
        ];
        let outcomes = commit(&store.write, jobs).await.unwrap();
        assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false, true]);
        let mut rows = store.read().await.unwrap();
        for (group, lines) in [("first", 1), ("failing", 0), ("panicking", 0), ("last", 1)] {
            assert_eq!(rows.history(&key(group), i64::MAX, 10).await.unwrap().len(), lines, "{group}");
        }
    }

    #[tokio::test]
    async fn the_writer_outlives_a_panic() {
        let store = Sqlite::open("sqlite::memory:", Durability::Full).await.unwrap();
        assert!(store.write(noting("one", || panic!("a fault of the program"))).await.is_err());
        assert!(store.write(noting("one", || Ok(()))).await.is_ok());
    }
}
