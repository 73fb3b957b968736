//! Overrides from the environment: `LOADSCALE__CLOUD__REGION` is `cloud.region`. As strict as the file.
//!
//! They reach the scalar keys of the plain sections; lists, groups and flavors stand in the file alone.

use super::check::{SECRETS_BELONG, is_secret};
use super::nearest::hint;
use super::origin::Origin;
use super::problem::{Problem, Report};
use super::scalar::Scalar;
use super::schema::{Form, Key, join};
use super::surroundings::Variables;

/// What every override begins with. Two underscores, so that `LOADSCALE_USERNAME` is none.
const PREFIX: &str = "LOADSCALE__";
const SEPARATOR: &str = "__";
/// With the separator further on this is an override with its first underscore forgotten.
const OURS: &str = "LOADSCALE_";

/// A checked value for a key.
pub(super) struct Override {
    pub(super) key: String,
    pub(super) value: Scalar,
}

/// Every override that is set and right; the others are told.
pub(super) fn overrides(variables: &Variables, keys: &[Key], report: &mut Report) -> Vec<Override> {
    let mut reachable = Vec::new();
    reach("", keys, &mut reachable);
    let meant = variables.beginning_with(OURS).filter(|(name, _)| name.contains(SEPARATOR));
    meant.filter_map(|(name, text)| one(name, text, &reachable, report)).collect()
}

fn one(name: &str, text: &str, reachable: &[(String, &Form)], report: &mut Report) -> Option<Override> {
    let origin = Origin::Variable(name.to_owned());
    let Some((key, form)) = reachable.iter().find(|(key, _)| variable(key) == name) else {
        report.add(Problem { origin, key: String::new(), value: None, fault: unknown(name, reachable) });
        return None;
    };
    report.origins.record(key, origin);
    let value = Scalar::from_variable(text, form);
    if let Some(fault) = value.fault(form) {
        report.tell(key, value.shown(form), fault);
        return None;
    }
    Some(Override { key: key.clone(), value })
}

/// The name of the variable that overrides a key.
fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', SEPARATOR).to_uppercase())
}

fn unknown(name: &str, reachable: &[(String, &Form)]) -> String {
    if is_secret(name) {
        return SECRETS_BELONG.to_owned();
    }
    let known: Vec<String> = reachable.iter().map(|(key, _)| variable(key)).collect();
    let hint = hint(name, known.iter().map(String::as_str));
    format!("names no setting that a variable can override{hint}")
}

/// The scalar keys of plain tables, by their full names.
fn reach<'a>(at: &str, keys: &'a [Key], reachable: &mut Vec<(String, &'a Form)>) {
    for key in keys {
        let full = join(at, key.name);
        match &key.form {
            Form::Table(keys) => reach(&full, keys, reachable),
            Form::PerFlavor { value, known } => {
                reachable.extend(known.iter().map(|name| (join(&full, name), *value)))
            }
            Form::Tables(_) | Form::TaggedTables(_) | Form::Kinds(_) | Form::Headers => {}
            Form::Names | Form::Urls | Form::Choices(_) | Form::Arguments => {}
            form => reachable.push((full, form)),
        }
    }
}
