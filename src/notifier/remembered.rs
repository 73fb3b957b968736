//! What each notifier was told of each group: a small file a group, written only when that changes.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use super::conditions::Memory;
use crate::files::{Durability, replace};

/// Memories by the name of the notifier.
pub(super) type Memories = BTreeMap<String, Memory>;

/// A folder of them, for whoever holds the group.
pub(super) struct Remembered {
    dir: PathBuf,
}

impl Remembered {
    /// Kept in `dir`, which is made when first needed.
    pub(super) fn new(dir: PathBuf) -> Remembered {
        Remembered { dir }
    }

    /// What is remembered of a group. If that cannot be read, it is as if nothing had been told yet: too many
    /// notices are better than none.
    pub(super) fn of(&self, group_key: &str) -> Memories {
        let path = self.path(group_key);
        let read = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Memories::new(),
            Err(error) => Err(error.to_string()),
            Ok(text) => serde_json::from_slice(&text).map_err(|error| error.to_string()),
        };
        read.unwrap_or_else(|error| {
            tracing::warn!(
                "{}: what was told before is not known ({error}); it may be told again",
                path.display()
            );
            Memories::new()
        })
    }

    /// Remembers.
    pub(super) fn keep(&self, group_key: &str, memories: &Memories) {
        let path = self.path(group_key);
        let written = serde_json::to_vec(memories)
            .map_err(io::Error::from)
            .and_then(|text| replace(&path, &text, Durability::Cache));
        if let Err(error) = written {
            let path = path.display();
            tracing::error!("{path}: what was told could not be written ({error}); it may be told again");
        }
    }

    fn path(&self, group_key: &str) -> PathBuf {
        self.dir.join(format!("{group_key}.json"))
    }
}
