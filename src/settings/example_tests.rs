//! settings.example.toml holds every key, right as it stands and right with every line taken in.

use super::schema::{Form, Key, join};
use super::tests::read;
use super::*;

const EXAMPLE: &str = include_str!("../../settings.example.toml");

#[test]
fn the_example_is_right_as_it_is() {
    let settings = read(EXAMPLE);
    assert_eq!(settings.groups[0].rules, crate::model::Rules::default().into());
}

/// The example with every setting that is commented out taken in.
fn whole_example() -> String {
    let take_in = |line: &str| match line.strip_prefix('#') {
        Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => setting.to_owned(),
        _ => line.to_owned(),
    };
    EXAMPLE.lines().map(take_in).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_key_that_is_known_stands_in_the_example() {
    let settings = read(&whole_example());
    let written = settings.origins.keys().map(without_indices).collect::<Vec<_>>();
    let mut known = Vec::new();
    names("", SECTIONS, &mut known);
    assert!(known.len() > 40, "the walk over the schema went wrong: {known:?}");
    for key in known {
        assert!(written.contains(&key), "{key} is not in settings.example.toml");
    }
}

#[test]
fn defaults_in_the_example_are_the_defaults() {
    let least = read(&EXAMPLE.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n"));
    let whole = read(&whole_example());
    let mut rules = whole.groups[0].rules.rules.clone();
    (rules.min, rules.max, rules.boot, rules.increment) = (None, None, None, None);
    (rules.scale_up_cooldown, rules.scale_down_cooldown) = (None, None);
    assert_eq!(rules, least.groups[0].rules.rules);
    assert_eq!(whole.groups[0].monitor, least.groups[0].monitor);
    assert_eq!(whole.cloud.identity_url, least.cloud.identity_url);
    assert_eq!(whole.cloud.allow_plain_http, least.cloud.allow_plain_http);
}

fn names(at: &str, keys: &[Key], known: &mut Vec<String>) {
    for key in keys {
        let full = join(at, key.name);
        known.push(full.clone());
        match &key.form {
            Form::Table(keys) | Form::Tables(keys) => names(&full, keys, known),
            Form::Kinds(kinds) | Form::TaggedTables(kinds) => {
                kinds.iter().for_each(|kind| names(&full, kind.keys, known))
            }
            Form::PerFlavor { known: ours, .. } => known.extend(ours.iter().map(|name| join(&full, name))),
            _ => {}
        }
    }
}

fn without_indices(key: &str) -> String {
    key.split('.').map(|part| part.split('[').next().unwrap_or(part)).collect::<Vec<_>>().join(".")
}
