//! Reading otter.toml: every problem is told at once, each with its line, key, value and remedy.
//!
//! Serde stops at the first problem, so each key is read by itself: a document with that key alone is
//! a whole document, since every key has a default.

use std::fmt;

use serde::Deserialize;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::{Auth, Settings};

/// One thing that is wrong with a settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The line it is in.
    pub line: usize,
    /// What is wrong and what would be right.
    pub what: String,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// Reads the text of a settings file.
///
/// # Errors
/// All that is wrong with it.
pub fn read(text: &str) -> Result<Settings, Vec<Trouble>> {
    let whole: Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        vec![Trouble { line, what: error.message().to_owned() }]
    })?;
    let lines = lines(text);
    let mut troubles: Vec<Trouble> =
        leaves(&whole).into_iter().filter_map(|leaf| check(&leaf, &lines)).collect();
    if troubles.is_empty() {
        let settings = Settings::deserialize(whole);
        let settings =
            settings.map_err(|error| vec![Trouble { line: 1, what: error.message().to_owned() }])?;
        troubles.extend(contradictions(&settings, &lines));
        if troubles.is_empty() {
            return Ok(settings);
        }
    }
    troubles.sort_by_key(|trouble| trouble.line);
    Err(troubles)
}

/// A part of the document that can be read by itself.
struct Leaf {
    /// The key, with its section: `limits.page`.
    name: String,
    alone: Table,
    value: Value,
}

/// Sections whose keys have defaults are split into their keys; those with a kind are read whole.
fn leaves(whole: &Table) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    for (key, value) in whole {
        match value {
            Value::Table(section) if !matches!(key.as_str(), "launcher" | "balancer") => {
                for (inner, value) in section {
                    let alone = Table::from_iter([(inner.clone(), value.clone())]);
                    let alone = Table::from_iter([(key.clone(), Value::Table(alone))]);
                    leaves.push(Leaf { name: format!("{key}.{inner}"), alone, value: value.clone() });
                }
            }
            _ => {
                let alone = Table::from_iter([(key.clone(), value.clone())]);
                leaves.push(Leaf { name: key.clone(), alone, value: value.clone() });
            }
        }
    }
    leaves
}

fn check(leaf: &Leaf, lines: &[(String, usize)]) -> Option<Trouble> {
    let error = Settings::deserialize(leaf.alone.clone()).err()?;
    let shown = match &leaf.value {
        Value::Table(_) => String::new(),
        value => format!(" = {value}"),
    };
    let what = format!("{}{shown}: {}", leaf.name, error.message());
    Some(Trouble { line: line(lines, &leaf.name), what })
}

/// What is right by itself and wrong together.
fn contradictions(settings: &Settings, lines: &[(String, usize)]) -> Vec<Trouble> {
    let mut found = Vec::new();
    let mut tell = |key: &str, what: &str| {
        found.push(Trouble { line: line(lines, key), what: format!("{key}: {what}") });
    };
    if settings.auth == Auth::Static && settings.tokens.is_none() {
        tell("auth", "\"static\" needs tokens = \"FILE\", a file with the tokens");
    }
    if settings.auth == Auth::None && !settings.listen.ip().is_loopback() {
        tell(
            "auth",
            "\"none\" is for a loopback listener only; set listen = \"127.0.0.1:9000\" or another auth",
        );
    }
    if !(1..=100).contains(&settings.limits.page) {
        tell("limits.page", "must be from 1 to 100");
    }
    if !matches!(settings.limits.over_limit_status, 413 | 429) {
        tell("limits.over_limit_status", "must be 413 or 429");
    }
    if settings.converge.interval.is_zero() {
        tell("converge.interval", "must be longer than 0s");
    }
    if settings.converge.at_once == 0 || settings.converge.creates_per_round == 0 {
        tell("converge", "at_once and creates_per_round must be 1 or more");
    }
    if !settings.database.starts_with("sqlite:") {
        tell("database", "must be sqlite:FILE or sqlite::memory:");
    }
    found
}

/// The line of each key.
fn lines(text: &str) -> Vec<(String, usize)> {
    fn walk(table: &DeTable<'_>, before: &str, text: &str, lines: &mut Vec<(String, usize)>) {
        for (key, value) in table {
            let name = format!("{before}{}", key.get_ref());
            lines.push((name.clone(), line_of(text, key.span().start)));
            if let DeValue::Table(inner) = Spanned::get_ref(value) {
                walk(inner, &format!("{name}."), text, lines);
            }
        }
    }
    let mut lines = Vec::new();
    if let Ok(table) = DeTable::parse(text) {
        walk(table.get_ref(), "", text, &mut lines);
    }
    lines
}

fn line(lines: &[(String, usize)], key: &str) -> usize {
    lines.iter().find(|(name, _)| name == key).map_or(1, |(_, line)| *line)
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset.min(text.len())].matches('\n').count() + 1
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn two_lines_are_enough() {
        let settings = read("auth = \"none\"\nlauncher = { kind = \"simulated\" }\n").unwrap();
        assert_eq!(settings.auth, Auth::None);
        assert!(settings.launcher.is_some());
    }

    #[test]
    fn the_example_holds_every_default_and_can_be_read() {
        let example = include_str!("../../otter.example.toml");
        let settings = read(example).unwrap();
        // Turned on, every commented key is known and has the value that is the default anyway.
        let uncommented: String = example
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line))
            .filter(|line| !line.starts_with("auth =") && !line.starts_with("launcher ="))
            .flat_map(|line| [line, "\n"])
            .collect();
        let all = read(&uncommented).unwrap();
        let defaults = Settings { launcher: all.launcher.clone(), ..Settings::default() };
        assert_eq!(all.limits, defaults.limits);
        assert_eq!(all.converge, defaults.converge);
        assert_eq!(all.identity, defaults.identity);
        assert_eq!((all.listen, all.database), (defaults.listen, defaults.database));
        assert_eq!(settings.limits, Settings::default().limits);
    }

    #[test]
    fn every_problem_is_told_with_its_line() {
        let text = "auth = \"non\"\nlistne = \"x\"\n\n[limits]\npage = \"many\"\nbody_bytes = -1\n\
                    [launcher]\nkind = \"process\"\nfirst_prot = 1\n";
        let troubles = read(text).unwrap_err();
        let told: Vec<_> = troubles.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 5, "{told:#?}");
        assert!(told[0].starts_with("line 1: auth = \"non\": unknown variant"), "{}", told[0]);
        assert!(told[1].starts_with("line 2: listne") && told[1].contains("expected one of"), "{}", told[1]);
        assert!(told[2].starts_with("line 5: limits.page = \"many\""), "{}", told[2]);
        assert!(told[3].starts_with("line 6: limits.body_bytes = -1"), "{}", told[3]);
        assert!(told[4].starts_with("line 7: launcher: unknown field"), "{}", told[4]);
    }

    #[test]
    fn what_contradicts_itself_is_told() {
        let told = read("auth = \"none\"\nlisten = \"0.0.0.0:9000\"\n").unwrap_err();
        assert_eq!((told.len(), told[0].line), (1, 1));
        assert!(told[0].what.contains("loopback"));
    }
}
