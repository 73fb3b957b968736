//! Where a value came from: what `check` shows beside every value.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// The place a value was taken from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nobody wrote it; loadscale's own default.
    Default,
    /// A line of a settings file.
    File {
        /// The file as it was named.
        path: Arc<Path>,
        /// Counted from 1.
        line: usize,
    },
    /// An environment variable, by name.
    Variable(String),
    /// The source of the credentials, which it belongs to.
    Credentials(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { path, line } => write!(f, "{}:{line}", path.display()),
            Origin::Variable(name) => write!(f, "${name}"),
            Origin::Credentials(source) => f.write_str(source),
        }
    }
}

/// Where each key was written, by its full name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Origins(BTreeMap<String, Origin>);

impl Origins {
    /// A later layer replaces an earlier one.
    pub(super) fn record(&mut self, key: &str, origin: Origin) {
        self.0.insert(key.to_owned(), origin);
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    pub(super) fn of(&self, key: &str) -> Origin {
        self.0.get(key).cloned().unwrap_or(Origin::Default)
    }

    #[cfg(test)]
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn is_variable(&self, key: &str) -> bool {
        matches!(self.0.get(key), Some(Origin::Variable(_)))
    }

    /// Where the key was written, or else the innermost table that would hold it.
    pub(super) fn nearest(&self, key: &str) -> Option<Origin> {
        let mut key = key;
        loop {
            if let Some(origin) = self.0.get(key) {
                return Some(origin.clone());
            }
            key = &key[..key.rfind('.')?];
        }
    }
}

/// One resolved value, for the table of `check`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The full name of the key, as it would be written in the file.
    pub key: String,
    /// The value in force.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

/// Collects the rows of one table of settings.
pub(super) struct Rows<'a> {
    origins: &'a Origins,
    rows: Vec<Row>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(origins: &'a Origins) -> Self {
        Rows { origins, rows: Vec::new() }
    }

    pub(super) fn add(&mut self, key: String, value: impl fmt::Display) {
        let origin = self.origins.of(&key);
        self.rows.push(Row { key, value: value.to_string(), origin });
    }

    /// A value that has a short form: the row bears the name it was written under.
    pub(super) fn add_either(&mut self, long: String, short: String, value: impl fmt::Display) {
        self.add(if self.origins.has(&short) { short } else { long }, value);
    }

    /// A value without a default: no row if there is none.
    pub(super) fn add_some(&mut self, key: String, value: Option<impl fmt::Display>) {
        if let Some(value) = value {
            self.add(key, value);
        }
    }

    pub(super) fn finish(self) -> Vec<Row> {
        self.rows
    }
}
