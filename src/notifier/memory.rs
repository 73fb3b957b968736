//! A notifier for tests: it keeps what it was told, and can be made to fail.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Notice, Notifier, Undelivered};

/// Keeps notices in the process; its clones share them.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    told: Vec<Notice>,
    failures: VecDeque<Undelivered>,
}

impl Memory {
    /// Everything it took, in order.
    pub fn told(&self) -> Vec<Notice> {
        self.kept().told.clone()
    }

    /// Has it not take the next notice.
    pub fn fail_next(&self, failure: Undelivered) {
        self.kept().failures.push_back(failure);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Notifier for Memory {
    async fn notify(&self, notice: &Notice) -> Result<(), Undelivered> {
        let mut kept = self.kept();
        match kept.failures.pop_front() {
            Some(failure) => Err(failure),
            None => {
                kept.told.push(notice.clone());
                Ok(())
            }
        }
    }
}
