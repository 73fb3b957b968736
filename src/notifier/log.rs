//! Notices in the log, at the level that each has.

use async_trait::async_trait;

use super::{Notice, Notifier, Undelivered};
use crate::model::Severity;

/// Tells whoever reads the log.
pub struct Log;

#[async_trait]
impl Notifier for Log {
    fn is_instant(&self) -> bool {
        true
    }

    async fn notify(&self, notice: &Notice) -> Result<(), Undelivered> {
        let Notice { group, title, next_step, condition, .. } = notice;
        match notice.level {
            Severity::Error => tracing::error!(group, %condition, "{title}. Next step: {next_step}"),
            Severity::Warning => tracing::warn!(group, %condition, "{title}. Next step: {next_step}"),
            Severity::Info => tracing::info!(group, %condition, "{title}. Next step: {next_step}"),
        }
        Ok(())
    }
}
