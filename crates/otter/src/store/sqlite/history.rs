//! Rows of history in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Session, micros};
use crate::model::{Change, GroupKey};
use crate::store::{Histories, Result};

#[async_trait]
impl Histories for Session {
    async fn note(&mut self, key: &GroupKey, change: &Change) -> Result<()> {
        sqlx::query("INSERT INTO history (tenant, group_id, at, document) VALUES ($1, $2, $3, $4)")
            .bind(&key.tenant)
            .bind(&key.group)
            .bind(micros(change.at))
            .bind(serde_json::to_string(change)?)
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    async fn history(&mut self, key: &GroupKey, before: i64, limit: u32) -> Result<Vec<(i64, Change)>> {
        let rows: Vec<(i64, String)> = sqlx::query_as(
            "SELECT id, document FROM history WHERE tenant = $1 AND group_id = $2 AND id < $3 \
             ORDER BY id DESC LIMIT $4",
        )
        .bind(&key.tenant)
        .bind(&key.group)
        .bind(before)
        .bind(limit)
        .fetch_all(&mut *self.0)
        .await?;
        rows.into_iter().map(|(id, document)| Ok((id, serde_json::from_str(&document)?))).collect()
    }

    async fn forget(&mut self, before: Timestamp) -> Result<()> {
        sqlx::query("DELETE FROM history WHERE at < $1").bind(micros(before)).execute(&mut *self.0).await?;
        Ok(())
    }
}
