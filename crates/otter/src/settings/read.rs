//! Reading otter.toml: every problem is told at once, each with its line, key, value and remedy.
//!
//! Serde stops at the first problem, so each key is read by itself: a document with that key alone is
//! a whole document, since every key has a default. Only `kind` has none: where a section is of one of
//! several kinds, its other keys are read together with that one.

use std::fmt;

use serde::Deserialize;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::{Auth, LauncherSettings, Settings};

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

/// Sections of one of several kinds.
pub(super) const OF_KINDS: [&str; 2] = ["launcher", "balancer"];

/// Reads the text of a settings file.
///
/// # Errors
/// All that is wrong with it.
pub fn read(text: &str) -> Result<Settings, Vec<Trouble>> {
    let mut whole: Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        vec![Trouble { line, what: error.message().to_owned() }]
    })?;
    let lines = lines(text);
    let (mut troubles, mut wrong) = (Vec::new(), Vec::new());
    for leaf in leaves(&whole) {
        if let Some(trouble) = check(&leaf, &lines) {
            remove(&mut whole, &leaf.name);
            troubles.push(trouble);
            wrong.push(leaf.name);
        }
    }
    let settings = Settings::deserialize(whole);
    let settings = settings.map_err(|error| vec![Trouble { line: 1, what: error.message().to_owned() }])?;
    for (keys, what) in contradictions(&settings) {
        // A key that cannot be read contradicts nothing.
        if !keys.iter().any(|key| wrong.iter().any(|wrong| wrong == key)) {
            let key = keys[0];
            troubles.push(Trouble { line: line(&lines, key), what: format!("{key}: {what}") });
        }
    }
    troubles.sort_by_key(|trouble| trouble.line);
    if troubles.is_empty() { Ok(settings) } else { Err(troubles) }
}

/// A part of the document that can be read by itself.
struct Leaf {
    /// The key, with its section: `limits.page`.
    name: String,
    alone: Table,
    value: Value,
}

fn leaves(whole: &Table) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    for (key, value) in whole {
        match value {
            Value::Table(section) if OF_KINDS.contains(&key.as_str()) => leaves.extend(of_kind(key, section)),
            Value::Table(section) => leaves.extend(section.keys().map(|inner| part(key, section, &[inner]))),
            _ => {
                let alone = Table::from_iter([(key.clone(), value.clone())]);
                leaves.push(Leaf { name: key.clone(), alone, value: value.clone() });
            }
        }
    }
    leaves
}

/// As long as the kind is not known, nothing can be said of the other keys.
fn of_kind(name: &str, section: &Table) -> Vec<Leaf> {
    if !section.contains_key("kind") {
        let (none, name) = (Value::Table(Table::new()), name.to_owned());
        return vec![Leaf { alone: Table::from_iter([(name.clone(), none.clone())]), name, value: none }];
    }
    let kind = part(name, section, &["kind"]);
    if Settings::deserialize(kind.alone.clone()).is_err() {
        return vec![kind];
    }
    let others = section.keys().filter(|key| *key != "kind");
    others.map(|key| part(name, section, &["kind", key])).collect()
}

/// The last of these keys of a section, in a document of them alone.
fn part(name: &str, section: &Table, keys: &[&str]) -> Leaf {
    let named = keys.iter().filter_map(|key| section.get_key_value(*key));
    let alone: Table = named.map(|(key, value)| (key.clone(), value.clone())).collect();
    let last = keys.last().copied().unwrap_or_default();
    let value = section.get(last).cloned().unwrap_or_else(|| Value::Table(Table::new()));
    let alone = Table::from_iter([(name.to_owned(), Value::Table(alone))]);
    Leaf { name: format!("{name}.{last}"), alone, value }
}

/// Takes a key that is wrong out of the document, so that the others can be held against each other. A
/// section whose kind is wrong goes whole.
fn remove(whole: &mut Table, name: &str) {
    match name.split_once('.') {
        Some((section, key)) if key != "kind" => {
            if let Some(section) = whole.get_mut(section).and_then(Value::as_table_mut) {
                section.remove(key);
            }
        }
        Some((section, _)) => _ = whole.remove(section),
        None => _ = whole.remove(name),
    }
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

/// What is right by itself and wrong together: the keys, the one to be told first, and what is wrong.
fn contradictions(settings: &Settings) -> Vec<(&'static [&'static str], &'static str)> {
    let mut found: Vec<(&'static [&'static str], &'static str)> = Vec::new();
    let mut tell = |wrong: bool, keys, what| found.extend(wrong.then_some((keys, what)));
    tell(
        settings.auth == Auth::Static && settings.tokens.is_none(),
        &["auth", "tokens"],
        "\"static\" needs tokens = \"FILE\", a file with the tokens",
    );
    tell(
        !settings.auth.allows(settings.listen),
        &["auth", "listen"],
        "\"none\" is for a loopback listener only; set listen = \"127.0.0.1:9000\" or another auth",
    );
    let (limits, converge) = (&settings.limits, &settings.converge);
    tell(!(1..=100).contains(&limits.page), &["limits.page"], "must be from 1 to 100");
    let status = limits.over_limit_status;
    tell(!matches!(status, 413 | 429), &["limits.over_limit_status"], "must be 413 or 429");
    tell(limits.head_timeout.is_zero(), &["limits.head_timeout"], "must be longer than 0s");
    tell(limits.body_timeout.is_zero(), &["limits.body_timeout"], "must be longer than 0s");
    tell(converge.interval.is_zero(), &["converge.interval"], "must be longer than 0s");
    tell(converge.retry_first.is_zero(), &["converge.retry_first"], "must be longer than 0s");
    tell(converge.retry_longest.is_zero(), &["converge.retry_longest"], "must be longer than 0s");
    tell(converge.at_once == 0, &["converge.at_once"], "must be 1 or more");
    tell(converge.creates_per_round == 0, &["converge.creates_per_round"], "must be 1 or more");
    let database = settings.database.starts_with("sqlite:");
    tell(!database, &["database"], "must be sqlite:FILE or sqlite::memory:");
    if let Some(LauncherSettings::Process(process)) = &settings.launcher {
        found.extend(process.problems());
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

/// The line of a key; of its section, if the key is not there.
fn line(lines: &[(String, usize)], key: &str) -> usize {
    let of = |wanted: &str| lines.iter().find(|(name, _)| name == wanted).map(|(_, line)| *line);
    of(key).or_else(|| of(key.split_once('.')?.0)).unwrap_or(1)
}

/// The line in which a byte of the text stands, counted from one.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
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
    fn every_problem_is_told_with_its_line() {
        let text = "auth = \"non\"\nlistne = \"x\"\n\n[limits]\npage = \"many\"\nbody_bytes = -1\n\
                    [launcher]\nkind = \"process\"\nfirst_prot = 1\nstop_after = 3\n\
                    [balancer]\nkind = \"haproxi\"\nsocket = 7\n";
        let troubles = read(text).unwrap_err();
        let told: Vec<_> = troubles.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 8, "{told:#?}");
        assert!(told[0].starts_with("line 1: auth = \"non\": unknown variant"), "{}", told[0]);
        assert!(told[1].starts_with("line 2: listne") && told[1].contains("expected one of"), "{}", told[1]);
        assert!(told[2].starts_with("line 5: limits.page = \"many\""), "{}", told[2]);
        assert!(told[3].starts_with("line 6: limits.body_bytes = -1"), "{}", told[3]);
        assert!(told[4].starts_with("line 7: launcher.command: is required"), "{}", told[4]);
        assert!(told[5].starts_with("line 9: launcher.first_prot = 1: unknown field"), "{}", told[5]);
        assert!(told[6].starts_with("line 10: launcher.stop_after = 3: "), "{}", told[6]);
        assert!(told[7].starts_with("line 12: balancer.kind = \"haproxi\": unknown variant"), "{}", told[7]);
    }

    #[test]
    fn what_contradicts_itself_is_told() {
        let told = read("auth = \"none\"\nlisten = \"0.0.0.0:9000\"\n").unwrap_err();
        assert_eq!((told.len(), told[0].line), (1, 1));
        assert!(told[0].what.contains("loopback"));
        let told = read("converge = { retry_first = \"0s\", retry_longest = \"0s\" }\n").unwrap_err();
        let keys: Vec<_> =
            told.iter().map(|trouble| trouble.what.split([' ', ':']).next().unwrap()).collect();
        assert_eq!(keys, ["converge.retry_first", "converge.retry_longest"]);
        // A key that cannot be read is told once and contradicts nothing.
        let told = read("auth = \"static\"\ntokens = 7\nlimits = { page = 0 }\n").unwrap_err();
        let keys: Vec<_> =
            told.iter().map(|trouble| trouble.what.split([' ', ':']).next().unwrap()).collect();
        assert_eq!(keys, ["tokens", "limits.page"]);
    }

    #[test]
    fn a_section_without_its_kind_is_told_so() {
        let told = read("[launcher]\nboot_delay = \"1s\"\n").unwrap_err();
        assert_eq!((told.len(), told[0].line), (1, 1));
        assert!(told[0].what.starts_with("launcher: missing field `kind`"), "{}", told[0]);
        let simulated = read("[launcher]\nkind = \"simulated\"\nboot_delay = \"1s\"\n").unwrap();
        assert!(simulated.launcher.is_some());
    }
}
