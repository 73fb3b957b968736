//! The settings room: what the user wrote in settings.toml, checked, layered and resolved to plain values.
//!
//! Reading order: `schema` (the language of the tables of keys), then the sections that state theirs
//! (`cloud`, `capacity`, `group`, `monitor`, `heartbeat`, `scaler`, `rules`, `hours`); `check` and `environment`, which hold
//! what was written against them; [`load`], which layers and resolves; `origin` and `problem`, what is
//! told of values and of faults; `session`, the way to the `cloud` crate; `lint`, what is allowed but cannot be meant.

use std::io;
use std::path::{Path, PathBuf};

use config::{Config, ConfigError, Map, Source, Value as Layered};
use serde::Deserialize;

mod capacity;
mod check;
mod cloud;
mod document;
pub mod duration;
mod environment;
mod find;
mod group;
mod heartbeat;
mod hours;
pub mod lint;
mod monitor;
pub(crate) mod nearest;
mod notifier;
mod origin;
mod place;
mod problem;
mod rules;
mod scalar;
mod scaler;
mod schema;
mod session;
mod surroundings;

pub use self::cloud::{CloudKind, CloudSettings, Endpoints, Rate, Rates};
pub use capacity::Capacities;
pub use find::NotFound;
pub use group::{Flavors, GroupSettings};
pub use heartbeat::HeartbeatSettings;
pub use monitor::MonitorSettings;
pub use notifier::{EmailSettings, Means, NotifierSettings, WebhookBody, WebhookSettings};
pub use origin::{Origin, Row};
pub use problem::{Problem, Problems};
pub use scaler::ScalerSettings;
pub use surroundings::{Surroundings, Variables};

use environment::Override;
use group::{Beside, GroupTable};
use notifier::{NotifierTable, Resolving};
use origin::{Origins, Rows};
use place::Place;
use problem::Report;
use schema::{Form, Key};

use crate::rulebook::Rulebook;

/// Every section of a settings file.
const SECTIONS: &[Key] = &[
    Key::new(cloud::SECTION, Form::Table(cloud::KEYS)),
    Key::new(capacity::SECTION, capacity::FORM),
    Key::required(group::SECTION, Form::Tables(group::KEYS)),
    Key::new(notifier::SECTION, Form::TaggedTables(notifier::KINDS)),
];

/// Everything the user set, with every default filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The file it was read from.
    pub path: PathBuf,
    /// Where to sign in and whom to ask.
    pub cloud: CloudSettings,
    /// What one server of a flavor carries.
    pub capacity: Capacities,
    /// The groups in the order of the file; never none.
    pub groups: Vec<GroupSettings>,
    /// Who is told what of them, in the order of the file.
    pub notifiers: Vec<NotifierSettings>,
    origins: Origins,
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// No file was named and none was found.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// The file is there, or was named, but cannot be read.
    #[error("cannot read the settings file {}: {source}; check the path and its permissions", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What it says cannot be used.
    #[error(transparent)]
    Faulty(#[from] Problems),
    /// The layers could not be put together, although each was right.
    #[error("the settings cannot be put together: {0}")]
    Layers(#[from] ConfigError),
}

/// Finds, reads, checks and resolves the settings; `named` is what the command line says.
///
/// # Errors
/// See [`SettingsError`]; a faulty file is told with all its problems at once.
pub fn load(named: Option<&Path>, around: &Surroundings) -> Result<Settings, SettingsError> {
    let path = find::find(named, around)?;
    let text = std::fs::read_to_string(&path)
        .map_err(|source| SettingsError::Unreadable { path: path.clone(), source })?;
    from_text(&text, &path, around)
}

/// The same from a text that was already read from `path`.
///
/// # Errors
/// [`SettingsError::Faulty`] with every problem of the text and of the variables that override it.
pub fn from_text(text: &str, path: &Path, around: &Surroundings) -> Result<Settings, SettingsError> {
    let mut report = Report::new(path);
    let mut written = check::text(text, SECTIONS, &mut report);
    let (groups, notifiers) = (written.remove(group::SECTION), written.remove(notifier::SECTION));
    let overrides = environment::overrides(&around.variables, SECTIONS, &mut report);
    let plain = layer(written, overrides)?;

    let base = around.folder.join(path.parent().unwrap_or(Path::new("")));
    let cloud = plain.cloud.resolve(&base, around, &mut report);
    let place = Place { base: &base, around, allow_plain_http: cloud.allow_plain_http };
    let beside = Beside { cloud: cloud.kind, capacities: &plain.capacity, place };
    let groups = resolve_groups(groups, &beside, &mut report)?;
    cloud.tell_missing_endpoints(&groups, &mut report);
    let notifiers = resolve_notifiers(notifiers, &beside.place, &groups, &mut report)?;
    let (path, capacity, origins) = (path.to_owned(), plain.capacity, report.finish()?);
    Ok(Settings { path, cloud, capacity, groups, notifiers, origins })
}

/// The sections that a variable can reach, after the layering. Nothing is required here: what is missing has
/// been told by the check.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Plain {
    cloud: cloud::CloudTable,
    capacity: Capacities,
}

/// The file below, the environment above; the defaults are those of the tables themselves.
fn layer(written: check::Right, overrides: Vec<Override>) -> Result<Plain, ConfigError> {
    let mut layers = Config::builder().add_source(Checked(written));
    for Override { key, value } in overrides {
        layers = layers.set_override(key, config::ValueKind::from(value))?;
    }
    layers.build()?.try_deserialize()
}

/// The groups stand in the file alone, so they need no layering: with thousands of them that would cost memory.
fn resolve_groups(
    written: Option<Layered>,
    beside: &Beside<'_>,
    report: &mut Report,
) -> Result<Vec<GroupSettings>, ConfigError> {
    let tables = written.map_or(Ok(Vec::new()), Layered::into_array)?;
    let mut groups = Vec::with_capacity(tables.len());
    for (index, table) in tables.into_iter().enumerate() {
        let table: GroupTable = table.try_deserialize()?;
        groups.push(table.resolve(&format!("{}[{index}]", group::SECTION), beside, report));
    }
    group::tell_duplicates(&groups, report);
    Ok(groups)
}

/// The notifiers stand in the file alone, as the groups do.
fn resolve_notifiers(
    written: Option<Layered>,
    place: &Place<'_>,
    groups: &[GroupSettings],
    report: &mut Report,
) -> Result<Vec<NotifierSettings>, ConfigError> {
    let tables = written.map_or(Ok(Vec::new()), Layered::into_array)?;
    let mut notifiers = Vec::with_capacity(tables.len());
    for (index, table) in tables.into_iter().enumerate() {
        let table = table.into_table()?;
        // What is wrong with its kind has been told.
        if !table.contains_key(schema::KIND) {
            continue;
        }
        let table: NotifierTable = Layered::from(table).try_deserialize()?;
        let at = format!("{}[{index}]", notifier::SECTION);
        let notifier = table.resolve(Resolving { at: &at, place, groups, report });
        notifiers.extend(notifier.map(|notifier| (index, notifier)));
    }
    notifier::tell_duplicates(&notifiers, report);
    Ok(notifiers.into_iter().map(|(_, notifier)| notifier).collect())
}

/// A checked file as a layer.
#[derive(Debug, Clone)]
struct Checked(check::Right);

impl Source for Checked {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Layered>, ConfigError> {
        Ok(self.0.clone())
    }
}

impl Settings {
    /// Every value in force with where it came from, in the order of settings.example.toml.
    pub fn origins(&self) -> Vec<Row> {
        let mut rows = Rows::new(&self.origins);
        self.cloud.rows(&mut rows);
        self.capacity.rows(&mut rows);
        for (index, group) in self.groups.iter().enumerate() {
            group.rows(&format!("{}[{index}]", group::SECTION), &mut rows);
        }
        for (index, notifier) in self.notifiers.iter().enumerate() {
            notifier.rows(&format!("{}[{index}]", notifier::SECTION), &mut rows);
        }
        rows.finish()
    }

    /// The group of a name.
    pub fn group(&self, name: &str) -> Option<&GroupSettings> {
        self.groups.iter().find(|group| group.name == name)
    }
}

/// What settings would be refused for that had these rules; nothing if they would do.
pub fn contradictions(book: &Rulebook) -> Vec<String> {
    rules::contradictions(book)
}

/// Every rule in force, defaults too, by its key in `[[group]]` and as `check` shows it.
pub fn rules_in_force(book: &Rulebook) -> Vec<(String, String)> {
    let nowhere = Origins::default();
    let mut rows = Rows::new(&nowhere);
    rules::rows(book, "", &mut rows);
    rows.finish().into_iter().map(|row| (row.key, row.value)).collect()
}

#[cfg(test)]
mod example_tests;
#[cfg(test)]
mod hours_tests;
#[cfg(test)]
mod tests;
