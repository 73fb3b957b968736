//! Import: settings of programs that loadscale takes the place of, brought over to a settings.toml that does the
//! same, with a list of what changed and why. Text in, text out; nothing of a file is executed.
//!
//! Reading order: [`import`] here (which program is a file of?), `autoscalebot`, `loadscale_py` and `pyrax_cfg` (what
//! each of their settings becomes), `source` (settings of a Python file by type), `draft` (the new file as it
//! grows), `python` (what a Python file assigns).

use std::fmt;

mod autoscalebot;
mod draft;
mod loadscale_py;
mod notices;
mod pyrax_cfg;
pub mod python;
mod source;
#[cfg(test)]
mod tests;

use draft::Draft;
use source::Source;

/// A file to bring over.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// What it is called in messages.
    pub name: &'a str,
    /// What stands in it.
    pub text: &'a str,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// A settings.toml, its changes at the top of it.
    pub settings: String,
    /// What is not as it was, and why.
    pub changes: Vec<String>,
    /// Whether there is a group in it; without one it is only the beginning of settings.
    pub has_group: bool,
}

/// Something in a file that cannot be brought over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file's name.
    pub file: String,
    /// The line, from 1; none if it is of the whole file.
    pub line: Option<usize>,
    /// What is wrong and what to write instead. Never holds a secret.
    pub fault: String,
}

/// Every problem of all files. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

/// Brings `files` over to one settings.toml. Of a `.pyrax.cfg` the environment of that name counts, or else the one
/// that pyrax takes.
///
/// # Errors
/// Everything that cannot be brought over, of all files at once.
pub fn import(files: &[File<'_>], environment: Option<&str>) -> Result<Imported, Problems> {
    let mut draft = Draft::default();
    for file in files {
        draft.begin(file.name);
        match Kind::of(file, &mut draft) {
            Some(Kind::Pyrax) => pyrax_cfg::bring_over(file.text, environment, &mut draft),
            Some(Kind::Autoscalebot(source)) => autoscalebot::bring_over(&source, &mut draft),
            Some(Kind::LoadscalePy(source)) => loadscale_py::bring_over(&source, &mut draft),
            None => {}
        }
    }
    draft.finish()
}

/// Which program a file is of.
enum Kind {
    Pyrax,
    Autoscalebot(Source),
    LoadscalePy(Source),
}

impl Kind {
    fn of(file: &File<'_>, draft: &mut Draft) -> Option<Kind> {
        if pyrax_cfg::is_one(file.text) {
            return Some(Kind::Pyrax);
        }
        let assignments = match python::read(file.text) {
            Ok(assignments) => assignments,
            Err(python::NotPython { line, fault }) => {
                draft.problem(Some(line), format!("this is neither Python nor a .pyrax.cfg: {fault}"));
                return None;
            }
        };
        let has = |name: &str| assignments.of(name).is_some();
        if let Some(prefix) = autoscalebot::prefix(has) {
            return Some(Kind::Autoscalebot(Source::new(assignments, prefix)));
        }
        if loadscale_py::NAMES.iter().any(|name| has(name)) {
            return Some(Kind::LoadscalePy(Source::new(assignments, "")));
        }
        let fault =
            "has no setting of autoscalebot, of loadscale.py or of pyrax in it; name one of their files";
        draft.problem(None, fault);
        None
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.fault),
            None => write!(f, "{}: {}", self.file, self.fault),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings cannot be brought over:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}
