//! Rows of policies in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::FromRow;

use super::{Session, instant, micros};
use crate::model::{GroupKey, Policy, PolicyKey, Problems, StoredPolicy};
use crate::store::{Page, Policies, Result, StoreError};

#[derive(FromRow)]
struct PolicyRow {
    id: String,
    document: String,
    touched: Option<i64>,
    due: Option<i64>,
}

impl PolicyRow {
    fn read(self) -> Result<StoredPolicy> {
        let document: Value = serde_json::from_str(&self.document)?;
        let mut problems = Problems::default();
        let policy = Policy::read("stored policy", &document, &mut problems);
        Ok(StoredPolicy {
            id: self.id,
            policy: problems
                .settle(policy)
                .map_err(|problems| StoreError::Unreadable(problems.to_string()))?,
            touched: self.touched.map(instant).transpose()?,
            due: self.due.map(instant).transpose()?,
        })
    }
}

/// A policy and one of its times.
type TimedRow = (String, String, String, i64);

fn timed((tenant, group, policy, when): TimedRow) -> Result<(PolicyKey, Timestamp)> {
    Ok((PolicyKey { group: GroupKey { tenant, group }, policy }, instant(when)?))
}

fn text(policy: &Policy) -> String {
    Value::Object(policy.document()).to_string()
}

#[async_trait]
impl Policies for Session {
    async fn policy(&mut self, key: &PolicyKey) -> Result<Option<StoredPolicy>> {
        let row: Option<PolicyRow> = sqlx::query_as(
            "SELECT id, document, touched, due FROM policies \
             WHERE tenant = $1 AND group_id = $2 AND id = $3",
        )
        .bind(&key.group.tenant)
        .bind(&key.group.group)
        .bind(&key.policy)
        .fetch_optional(&mut *self.0)
        .await?;
        row.map(PolicyRow::read).transpose()
    }

    async fn policies(&mut self, key: &GroupKey, page: &Page) -> Result<Vec<StoredPolicy>> {
        let rows: Vec<PolicyRow> = sqlx::query_as(
            "SELECT id, document, touched, due FROM policies \
             WHERE tenant = $1 AND group_id = $2 AND id > $3 ORDER BY id LIMIT $4",
        )
        .bind(&key.tenant)
        .bind(&key.group)
        .bind(&page.after)
        .bind(page.limit)
        .fetch_all(&mut *self.0)
        .await?;
        rows.into_iter().map(PolicyRow::read).collect()
    }

    async fn count_policies(&mut self, key: &GroupKey) -> Result<u64> {
        Ok(sqlx::query_scalar("SELECT COUNT(*) FROM policies WHERE tenant = $1 AND group_id = $2")
            .bind(&key.tenant)
            .bind(&key.group)
            .fetch_one(&mut *self.0)
            .await?)
    }

    async fn insert_policy(&mut self, key: &GroupKey, policy: &StoredPolicy) -> Result<()> {
        sqlx::query("INSERT INTO policies (tenant, group_id, id, document, due) VALUES ($1, $2, $3, $4, $5)")
            .bind(&key.tenant)
            .bind(&key.group)
            .bind(&policy.id)
            .bind(text(&policy.policy))
            .bind(policy.due.map(micros))
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    async fn save_policy(&mut self, key: &GroupKey, policy: &StoredPolicy) -> Result<()> {
        sqlx::query(
            "UPDATE policies SET document = $4, touched = $5, due = $6, set_aside = NULL \
             WHERE tenant = $1 AND group_id = $2 AND id = $3",
        )
        .bind(&key.tenant)
        .bind(&key.group)
        .bind(&policy.id)
        .bind(text(&policy.policy))
        .bind(policy.touched.map(micros))
        .bind(policy.due.map(micros))
        .execute(&mut *self.0)
        .await?;
        Ok(())
    }

    async fn touch_policy(&mut self, key: &PolicyKey, now: Timestamp) -> Result<()> {
        sqlx::query("UPDATE policies SET touched = $4 WHERE tenant = $1 AND group_id = $2 AND id = $3")
            .bind(&key.group.tenant)
            .bind(&key.group.group)
            .bind(&key.policy)
            .bind(micros(now))
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    async fn save_policy_due(&mut self, key: &PolicyKey, due: Option<Timestamp>) -> Result<()> {
        sqlx::query("UPDATE policies SET due = $4 WHERE tenant = $1 AND group_id = $2 AND id = $3")
            .bind(&key.group.tenant)
            .bind(&key.group.group)
            .bind(&key.policy)
            .bind(due.map(micros))
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    async fn remove_policy(&mut self, key: &PolicyKey) -> Result<bool> {
        sqlx::query("DELETE FROM webhooks WHERE tenant = $1 AND group_id = $2 AND policy_id = $3")
            .bind(&key.group.tenant)
            .bind(&key.group.group)
            .bind(&key.policy)
            .execute(&mut *self.0)
            .await?;
        let done = sqlx::query("DELETE FROM policies WHERE tenant = $1 AND group_id = $2 AND id = $3")
            .bind(&key.group.tenant)
            .bind(&key.group.group)
            .bind(&key.policy)
            .execute(&mut *self.0)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    async fn due_policies(&mut self, now: Timestamp, limit: u32) -> Result<Vec<(PolicyKey, Timestamp)>> {
        let rows: Vec<TimedRow> = sqlx::query_as(
            "SELECT tenant, group_id, id, due FROM policies WHERE due <= $1 ORDER BY due LIMIT $2",
        )
        .bind(micros(now))
        .bind(limit)
        .fetch_all(&mut *self.0)
        .await?;
        rows.into_iter().map(timed).collect()
    }

    async fn set_policy_aside(&mut self, key: &PolicyKey, due: Timestamp) -> Result<()> {
        sqlx::query(
            "UPDATE policies SET due = NULL, set_aside = $4 WHERE tenant = $1 AND group_id = $2 AND id = $3",
        )
        .bind(&key.group.tenant)
        .bind(&key.group.group)
        .bind(&key.policy)
        .bind(micros(due))
        .execute(&mut *self.0)
        .await?;
        Ok(())
    }

    async fn policies_set_aside(&mut self) -> Result<Vec<(PolicyKey, Timestamp)>> {
        let rows: Vec<TimedRow> = sqlx::query_as(
            "SELECT tenant, group_id, id, set_aside FROM policies WHERE set_aside IS NOT NULL \
             ORDER BY tenant, group_id, id",
        )
        .fetch_all(&mut *self.0)
        .await?;
        rows.into_iter().map(timed).collect()
    }

    async fn take_policies_up(&mut self) -> Result<()> {
        sqlx::query("UPDATE policies SET due = set_aside, set_aside = NULL WHERE set_aside IS NOT NULL")
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    async fn unschedule(&mut self, key: &GroupKey) -> Result<()> {
        sqlx::query("UPDATE policies SET due = NULL, set_aside = NULL WHERE tenant = $1 AND group_id = $2")
            .bind(&key.tenant)
            .bind(&key.group)
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }
}
