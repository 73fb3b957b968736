//! The settings of a Python file, each by the type it should have.

use super::draft::Draft;
use super::python::{Assigned, Assignments, Literal};

/// A Python settings file, and what its settings' names begin with.
pub(super) struct Source {
    assignments: Assignments,
    prefix: &'static str,
}

/// A setting that has a default.
pub(super) struct Setting<T> {
    pub(super) value: T,
    /// Its name in the file, for a comment, and whether it is there.
    pub(super) from: String,
}

impl Source {
    pub(super) fn new(assignments: Assignments, prefix: &'static str) -> Source {
        Source { assignments, prefix }
    }

    /// A setting's whole name in the file.
    pub(super) fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Whether the file assigns a setting at all, `None` included.
    pub(super) fn has(&self, name: &str) -> bool {
        self.assignments.of(&self.name(name)).is_some()
    }

    /// Every name of a setting that the file assigns, as it stands there.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.assignments.all().map(|assigned| assigned.name.as_str());
        let is_setting = |name: &&str| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || matches!(c, '_' | '0'..='9'))
        };
        names.filter(is_setting).filter(|name| name.starts_with(self.prefix))
    }

    /// The value of a setting as `wanted` takes it; `what` says what that is. `None` in the file is the same as
    /// nothing. A value that cannot be taken is a problem.
    pub(super) fn value<T>(
        &self,
        name: &str,
        what: &str,
        draft: &mut Draft,
        wanted: impl FnOnce(&Literal) -> Option<T>,
    ) -> Option<T> {
        let Assigned { name, line, value } = self.assignments.of(&self.name(name))?;
        let Some(value) = value else {
            let fault = format!(
                "{name} is not written out, or depends on something else, and nothing in the file is executed; write \
                 {what} in its place, not inside any other statement"
            );
            draft.problem(Some(*line), fault);
            return None;
        };
        let taken = wanted(value);
        if taken.is_none() && *value != Literal::None {
            draft.problem(Some(*line), format!("{name} must be {what}"));
        }
        taken
    }

    /// A setting without the prefix, such as Django's own.
    pub(super) fn plain(&self, name: &str) -> Option<&Literal> {
        self.assignments.of(name)?.value.as_ref()
    }

    /// The same with the program's own default where the file has none.
    pub(super) fn or_default<T>(&self, name: &str, value: Option<T>, default: T) -> Setting<T> {
        let from = match value {
            Some(_) => self.name(name),
            None => format!("{}, by default", self.name(name)),
        };
        Setting { value: value.unwrap_or(default), from }
    }

    /// A whole number of at least `least`.
    pub(super) fn count(&self, name: &str, least: u32, draft: &mut Draft) -> Option<u32> {
        let what = format!("a whole number of at least {least}");
        self.value(name, &what, draft, |value| count(value).filter(|count| *count >= least))
    }

    /// A number of at least zero.
    pub(super) fn number(&self, name: &str, draft: &mut Draft) -> Option<f64> {
        self.value(name, "a number of at least 0", draft, |value| {
            let number = match value {
                Literal::Integer(number) => *number as f64,
                Literal::Float(number) => *number,
                _ => return None,
            };
            Some(number).filter(|number| *number >= 0.0)
        })
    }

    pub(super) fn flag(&self, name: &str, default: bool, draft: &mut Draft) -> bool {
        let flag = self.value(name, "True or False", draft, |value| match value {
            Literal::Flag(flag) => Some(*flag),
            _ => None,
        });
        flag.unwrap_or(default)
    }

    pub(super) fn text(&self, name: &str, draft: &mut Draft) -> Option<String> {
        self.value(name, "a text in quotes", draft, text)
    }
}

/// A whole number that a limit can be.
pub(super) fn count(value: &Literal) -> Option<u32> {
    match value {
        Literal::Integer(number) => u32::try_from(*number).ok(),
        _ => None,
    }
}

/// A text that is not blank.
pub(super) fn text(value: &Literal) -> Option<String> {
    match value {
        Literal::Text(text) if !text.trim().is_empty() => Some(text.clone()),
        _ => None,
    }
}
