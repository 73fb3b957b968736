//! What a cloud need not be asked twice: ids by name, and the flavors of servers. A cache, never the truth.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::files;

/// Facts by key, kept in a file from one process to the next.
pub struct Known {
    path: Option<PathBuf>,
    facts: Mutex<Facts>,
}

#[derive(Default)]
struct Facts {
    by_key: BTreeMap<String, String>,
    changed: bool,
}

impl Known {
    /// What the file at `path` holds; nothing, if it holds nothing of use. Without a path, in memory only.
    pub fn open(path: Option<PathBuf>) -> Known {
        let text = path.as_ref().and_then(|path| fs::read(path).ok());
        let by_key = text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        Known { path, facts: Mutex::new(Facts { by_key, changed: false }) }
    }

    /// The fact of this kind and key.
    pub fn get(&self, kind: &str, key: &str) -> Option<String> {
        self.with(|facts| facts.by_key.get(&name(kind, key)).cloned())
    }

    /// Remembers a fact.
    pub fn put(&self, kind: &str, key: &str, value: &str) {
        self.with(|facts| {
            let before = facts.by_key.insert(name(kind, key), value.to_owned());
            facts.changed |= before.as_deref() != Some(value);
        });
    }

    /// Forgets a fact that turned out to be wrong.
    pub fn forget(&self, kind: &str, key: &str) {
        self.with(|facts| facts.changed |= facts.by_key.remove(&name(kind, key)).is_some());
    }

    /// Writes what changed. A file that cannot be written costs requests, nothing else.
    pub fn save(&self) {
        let Some(path) = &self.path else { return };
        let text = self.with(|facts| {
            let changed = std::mem::take(&mut facts.changed);
            changed.then(|| serde_json::to_vec(&facts.by_key).unwrap_or_default())
        });
        let Some(text) = text else { return };
        if let Err(error) = files::replace(path, &text, files::Durability::Cache) {
            tracing::warn!("{}: names will be looked up again: {error}", path.display());
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Facts) -> T) -> T {
        work(&mut self.facts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn name(kind: &str, key: &str) -> String {
    format!("{kind}/{key}")
}
