//! A group's scaler: who changes the number of servers. One variant and one table of keys for each kind.

use serde::Deserialize;

use super::origin::Rows;
use super::schema::{Form, KIND, Key, Kind, join};

/// Every kind of scaler with its keys.
pub(super) const KINDS: &[Kind] =
    &[Kind { name: "autoscale", keys: AUTOSCALE }, Kind { name: "heroku", keys: HEROKU }];

const AUTOSCALE: &[Key] = &[
    Key::required(KIND, Form::Text),
    Key::new("group", Form::Text),
    Key::required("scale_up", Form::Names),
    Key::required("scale_down", Form::Names),
];

const HEROKU: &[Key] =
    &[Key::required(KIND, Form::Text), Key::required("app", Form::Text), Key::new("process", Form::Text)];

/// The process type that Heroku's router sends requests to.
const ROUTED: &str = "web";

/// What a group is moved by, as it stands in settings.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum ScalerTable {
    Autoscale {
        group: Option<String>,
        #[serde(default)]
        scale_up: Vec<String>,
        #[serde(default)]
        scale_down: Vec<String>,
    },
    Heroku {
        #[serde(default)]
        app: String,
        process: Option<String>,
    },
}

/// What a group is moved by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScalerSettings {
    /// A scaling group of the Autoscale v1.0 API, by its policies.
    Autoscale {
        /// The scaling group, by name or id.
        group: String,
        /// The policies that may be executed to get more servers, by name or id.
        scale_up: Vec<String>,
        /// The policies that may be executed to get fewer servers, by name or id.
        scale_down: Vec<String>,
    },
    /// The dynos of one process type of a Heroku app, set to any number.
    Heroku {
        /// The app, by name or id.
        app: String,
        /// The process type.
        process: String,
    },
}

impl ScalerTable {
    /// What is not said follows from the group's name.
    pub(super) fn resolve(self, name: &str) -> ScalerSettings {
        match self {
            ScalerTable::Autoscale { group, scale_up, scale_down } => ScalerSettings::Autoscale {
                group: group.unwrap_or_else(|| name.to_owned()),
                scale_up,
                scale_down,
            },
            ScalerTable::Heroku { app, process } => {
                ScalerSettings::Heroku { app, process: process.unwrap_or_else(|| ROUTED.to_owned()) }
            }
        }
    }
}

impl ScalerSettings {
    /// The kind as it stands in settings.
    pub fn kind(&self) -> &'static str {
        match self {
            ScalerSettings::Autoscale { .. } => KINDS[0].name,
            ScalerSettings::Heroku { .. } => KINDS[1].name,
        }
    }

    /// Whose word the fleet is, for a person.
    pub fn service(&self) -> &'static str {
        match self {
            ScalerSettings::Autoscale { .. } => "autoscale service",
            ScalerSettings::Heroku { .. } => "Heroku",
        }
    }

    /// Whether it is a service of the cloud that one signs in to.
    pub fn is_the_clouds(&self) -> bool {
        match self {
            ScalerSettings::Autoscale { .. } => true,
            ScalerSettings::Heroku { .. } => false,
        }
    }

    /// What is moved: two groups of settings must not move the same.
    pub fn target(&self) -> String {
        match self {
            ScalerSettings::Autoscale { group, .. } => group.clone(),
            ScalerSettings::Heroku { app, process } => format!("{app}/{process}"),
        }
    }

    /// The key that names it.
    pub(super) fn target_key(&self) -> &'static str {
        match self {
            ScalerSettings::Autoscale { .. } => "group",
            ScalerSettings::Heroku { .. } => "app",
        }
    }

    pub(super) fn rows(&self, group: &str, rows: &mut Rows<'_>) {
        let key = |name| join(&join(group, "scaler"), name);
        rows.add(key(KIND), self.kind());
        match self {
            ScalerSettings::Autoscale { group: target, scale_up, scale_down } => {
                rows.add(key("group"), target);
                rows.add_either(key("scale_up"), join(group, "scale_up"), scale_up.join(", "));
                rows.add_either(key("scale_down"), join(group, "scale_down"), scale_down.join(", "));
            }
            ScalerSettings::Heroku { app, process } => {
                rows.add(key("app"), app);
                rows.add(key("process"), process);
            }
        }
    }
}
