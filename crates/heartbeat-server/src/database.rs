//! The database: one random row read from a table of our own.

use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rand::Rng;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{PgPool, SqlitePool};
use tokio::sync::OnceCell;
use url::Url;

/// Rows from 1 to this; a read of one by its key goes through the index to a page, as those of an application do.
const ROWS: i32 = 1000;
/// As many as an application of a few workers holds.
const CONNECTIONS: u32 = 5;

const CREATE: &str = "CREATE TABLE IF NOT EXISTS heartbeat (id INTEGER PRIMARY KEY, words TEXT NOT NULL)";
/// Rows that are there stay as they are.
const FILL: &str = "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < $1) \
    INSERT INTO heartbeat (id, words) SELECT id, 'Beat' FROM n WHERE true ON CONFLICT DO NOTHING";
const READ: &str = "SELECT words FROM heartbeat WHERE id = $1";

/// A pool, and whether its table is known to be there. Connections are made by beats, and anew after they were lost.
pub(crate) struct Database {
    pool: Pool,
    table: OnceCell<()>,
}

enum Pool {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

impl Database {
    pub(crate) fn open(url: &Url, patience: Duration) -> Result<Database> {
        let pool = match url.scheme() {
            "postgres" | "postgresql" => {
                let options = PgConnectOptions::from_str(url.as_str())?;
                let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(patience);
                Pool::Postgres(pool.connect_lazy_with(options))
            }
            "sqlite" => {
                let options = SqliteConnectOptions::from_str(url.as_str())?.create_if_missing(true);
                let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(patience);
                Pool::Sqlite(pool.connect_lazy_with(options))
            }
            other => bail!("{other}:// is not known here; write postgres://user@host/name or sqlite://path"),
        };
        Ok(Database { pool, table: OnceCell::new() })
    }

    pub(crate) async fn attempt(&self) -> Result<()> {
        self.table.get_or_try_init(|| self.make_table()).await?;
        let id = rand::rng().random_range(1..=ROWS);
        let words = self.read(id).await?;
        ensure!(
            words.is_some(),
            "the table heartbeat has no row {id}; drop it, and start anew to have it made"
        );
        Ok(())
    }

    async fn read(&self, id: i32) -> Result<Option<String>, sqlx::Error> {
        match &self.pool {
            Pool::Postgres(pool) => sqlx::query_scalar(READ).bind(id).fetch_optional(pool).await,
            Pool::Sqlite(pool) => sqlx::query_scalar(READ).bind(id).fetch_optional(pool).await,
        }
    }

    /// Once in a process, at the first beat that gets through. A table that is there already stays as it is: who
    /// beats need not have the right to make tables.
    async fn make_table(&self) -> Result<()> {
        if matches!(self.read(ROWS).await, Ok(Some(_))) {
            return Ok(());
        }
        let made = async {
            match &self.pool {
                Pool::Postgres(pool) => {
                    sqlx::query(CREATE).execute(pool).await?;
                    sqlx::query(FILL).bind(ROWS).execute(pool).await.map(drop)
                }
                Pool::Sqlite(pool) => {
                    sqlx::query(CREATE).execute(pool).await?;
                    sqlx::query(FILL).bind(ROWS).execute(pool).await.map(drop)
                }
            }
        };
        made.await.context("the table heartbeat cannot be made")
    }
}
