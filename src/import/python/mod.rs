//! What a Python settings file assigns, as far as it is written out. Nothing is executed: a value is a literal
//! of Python 2 or 3, and anything else is told with its line.

mod literal;
mod token;

pub use literal::Literal;

use literal::value_of;
use token::{Statement, Token, statements};

/// What a file assigns at its top level. Of several assignments to one name the last is there.
#[derive(Debug, Default)]
pub struct Assignments(Vec<Assigned>);

/// One assignment.
#[derive(Debug)]
pub struct Assigned {
    /// To what.
    pub name: String,
    /// The line it begins on, from 1.
    pub line: usize,
    /// What is assigned; none where that is no literal, or not certain to be assigned.
    pub value: Option<Literal>,
}

/// A place where a text cannot be Python.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotPython {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub fault: &'static str,
}

/// Reads every assignment of a name, `NAME = value`. A dictionary with names for keys assigns these too, so
/// that settings may stand in one.
///
/// # Errors
/// The place where the text cannot be Python.
pub fn read(text: &str) -> Result<Assignments, NotPython> {
    let mut assignments = Assignments::default();
    for statement in statements(text)? {
        assignments.take_in(&statement);
    }
    Ok(assignments)
}

impl Assignments {
    /// The assignment to `name`.
    pub fn of(&self, name: &str) -> Option<&Assigned> {
        self.0.iter().find(|assigned| assigned.name == name)
    }

    /// All of them, in the order of the file.
    pub fn all(&self) -> impl Iterator<Item = &Assigned> {
        self.0.iter()
    }

    fn take_in(&mut self, statement: &Statement) {
        let (name, value) = match statement.tokens.as_slice() {
            [Token::Name(name), Token::Sign('='), value @ ..] => (name, value),
            // `NAME += value` and the like: what it comes to is not written out.
            [Token::Name(name), Token::Sign('+' | '-' | '*' | '/' | '|'), Token::Sign('='), ..] => {
                return self.set(name, statement.line, None);
            }
            // `NAME: type = value`
            [Token::Name(name), Token::Sign(':'), typed @ ..] => {
                let Some(equals) = typed.iter().position(|token| *token == Token::Sign('=')) else { return };
                (name, &typed[equals + 1..])
            }
            _ => return,
        };
        // `NAME == value` compares; what is indented depends on something else.
        if value.first() == Some(&Token::Sign('=')) {
            return;
        }
        let value = if statement.indented { None } else { value_of(value) };
        if let Some(Literal::Dict(entries)) = &value {
            for (key, value) in entries {
                if let Literal::Text(key) = key {
                    self.set(key, statement.line, Some(value.clone()));
                }
            }
        }
        self.set(name, statement.line, value);
    }

    fn set(&mut self, name: &str, line: usize, value: Option<Literal>) {
        self.0.retain(|assigned| assigned.name != name);
        self.0.push(Assigned { name: name.to_owned(), line, value });
    }
}

#[cfg(test)]
mod tests;
