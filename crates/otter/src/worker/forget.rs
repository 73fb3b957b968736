//! Forgetting: lines of history that are older than the settings want are removed now and again.

use std::time::Duration;

use jiff::Timestamp;

use crate::app::App;

/// How often.
const EVERY: Duration = Duration::from_secs(3600);

/// When it is due next.
pub(super) fn next(app: &App) -> Timestamp {
    app.now().saturating_add(EVERY).unwrap_or(Timestamp::MAX)
}

/// Removes what is too old.
pub(super) async fn old_history(app: &App) {
    let oldest = app.now().saturating_sub(app.settings().limits.history).unwrap_or(Timestamp::MIN);
    let done = app.change(move |rows| Box::pin(async move { Ok(rows.forget(oldest).await?) })).await;
    if let Err(error) = done {
        tracing::error!(error = %anyhow::Error::from(error), "old history cannot be removed");
    }
}
