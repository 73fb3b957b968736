//! Rows of groups in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::value::RawValue;
use sqlx::FromRow;
use sqlx::sqlite::SqliteRow;

use super::{Session, instant, micros};
use crate::converge::Known;
use crate::model::state::{ActiveServer, Progress};
use crate::model::{Group, GroupConfig, GroupKey, Launch, Status};
use crate::store::{Groups, Page, Result, Shown, StoreError};

/// The columns of [`GroupRow`], in one place; the statements below are put together at compile time.
macro_rules! select_group {
    ($rest:literal) => {
        concat!(
            "SELECT tenant, id, name, cooldown, min_entities, max_entities, desired, touched, paused, \
             suspended, deleting, status, errors, active, wanted, due, retries, failures, metadata ",
            $rest
        )
    };
}
pub(super) use select_group;

#[derive(FromRow)]
pub(super) struct GroupRow {
    tenant: String,
    id: String,
    name: String,
    cooldown: u32,
    min_entities: u32,
    max_entities: u32,
    desired: i64,
    touched: Option<i64>,
    paused: bool,
    suspended: bool,
    deleting: bool,
    status: String,
    errors: String,
    active: i64,
    wanted: i64,
    due: Option<i64>,
    retries: u32,
    failures: u32,
    metadata: String,
}

impl GroupRow {
    pub(super) fn read(self) -> Result<Group> {
        Ok(Group {
            key: GroupKey { tenant: self.tenant, group: self.id },
            config: GroupConfig {
                name: self.name,
                cooldown: self.cooldown,
                min_entities: self.min_entities,
                max_entities: self.max_entities,
                metadata: serde_json::from_str(&self.metadata)?,
            },
            desired: self.desired,
            touched: self.touched.map(instant).transpose()?,
            paused: self.paused,
            suspended: self.suspended,
            deleting: self.deleting,
            status: if self.status == Status::Error.word() { Status::Error } else { Status::Active },
            errors: serde_json::from_str(&self.errors)?,
            active: self.active,
            progress: Progress {
                wanted: self.wanted,
                due: self.due.map(instant).transpose()?,
                retries: self.retries,
                failures: self.failures,
            },
        })
    }
}

#[derive(FromRow)]
struct ShownRow {
    #[sqlx(flatten)]
    group: GroupRow,
    servers: String,
}

impl ShownRow {
    fn read(self) -> Result<Shown> {
        Ok((self.group.read()?, RawValue::from_string(self.servers)?))
    }
}

/// One group's row, with more columns or fewer.
async fn row_of<R>(session: &mut Session, select: &'static str, key: &GroupKey) -> Result<Option<R>>
where
    R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
{
    let query = sqlx::query_as(select).bind(&key.tenant).bind(&key.group);
    Ok(query.fetch_optional(&mut *session.0).await?)
}

#[async_trait]
impl Groups for Session {
    async fn group(&mut self, key: &GroupKey) -> Result<Option<Group>> {
        let select = select_group!("FROM groups WHERE tenant = $1 AND id = $2");
        let row: Option<GroupRow> = row_of(self, select, key).await?;
        row.map(GroupRow::read).transpose()
    }

    async fn group_shown(&mut self, key: &GroupKey) -> Result<Option<Shown>> {
        let select = select_group!(", servers FROM groups WHERE tenant = $1 AND id = $2");
        let row: Option<ShownRow> = row_of(self, select, key).await?;
        row.map(ShownRow::read).transpose()
    }

    async fn groups_shown(&mut self, tenant: &str, page: &Page) -> Result<Vec<Shown>> {
        let rows: Vec<ShownRow> = sqlx::query_as(select_group!(
            ", servers FROM groups WHERE tenant = $1 AND id > $2 AND NOT deleting ORDER BY id LIMIT $3"
        ))
        .bind(tenant)
        .bind(&page.after)
        .bind(page.limit)
        .fetch_all(&mut *self.0)
        .await?;
        rows.into_iter().map(ShownRow::read).collect()
    }

    async fn launch(&mut self, key: &GroupKey) -> Result<Option<Launch>> {
        let select = "SELECT launch FROM groups WHERE tenant = $1 AND id = $2";
        let row: Option<(String,)> = row_of(self, select, key).await?;
        Ok(row.map(|(text,)| serde_json::from_str(&text)).transpose()?.map(Launch::stored))
    }

    async fn count_groups(&mut self, tenant: &str) -> Result<u64> {
        Ok(sqlx::query_scalar("SELECT COUNT(*) FROM groups WHERE tenant = $1 AND NOT deleting")
            .bind(tenant)
            .fetch_one(&mut *self.0)
            .await?)
    }

    async fn insert_group(&mut self, group: &Group, launch: &Launch, now: Timestamp) -> Result<()> {
        sqlx::query(
            "INSERT INTO groups (tenant, id, name, cooldown, min_entities, max_entities, metadata, desired, \
             status, errors, active, servers, known, wanted, due, created, launch) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '[]', 0, '[]', '[]', $10, $11, $12, $13)",
        )
        .bind(&group.key.tenant)
        .bind(&group.key.group)
        .bind(&group.config.name)
        .bind(group.config.cooldown)
        .bind(group.config.min_entities)
        .bind(group.config.max_entities)
        .bind(serde_json::to_string(&group.config.metadata)?)
        .bind(group.desired)
        .bind(group.status.word())
        .bind(group.progress.wanted)
        .bind(group.progress.due.map(micros))
        .bind(micros(now))
        .bind(serde_json::to_string(launch.document())?)
        .execute(&mut *self.0)
        .await?;
        Ok(())
    }

    async fn save_state(&mut self, group: &Group) -> Result<()> {
        sqlx::query(
            "UPDATE groups SET desired = $3, touched = $4, paused = $5, suspended = $6, deleting = $7, \
             status = $8, errors = $9, wanted = $10, due = $11, retries = $12, failures = $13 \
             WHERE tenant = $1 AND id = $2",
        )
        .bind(&group.key.tenant)
        .bind(&group.key.group)
        .bind(group.desired)
        .bind(group.touched.map(micros))
        .bind(group.paused)
        .bind(group.suspended)
        .bind(group.deleting)
        .bind(group.status.word())
        .bind(serde_json::to_string(&group.errors)?)
        .bind(group.progress.wanted)
        .bind(group.progress.due.map(micros))
        .bind(group.progress.retries)
        .bind(group.progress.failures)
        .execute(&mut *self.0)
        .await?;
        Ok(())
    }

    async fn save_config(&mut self, group: &Group) -> Result<()> {
        sqlx::query(
            "UPDATE groups SET name = $3, cooldown = $4, min_entities = $5, max_entities = $6, metadata = $7 \
             WHERE tenant = $1 AND id = $2",
        )
        .bind(&group.key.tenant)
        .bind(&group.key.group)
        .bind(&group.config.name)
        .bind(group.config.cooldown)
        .bind(group.config.min_entities)
        .bind(group.config.max_entities)
        .bind(serde_json::to_string(&group.config.metadata)?)
        .execute(&mut *self.0)
        .await?;
        Ok(())
    }

    async fn save_launch(&mut self, key: &GroupKey, launch: &Launch) -> Result<bool> {
        let done =
            sqlx::query("UPDATE groups SET launch = $3 WHERE tenant = $1 AND id = $2 AND NOT deleting")
                .bind(&key.tenant)
                .bind(&key.group)
                .bind(serde_json::to_string(launch.document())?)
                .execute(&mut *self.0)
                .await?;
        Ok(done.rows_affected() > 0)
    }

    async fn active_servers(&mut self, key: &GroupKey) -> Result<Vec<ActiveServer>> {
        let select = "SELECT servers FROM groups WHERE tenant = $1 AND id = $2";
        let row: Option<(String,)> = row_of(self, select, key).await?;
        Ok(row.map(|(text,)| serde_json::from_str(&text)).transpose()?.unwrap_or_default())
    }

    async fn known_servers(&mut self, key: &GroupKey) -> Result<Vec<Known>> {
        let select = "SELECT known FROM groups WHERE tenant = $1 AND id = $2";
        let row: Option<(String,)> = row_of(self, select, key).await?;
        Ok(row.map(|(text,)| serde_json::from_str(&text)).transpose()?.unwrap_or_default())
    }

    async fn save_servers(&mut self, key: &GroupKey, active: &[ActiveServer], known: &[Known]) -> Result<()> {
        let count = i64::try_from(active.len()).map_err(StoreError::new)?;
        sqlx::query("UPDATE groups SET active = $3, servers = $4, known = $5 WHERE tenant = $1 AND id = $2")
            .bind(&key.tenant)
            .bind(&key.group)
            .bind(count)
            .bind(serde_json::to_string(active)?)
            .bind(serde_json::to_string(known)?)
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    async fn remove_group(&mut self, key: &GroupKey) -> Result<()> {
        for statement in [
            "DELETE FROM webhooks WHERE tenant = $1 AND group_id = $2",
            "DELETE FROM policies WHERE tenant = $1 AND group_id = $2",
            "DELETE FROM groups WHERE tenant = $1 AND id = $2",
        ] {
            sqlx::query(statement).bind(&key.tenant).bind(&key.group).execute(&mut *self.0).await?;
        }
        Ok(())
    }
}
