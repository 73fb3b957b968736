//! Who is told what: notifiers, the conditions under which each is told, and an outbox that survives restarts.
//!
//! Reading order: `conditions` finds what is to be told, `notice` and `words` put it into fields and sentences;
//! [`Notices`] takes records in and keeps an `outbox`; [`Postman`] empties it beside the passes. Then a file for each
//! kind: [`console`], [`log`], [`email`], [`webhook`] with its [`template`]s, [`command`], and [`memory`] for tests.

use std::time::Duration;

use async_trait::async_trait;

pub mod command;
mod conditions;
pub mod console;
pub mod email;
pub mod log;
pub mod memory;
mod notice;
mod notices;
mod outbox;
mod postman;
mod ready;
mod remembered;
pub mod template;
pub mod webhook;
mod words;

pub use conditions::Phase;
pub use notice::Notice;
pub use notices::{BUDGET, Notices};
pub use outbox::PATIENCE;
pub use postman::Postman;

use crate::model::Interest;

/// Someone who can be told.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Whether telling takes no time and cannot fail, so that the outbox is of no use.
    fn is_instant(&self) -> bool {
        false
    }

    /// Tells. It may be dropped when its time is up; the notice then counts as not sent, and is sent again.
    ///
    /// # Errors
    /// See [`Undelivered`]; no text of it holds a secret.
    async fn notify(&self, notice: &Notice) -> Result<(), Undelivered>;
}

/// Why a notice was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// It may be taken later.
    #[error("{why}")]
    Failed {
        /// What was asked and what came back.
        why: String,
        /// How long the receiver wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// It will never be taken as it is.
    #[error("{0}")]
    Refused(String),
}

impl Undelivered {
    /// One that may be taken later, whenever that is.
    pub(crate) fn failed(why: impl Into<String>) -> Undelivered {
        Undelivered::Failed { why: why.into(), retry_after: None }
    }
}

/// One `[[notifier]]`: who is told, and what.
pub struct Watch {
    /// Its name in the settings.
    pub name: String,
    /// What it wants to be told.
    pub interest: Interest,
    /// How it is told.
    pub notifier: Box<dyn Notifier>,
}

#[cfg(test)]
mod tests;
