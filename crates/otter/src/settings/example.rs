//! otter.example.toml, held against the settings: every key is in it, can be read as it stands there, and shows
//! the default where it says so.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::{Table, Value};

use super::read::OF_KINDS;
use super::{Settings, read};

const EXAMPLE: &str = include_str!("../../otter.example.toml");
/// What a line begins with that shows a key with its default, and one that shows a key without.
const MARKS: [&str; 2] = ["#: ", "#= "];

/// The example's documents: what stands before the first section, and each section by itself.
fn documents() -> Vec<String> {
    let mut documents = vec![String::new()];
    for line in EXAMPLE.lines() {
        let line = MARKS.iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line);
        if line.starts_with('[') {
            documents.push(String::new());
        }
        documents.last_mut().unwrap().extend([line, "\n"]);
    }
    documents
}

/// The keys of a document: `listen`, `limits.page`, and with its kind `launcher.process.command`.
fn keys_of(document: &str) -> Vec<String> {
    let table: Table = document.parse().unwrap();
    let keys = table.iter().flat_map(|(key, value)| match value {
        Value::Table(section) => {
            let kind = section.get("kind").and_then(Value::as_str);
            let prefix = kind.map_or(key.clone(), |kind| format!("{key}.{kind}"));
            section.keys().map(|inner| format!("{prefix}.{inner}")).collect()
        }
        _ => vec![key.clone()],
    });
    keys.collect()
}

/// The names that a document could have had instead of an unknown `field` or `variant`.
fn expected(what: &str, document: &str) -> Vec<String> {
    let table: Table = document.parse().unwrap();
    let Err(error) = Settings::deserialize(table) else { return Vec::new() };
    let listed = error.message().strip_prefix(&format!("unknown {what} `nothing`, expected "));
    listed.unwrap_or_default().split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Every key there is, found by asking for one that there is not.
fn all_keys() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for key in expected("field", "nothing = 0") {
        let inner = expected("field", &format!("{key} = {{ nothing = 0 }}"));
        if OF_KINDS.contains(&key.as_str()) {
            for kind in expected("variant", &format!("{key} = {{ kind = \"nothing\" }}")) {
                keys.insert(format!("{key}.{kind}.kind"));
                let inner = expected("field", &format!("{key} = {{ kind = \"{kind}\", nothing = 0 }}"));
                keys.extend(inner.iter().map(|inner| format!("{key}.{kind}.{inner}")));
            }
        } else if inner.is_empty() {
            keys.insert(key);
        } else {
            keys.extend(inner.iter().map(|inner| format!("{key}.{inner}")));
        }
    }
    keys
}

#[test]
fn every_key_is_in_the_example_and_can_be_read() {
    let mut shown = BTreeSet::new();
    for document in documents() {
        if let Err(troubles) = read(&document) {
            panic!("{troubles:#?} in\n{document}");
        }
        shown.extend(keys_of(&document));
    }
    let all = all_keys();
    assert!(all.contains("limits.page") && all.contains("launcher.process.command"), "{all:#?}");
    assert_eq!(shown, all);
}

#[test]
fn no_key_of_the_example_escapes_the_tests() {
    let settable = |line: &str| {
        let text = line.strip_prefix("# ").unwrap_or_default();
        text.starts_with('[') || text.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '))
    };
    let escaping: Vec<_> = EXAMPLE.lines().filter(|line| settable(line)).collect();
    assert_eq!(escaping, Vec::<&str>::new(), "mark them with one of {MARKS:?}");
}

/// Whoever sets a key to the default that is shown has the settings that he had before.
#[test]
fn the_defaults_that_are_shown_are_the_defaults() {
    for document in documents() {
        let with: Table = document.parse().unwrap();
        let shown: BTreeSet<&str> = EXAMPLE.lines().filter_map(|line| line.strip_prefix(MARKS[0])).collect();
        let without: String =
            document.lines().filter(|line| !shown.contains(line)).flat_map(|line| [line, "\n"]).collect();
        let without: Table = without.parse().unwrap();
        assert_eq!(
            Settings::deserialize(with).unwrap(),
            Settings::deserialize(without).unwrap(),
            "{document}"
        );
    }
}

#[test]
fn the_example_is_a_settings_file_as_it_stands() {
    assert!(read(EXAMPLE).unwrap().launcher.is_some());
}
