//! One answer a tick: whatever many groups ask for in the same pass is asked for once.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::OnceCell;

use crate::tick::Tick;

/// Answers by key, forgotten when the next tick asks.
pub struct Memo<K, V> {
    answers: Mutex<Answers<K, V>>,
}

/// The answers of one tick; a cell is filled by the first who asks.
struct Answers<K, V> {
    at: Option<Timestamp>,
    by_key: HashMap<K, Arc<OnceCell<V>>>,
}

impl<K: Hash + Eq, V: Clone> Memo<K, V> {
    /// An empty memo.
    pub fn new() -> Memo<K, V> {
        Memo { answers: Mutex::new(Answers { at: None, by_key: HashMap::new() }) }
    }

    /// The answer for `key` in this tick; `ask` is run by the first who wants it, the others wait for it.
    pub async fn get(&self, tick: &Tick, key: K, ask: impl Future<Output = V>) -> V {
        let cell = self.cell(tick, key);
        cell.get_or_init(|| ask).await.clone()
    }

    fn cell(&self, tick: &Tick, key: K) -> Arc<OnceCell<V>> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.at != Some(tick.at) {
            *answers = Answers { at: Some(tick.at), by_key: HashMap::new() };
        }
        Arc::clone(answers.by_key.entry(key).or_default())
    }
}

impl<K: Hash + Eq, V: Clone> Default for Memo<K, V> {
    fn default() -> Self {
        Memo::new()
    }
}
