//! Rows of webhooks in SQLite.

use async_trait::async_trait;
use sqlx::FromRow;

use super::Session;
use crate::model::{GroupKey, PolicyKey, Webhook};
use crate::store::{Page, Result, StoredWebhook, Webhooks};

#[derive(FromRow)]
struct WebhookRow {
    id: String,
    policy_id: String,
    name: String,
    metadata: String,
    capability_sealed: String,
}

impl WebhookRow {
    fn read(self) -> Result<StoredWebhook> {
        Ok(StoredWebhook {
            id: self.id,
            policy: self.policy_id,
            webhook: Webhook { name: self.name, metadata: serde_json::from_str(&self.metadata)? },
            sealed: self.capability_sealed,
        })
    }
}

#[async_trait]
impl Webhooks for Session {
    async fn webhook(&mut self, key: &PolicyKey, id: &str) -> Result<Option<StoredWebhook>> {
        let row: Option<WebhookRow> = sqlx::query_as(
            "SELECT id, policy_id, name, metadata, capability_sealed FROM webhooks \
             WHERE tenant = $1 AND group_id = $2 AND policy_id = $3 AND id = $4",
        )
        .bind(&key.group.tenant)
        .bind(&key.group.group)
        .bind(&key.policy)
        .bind(id)
        .fetch_optional(&mut *self.0)
        .await?;
        row.map(WebhookRow::read).transpose()
    }

    async fn webhooks(&mut self, key: &PolicyKey, page: &Page) -> Result<Vec<StoredWebhook>> {
        let rows: Vec<WebhookRow> = sqlx::query_as(
            "SELECT id, policy_id, name, metadata, capability_sealed FROM webhooks \
             WHERE tenant = $1 AND group_id = $2 AND policy_id = $3 AND id > $4 ORDER BY id LIMIT $5",
        )
        .bind(&key.group.tenant)
        .bind(&key.group.group)
        .bind(&key.policy)
        .bind(&page.after)
        .bind(page.limit)
        .fetch_all(&mut *self.0)
        .await?;
        rows.into_iter().map(WebhookRow::read).collect()
    }

    async fn webhooks_of_group(&mut self, key: &GroupKey) -> Result<Vec<StoredWebhook>> {
        let rows: Vec<WebhookRow> = sqlx::query_as(
            "SELECT id, policy_id, name, metadata, capability_sealed FROM webhooks \
             WHERE tenant = $1 AND group_id = $2 ORDER BY policy_id, id",
        )
        .bind(&key.tenant)
        .bind(&key.group)
        .fetch_all(&mut *self.0)
        .await?;
        rows.into_iter().map(WebhookRow::read).collect()
    }

    async fn count_webhooks(&mut self, key: &PolicyKey) -> Result<u64> {
        Ok(sqlx::query_scalar(
            "SELECT COUNT(*) FROM webhooks WHERE tenant = $1 AND group_id = $2 AND policy_id = $3",
        )
        .bind(&key.group.tenant)
        .bind(&key.group.group)
        .bind(&key.policy)
        .fetch_one(&mut *self.0)
        .await?)
    }

    async fn insert_webhook(&mut self, key: &PolicyKey, webhook: &StoredWebhook, hash: &str) -> Result<()> {
        sqlx::query(
            "INSERT INTO webhooks (tenant, group_id, policy_id, id, name, metadata, capability_hash, \
             capability_sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&key.group.tenant)
        .bind(&key.group.group)
        .bind(&key.policy)
        .bind(&webhook.id)
        .bind(&webhook.webhook.name)
        .bind(serde_json::to_string(&webhook.webhook.metadata)?)
        .bind(hash)
        .bind(&webhook.sealed)
        .execute(&mut *self.0)
        .await?;
        Ok(())
    }

    async fn save_webhook(&mut self, key: &PolicyKey, id: &str, webhook: &Webhook) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE webhooks SET name = $5, metadata = $6 \
             WHERE tenant = $1 AND group_id = $2 AND policy_id = $3 AND id = $4",
        )
        .bind(&key.group.tenant)
        .bind(&key.group.group)
        .bind(&key.policy)
        .bind(id)
        .bind(&webhook.name)
        .bind(serde_json::to_string(&webhook.metadata)?)
        .execute(&mut *self.0)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    async fn remove_webhook(&mut self, key: &PolicyKey, id: &str) -> Result<bool> {
        let done = sqlx::query(
            "DELETE FROM webhooks WHERE tenant = $1 AND group_id = $2 AND policy_id = $3 AND id = $4",
        )
        .bind(&key.group.tenant)
        .bind(&key.group.group)
        .bind(&key.policy)
        .bind(id)
        .execute(&mut *self.0)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    async fn capability(&mut self, hash: &str) -> Result<Option<(PolicyKey, String)>> {
        let row: Option<(String, String, String, String)> =
            sqlx::query_as("SELECT tenant, group_id, policy_id, id FROM webhooks WHERE capability_hash = $1")
                .bind(hash)
                .fetch_optional(&mut *self.0)
                .await?;
        Ok(row.map(|(tenant, group, policy, webhook)| {
            (PolicyKey { group: GroupKey { tenant, group }, policy }, webhook)
        }))
    }
}
