//! The one writer: takes jobs in turn and commits those that wait for it together, so that many changes
//! cost one wait for the disk.

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
        let failure = commit(&pool, work).await.err().map(|error| error.to_string());
        if let Some(failure) = &failure {
            tracing::error!(error = failure, changes = answers.len(), "a commit failed");
        }
        for answer in answers {
            // Nobody waits any more if the connection was closed; the change stands all the same.
            let _ = answer.send(match &failure {
                None => Ok(()),
                Some(failure) => Err(StoreError::new(failure.clone())),
            });
        }
    }
}

async fn commit(pool: &SqlitePool, jobs: Vec<Job>) -> Result<()> {
    let mut session = Session(pool.acquire().await?);
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *session.0).await?;
    let mut result = Ok(());
    for job in jobs {
        result = job(&mut session).await;
        if result.is_err() {
            break;
        }
    }
    if result.is_ok() {
        result = sqlx::query("COMMIT").execute(&mut *session.0).await.map(|_| ()).map_err(Into::into);
    }
    if result.is_err() && sqlx::query("ROLLBACK").execute(&mut *session.0).await.is_err() {
        // A connection whose state is unknown is not used again.
        session.0.detach().close().await?;
    }
    result
}
