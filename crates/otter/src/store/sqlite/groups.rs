//! Rows of groups in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::value::RawValue;
use sqlx::FromRow;

use super::{Session, instant, micros};
use crate::converge::Known;
use crate::model::state::{ActiveServer, Progress};
use crate::model::{Group, GroupConfig, GroupKey, Launch, Status};
use crate::store::{Groups, Idle, Page, Result, Shown, StoreError, Totals};

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

#[derive(FromRow)]
struct GroupRow {
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
    fn read(self) -> Result<Group> {
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

fn keys(rows: Vec<(String, String)>) -> Vec<GroupKey> {
    rows.into_iter().map(|(tenant, group)| GroupKey { tenant, group }).collect()
}

#[async_trait]
impl Groups for Session {
    async fn group(&mut self, key: &GroupKey) -> Result<Option<Group>> {
        let row: Option<GroupRow> =
            sqlx::query_as(select_group!("FROM groups WHERE tenant = $1 AND id = $2"))
                .bind(&key.tenant)
                .bind(&key.group)
                .fetch_optional(&mut *self.0)
                .await?;
        row.map(GroupRow::read).transpose()
    }

    async fn group_shown(&mut self, key: &GroupKey) -> Result<Option<Shown>> {
        let row: Option<ShownRow> =
            sqlx::query_as(select_group!(", servers FROM groups WHERE tenant = $1 AND id = $2"))
                .bind(&key.tenant)
                .bind(&key.group)
                .fetch_optional(&mut *self.0)
                .await?;
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
        let text: Option<String> =
            sqlx::query_scalar("SELECT launch FROM groups WHERE tenant = $1 AND id = $2")
                .bind(&key.tenant)
                .bind(&key.group)
                .fetch_optional(&mut *self.0)
                .await?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?.map(Launch::stored))
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

    async fn known_servers(&mut self, key: &GroupKey) -> Result<Vec<Known>> {
        let text: Option<String> =
            sqlx::query_scalar("SELECT known FROM groups WHERE tenant = $1 AND id = $2")
                .bind(&key.tenant)
                .bind(&key.group)
                .fetch_optional(&mut *self.0)
                .await?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?.unwrap_or_default())
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

    async fn due_groups(&mut self, now: Timestamp) -> Result<Vec<GroupKey>> {
        let rows = sqlx::query_as("SELECT tenant, id FROM groups WHERE due <= $1 ORDER BY due")
            .bind(micros(now))
            .fetch_all(&mut *self.0)
            .await?;
        Ok(keys(rows))
    }

    async fn hasten_groups(&mut self, now: Timestamp) -> Result<()> {
        // A group in ERROR keeps its growing pause: what changed is seldom what it waits for.
        sqlx::query("UPDATE groups SET due = $1 WHERE due > $1 AND status = $2")
            .bind(micros(now))
            .bind(Status::Active.word())
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    async fn next_due(&mut self, now: Timestamp) -> Result<Option<Timestamp>> {
        let next: Option<i64> = sqlx::query_scalar(
            "SELECT MIN(due) FROM (SELECT MIN(due) AS due FROM groups WHERE due > $1 \
             UNION ALL SELECT MIN(due) AS due FROM policies WHERE due > $1) AS both",
        )
        .bind(micros(now))
        .fetch_one(&mut *self.0)
        .await?;
        next.map(instant).transpose()
    }

    async fn tenants(&mut self) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar("SELECT DISTINCT tenant FROM groups ORDER BY tenant")
            .fetch_all(&mut *self.0)
            .await?)
    }

    async fn idle_groups(&mut self, tenant: &str) -> Result<Vec<Idle>> {
        let rows: Vec<(String, i64, i64, String)> = sqlx::query_as(
            "SELECT id, desired, active, known FROM groups WHERE tenant = $1 AND due IS NULL \
             AND NOT paused AND NOT suspended AND NOT deleting AND status = $2 ORDER BY id",
        )
        .bind(tenant)
        .bind(Status::Active.word())
        .fetch_all(&mut *self.0)
        .await?;
        rows.into_iter()
            .map(|(group, desired, active, known)| {
                let key = GroupKey { tenant: tenant.to_owned(), group };
                Ok(Idle { key, desired, active, known: serde_json::from_str(&known)? })
            })
            .collect()
    }

    async fn deleting_groups(&mut self) -> Result<Vec<Group>> {
        let rows: Vec<GroupRow> =
            sqlx::query_as(select_group!("FROM groups WHERE deleting ORDER BY tenant, id"))
                .fetch_all(&mut *self.0)
                .await?;
        rows.into_iter().map(GroupRow::read).collect()
    }

    async fn totals(&mut self) -> Result<Totals> {
        let (groups, policies, webhooks, errors, deleting) = sqlx::query_as(
            "SELECT (SELECT COUNT(*) FROM groups WHERE NOT deleting), (SELECT COUNT(*) FROM policies), \
             (SELECT COUNT(*) FROM webhooks), (SELECT COUNT(*) FROM groups WHERE status = $1), \
             (SELECT COUNT(*) FROM groups WHERE deleting)",
        )
        .bind(Status::Error.word())
        .fetch_one(&mut *self.0)
        .await?;
        Ok(Totals { groups, policies, webhooks, errors, deleting })
    }
}
