//! The embedded database: SQLite in WAL mode, synced at every commit, with one writer that lets the
//! changes which wait for the disk share a commit.

mod duties;
mod groups;
mod history;
mod inspect;
mod policies;
mod webhooks;
mod writer;

use std::fs::{File, TryLockError};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::{Job, Result, Rows, Store, StoreError};
pub use inspect::Inspection;
use writer::Writer;

/// The schema, step by step.
pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Connections for reading beside the one for writing.
const READERS: u32 = 4;
/// How long another process (`otter migrate`, a backup) may hold the database.
const BUSY: Duration = Duration::from_secs(5);

/// Whether a commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// It does: what was acknowledged survives a power cut.
    Full,
    /// It does not: for sandboxes and tests.
    Off,
}

/// A SQLite database.
pub struct Sqlite {
    readers: SqlitePool,
    write: SqlitePool,
    writer: Writer,
    /// Held as long as the database is open.
    _lock: Option<File>,
}

/// A connection with the row operations.
pub(super) struct Session(PoolConnection<sqlx::Sqlite>);

impl Sqlite {
    /// Opens the database that a URL such as `sqlite:otter.db` or `sqlite::memory:` names, makes it if
    /// it is not there, and brings its schema up to date.
    ///
    /// # Errors
    /// When the URL is not one, the file cannot be opened or is open in another process, or the schema is
    /// newer than this program.
    pub async fn open(url: &str, durability: Durability) -> Result<Self> {
        let options = options(url, durability)?;
        let in_memory = url.contains(":memory:");
        let lock = if in_memory { None } else { Some(lock(options.get_filename())?) };
        let write = pool(options.clone(), 1).await?;
        inspect::schema(&write).await?;
        MIGRATIONS.run(&write).await.map_err(StoreError::new)?;
        // A database in memory belongs to one connection.
        let readers = if in_memory { write.clone() } else { pool(options.read_only(true), READERS).await? };
        let writer = Writer::start(write.clone());
        Ok(Self { readers, write, writer, _lock: lock })
    }
}

/// One process works on one database: two would converge the same groups twice. The system lets go of the
/// lock when the process ends, however it ends.
fn lock(database: &Path) -> Result<File> {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    let file = File::options().create(true).append(true).open(&path).map_err(StoreError::new)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(StoreError::new(format!("another process has {} open", database.display())))
        }
        Err(TryLockError::Error(error)) => Err(StoreError::new(error)),
    }
}

fn options(url: &str, durability: Durability) -> Result<SqliteConnectOptions> {
    let synchronous = match durability {
        Durability::Full => SqliteSynchronous::Full,
        Durability::Off => SqliteSynchronous::Off,
    };
    Ok(SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .busy_timeout(BUSY))
}

async fn pool(options: SqliteConnectOptions, connections: u32) -> Result<SqlitePool> {
    // The connections live as long as the service: one in memory would take its data with it.
    let pool = SqlitePoolOptions::new()
        .max_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false);
    Ok(pool.connect_with(options).await?)
}

#[async_trait]
impl Store for Sqlite {
    async fn read(&self) -> Result<Box<dyn Rows>> {
        Ok(Box::new(Session(self.readers.acquire().await?)))
    }

    async fn write(&self, job: Job) -> Result<()> {
        self.writer.write(job).await
    }

    async fn close(&self) {
        self.writer.stop().await;
        self.readers.close().await;
        self.write.close().await;
    }
}

impl StoreError {
    fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { .. } => Self::Unreadable(error.to_string()),
            error => Self::new(error),
        }
    }
}

/// Of the documents in the columns.
impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}

/// An instant as it is stored.
fn micros(when: Timestamp) -> i64 {
    when.as_microsecond()
}

/// An instant as it was stored.
fn instant(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|error| StoreError::Unreadable(error.to_string()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_embedded_sqlite_is_free_of_the_wal_reset_fault() {
        let store = Sqlite::open("sqlite::memory:", Durability::Full).await.unwrap();
        let version: String =
            sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&store.write).await.unwrap();
        let parts: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
        assert!(parts >= vec![3, 51, 3], "SQLite {version} can corrupt its write-ahead log");
    }

    #[tokio::test]
    async fn a_file_is_written_ahead_and_synced() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("otter.db").display());
        let store = Sqlite::open(&url, Durability::Full).await.unwrap();
        let journal: String =
            sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&store.write).await.unwrap();
        let sync: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&store.write).await.unwrap();
        assert_eq!((journal.as_str(), sync), ("wal", 2));
        let second = Sqlite::open(&url, Durability::Full).await.err().unwrap().to_string();
        assert!(second.contains("another process"), "{second}");
        store.close().await;
        drop(store);
        assert!(Sqlite::open(&url, Durability::Full).await.is_ok());
    }
}
