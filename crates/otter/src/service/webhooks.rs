//! Commands on webhooks, and what happens when a capability is used.

use uuid::Uuid;

use super::execute::run;
use super::policies;
use crate::app::App;
use crate::error::Error;
use crate::model::{Cause, PolicyKey, Webhook};
use crate::secret;
use crate::store::StoredWebhook;

/// Adds webhooks to a policy, all or none.
///
/// # Errors
/// When the policy is not there or has too many.
pub async fn create(app: &App, key: PolicyKey, webhooks: Vec<Webhook>) -> Result<Vec<StoredWebhook>, Error> {
    let mut new = Vec::new();
    for webhook in webhooks {
        let (id, capability) = (Uuid::new_v4().to_string(), secret::new_capability());
        let sealed = app.sealer().seal(&capability, &id).map_err(Error::Internal)?;
        let stored = StoredWebhook { id, policy: key.policy.clone(), webhook, sealed };
        new.push((stored, secret::capability_hash(&capability)));
    }
    let most = app.settings().limits.max_webhooks_per_policy;
    app.change(move |rows| {
        Box::pin(async move {
            policies::find(rows, &key).await?;
            if rows.count_webhooks(&key).await? + new.len() as u64 > most {
                return Err(Error::WebhooksOverLimit { most });
            }
            for (webhook, hash) in &new {
                rows.insert_webhook(&key, webhook, hash).await?;
            }
            Ok(new.into_iter().map(|(webhook, _)| webhook).collect())
        })
    })
    .await
}

/// Replaces a webhook's name and metadata; its capability stays what it was.
///
/// # Errors
/// When the webhook is not there.
pub async fn replace(app: &App, key: PolicyKey, id: String, webhook: Webhook) -> Result<(), Error> {
    app.change(move |rows| {
        Box::pin(async move {
            policies::find(rows, &key).await?;
            let there = rows.save_webhook(&key, &id, &webhook).await?;
            if there { Ok(()) } else { Err(Error::NoSuchWebhook(id)) }
        })
    })
    .await
}

/// Removes a webhook; its capability executes nothing any more.
///
/// # Errors
/// When the webhook is not there.
pub async fn delete(app: &App, key: PolicyKey, id: String) -> Result<(), Error> {
    app.change(move |rows| {
        Box::pin(async move {
            policies::find(rows, &key).await?;
            let there = rows.remove_webhook(&key, &id).await?;
            if there { Ok(()) } else { Err(Error::NoSuchWebhook(id)) }
        })
    })
    .await
}

/// Executes the policy of a capability. Whoever calls learns nothing: a capability that does not
/// exist and an execution that is refused look like success. Only a call that could not be
/// written down is an error, so that the caller can call again.
///
/// # Errors
/// When the store is not available, or what it has of the policy or its group cannot be read.
pub async fn use_capability(app: &App, capability: &str) -> Result<(), Error> {
    let hash = secret::capability_hash(capability);
    // Looked up without a transaction first, so that guesses do not queue with those who know.
    if app.read().await?.capability(&hash).await?.is_none() {
        return Ok(());
    }
    let clock = app.clock();
    let done = app.command(move |rows| {
        Box::pin(async move {
            let Some((key, webhook_id)) = rows.capability(&hash).await? else { return Ok(()) };
            let cause = Cause::Webhook { policy_id: key.policy.clone(), webhook_id };
            run(rows, &key, cause, None, clock.now()).await
        })
    });
    let done = done.await;
    app.metrics().executed(&done);
    match done {
        Err(error @ (Error::Store(_) | Error::Internal(_))) => Err(error),
        _ => Ok(()),
    }
}
