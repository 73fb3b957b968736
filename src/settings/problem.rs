//! What is wrong with what the user wrote: each fault with its place, its key and what mends it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::origin::{Origin, Origins};

/// One fault in the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it was written; nowhere for something that is missing altogether.
    pub origin: Origin,
    /// The full name of the key, such as `group[0].scale_up_above`; empty for a fault of the whole file.
    pub key: String,
    /// The value as written, unless it could be a secret.
    pub value: Option<String>,
    /// What is wrong and what to write instead.
    pub fault: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if !self.key.is_empty() {
            f.write_str(&self.key)?;
            if let Some(value) = &self.value {
                write!(f, " = {value}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.fault)
    }
}

/// Every fault found in one set of settings, in the order of the file. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("there is a problem in the settings:")?,
            n => write!(f, "there are {n} problems in the settings:")?,
        }
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// What the checks of one load found so far: where every key was written, and every fault.
pub(super) struct Report {
    file: Arc<Path>,
    problems: Vec<Problem>,
    /// Where each key was written, faulty ones included.
    pub(super) origins: Origins,
}

impl Report {
    pub(super) fn new(file: &Path) -> Self {
        Report { file: file.into(), problems: Vec::new(), origins: Origins::default() }
    }

    pub(super) fn line(&self, line: usize) -> Origin {
        Origin::File { path: Arc::clone(&self.file), line }
    }

    pub(super) fn add(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Tells a fault of a key where that key, or else the table around it, was written.
    pub(super) fn tell(&mut self, key: &str, value: Option<String>, fault: impl Into<String>) {
        let origin = self.origins.nearest(key).unwrap_or_else(|| self.line(1));
        self.add(Problem { origin, key: key.to_owned(), value, fault: fault.into() });
    }

    /// The origins if all is well, else every fault.
    pub(super) fn finish(mut self) -> Result<Origins, Problems> {
        if self.problems.is_empty() {
            return Ok(self.origins);
        }
        self.problems.sort_by(|a, b| a.origin.cmp(&b.origin).then_with(|| a.key.cmp(&b.key)));
        Err(Problems(self.problems))
    }
}
