//! Turns: what is done to a group in more than one transaction, with the cloud in between, is done by one
//! caller after the other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use crate::model::GroupKey;

/// The groups that somebody has, or waits for.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<GroupKey, Weak<Turn<()>>>>);

impl Turns {
    /// Waits until nobody else has the group; it is had until what is returned is dropped.
    pub(crate) async fn take(&self, key: &GroupKey) -> OwnedMutexGuard<()> {
        self.of(key).lock_owned().await
    }

    fn of(&self, key: &GroupKey) -> Arc<Turn<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| turn.strong_count() > 0);
        if let Some(turn) = turns.get(key).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::default();
        turns.insert(key.clone(), Arc::downgrade(&turn));
        turn
    }
}
