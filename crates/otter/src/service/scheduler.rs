//! What the operator does with the schedules of all tenants: stops them, and starts them again. Nothing is
//! lost meanwhile: what was due is run late.

use crate::app::App;
use crate::error::Error;

/// Has no schedule run until [`reset`] or the next start of the service.
pub fn stop(app: &App) {
    app.scheduler().stop();
    tracing::warn!("schedules are stopped until they are reset or the service starts again");
}

/// Has schedules run again, those that were set aside included. Returns whether the path is another than
/// the last one; with the same nothing happens.
///
/// # Errors
/// When the store is not available.
pub async fn reset(app: &App, path: &str) -> Result<bool, Error> {
    if app.scheduler().is_at(path) {
        return Ok(false);
    }
    app.change(|rows| Box::pin(async move { Ok(rows.take_policies_up().await?) })).await?;
    app.scheduler().start(path);
    app.ring();
    tracing::info!(path, "schedules are run from here");
    Ok(true)
}
