//! Rows across groups in SQLite: what is due, what is idle, what is on its way out, how much there is.

use async_trait::async_trait;
use jiff::Timestamp;

use super::groups::{GroupRow, select_group};
use super::{Session, instant, micros};
use crate::model::{Group, GroupKey, Status};
use crate::store::{Duties, Idle, Result, Totals};

fn keys(rows: Vec<(String, String)>) -> Vec<GroupKey> {
    rows.into_iter().map(|(tenant, group)| GroupKey { tenant, group }).collect()
}

#[async_trait]
impl Duties for Session {
    async fn due_groups(&mut self, now: Timestamp) -> Result<Vec<GroupKey>> {
        let rows = sqlx::query_as("SELECT tenant, id FROM groups WHERE due <= $1 ORDER BY due")
            .bind(micros(now))
            .fetch_all(&mut *self.0)
            .await?;
        Ok(keys(rows))
    }

    async fn hasten_groups(&mut self, now: Timestamp) -> Result<()> {
        // A group that something hinders keeps its pause: what changed is seldom what it waits for, and may be its
        // own doing.
        sqlx::query("UPDATE groups SET due = $1 WHERE due > $1 AND errors = '[]'")
            .bind(micros(now))
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

    async fn try_writing(&mut self) -> Result<()> {
        // The page with the header is written even when the number stays what it was.
        let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *self.0).await?;
        let again = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {version}"));
        sqlx::query(again).execute(&mut *self.0).await?;
        Ok(())
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
