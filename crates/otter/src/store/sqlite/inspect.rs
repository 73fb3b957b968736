//! A look at a database from outside: what its schema lacks, and whether a service could work with it. Nothing
//! is changed.

use std::fs::File;
use std::path::Path;

use sqlx::SqlitePool;

use super::{Durability, MIGRATIONS, Sqlite, StoreError, options, pool};
use crate::folder;
use crate::store::Result;

/// What was seen of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Whether there is a file; a database in memory has none.
    pub there: bool,
    /// The steps that its schema lacks.
    pub missing: Vec<String>,
    /// Webhooks, whose capabilities are sealed.
    pub webhooks: i64,
}

impl Sqlite {
    /// Looks at the database that a URL names; one that is not there lacks every step.
    ///
    /// # Errors
    /// When the URL is not one, the file or its folder cannot be used, or the schema is not this program's.
    pub async fn inspect(url: &str) -> Result<Inspection> {
        let options = options(url, Durability::Full)?;
        let there = !url.contains(":memory:") && look_at_file(options.get_filename())?;
        if !there {
            return Ok(Inspection { there, missing: missing(&[]), webhooks: 0 });
        }
        let pool = pool(options.create_if_missing(false), 1).await?;
        let seen = look_inside(&pool).await;
        pool.close().await;
        seen
    }
}

/// Whether the file is there; it and its folder have to be writable.
fn look_at_file(path: &Path) -> Result<bool> {
    folder::check_writable(folder::of(path)).map_err(StoreError::new)?;
    let there = path.exists();
    if there {
        File::options().append(true).open(path).map_err(StoreError::new)?;
    }
    Ok(there)
}

async fn look_inside(pool: &SqlitePool) -> Result<Inspection> {
    let missing = schema(pool).await?;
    let webhooks = sqlx::query_scalar("SELECT COUNT(*) FROM webhooks").fetch_one(pool).await;
    Ok(Inspection { there: true, missing, webhooks: or_without_table(webhooks)? })
}

/// The steps that a schema lacks.
///
/// # Errors
/// When it has steps that this program does not know, or knows otherwise.
pub(super) async fn schema(pool: &SqlitePool) -> Result<Vec<String>> {
    let done =
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version");
    let done: Vec<(i64, Vec<u8>)> = or_without_table(done.fetch_all(pool).await)?;
    for (version, checksum) in &done {
        let known = MIGRATIONS.iter().find(|step| step.version == *version);
        let known = known.ok_or_else(|| {
            StoreError::new(format!(
                "its schema has step {version:04}, which this program does not know: a newer otter has worked on \
                 it; use that one, or a copy of the database from before"
            ))
        })?;
        if *known.checksum != **checksum {
            return Err(StoreError::new(format!("step {version:04} of its schema is not this program's")));
        }
    }
    let versions: Vec<i64> = done.iter().map(|(version, _)| *version).collect();
    Ok(missing(&versions))
}

fn missing(done: &[i64]) -> Vec<String> {
    let missing = MIGRATIONS.iter().filter(|step| !done.contains(&step.version));
    missing.map(|step| format!("{:04} {}", step.version, step.description)).collect()
}

/// Nothing, where the table is not there yet.
fn or_without_table<T: Default>(result: std::result::Result<T, sqlx::Error>) -> Result<T> {
    match result {
        Err(sqlx::Error::Database(error)) if error.message().contains("no such table") => Ok(T::default()),
        result => Ok(result?),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_database_that_is_not_there_lacks_every_step_and_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("otter.db");
        let seen = Sqlite::inspect(&format!("sqlite:{}", path.display())).await.unwrap();
        assert_eq!((seen.there, seen.missing.len(), seen.webhooks), (false, MIGRATIONS.iter().count(), 0));
        assert!(seen.missing[0].starts_with("0001 start"), "{seen:?}");
        assert!(!path.exists());
        let nowhere = format!("sqlite:{}", folder.path().join("nowhere/otter.db").display());
        let error = Sqlite::inspect(&nowhere).await.unwrap_err().to_string();
        assert!(error.contains("nowhere"), "{error}");
    }

    #[tokio::test]
    async fn the_schema_of_a_newer_program_is_neither_good_nor_opened() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("otter.db").display());
        let store = Sqlite::open(&url, Durability::Full).await.unwrap();
        assert_eq!(Sqlite::inspect(&url).await.unwrap().missing, Vec::<String>::new());
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                     VALUES (9999, 'later', TRUE, x'00', 0)";
        sqlx::query(newer).execute(&store.write).await.unwrap();
        let seen = Sqlite::inspect(&url).await.unwrap_err().to_string();
        assert!(seen.contains("step 9999") && seen.contains("newer otter"), "{seen}");
        crate::store::Store::close(&store).await;
        drop(store);
        let opened = Sqlite::open(&url, Durability::Full).await.err().unwrap().to_string();
        assert_eq!(opened, seen);
    }
}
