//! `[capacity]`: the connections that one server of a flavor carries well.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::origin::Rows;
use super::schema::{Form, join};

/// The section's name.
pub(super) const SECTION: &str = "capacity";

/// Flavors are the user's own names, `default` is ours.
pub(super) const FORM: Form = Form::PerFlavor { value: &Form::Number, known: &["default"] };

/// Active connections that one server carries well, by flavor id.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Capacities {
    /// For every flavor that is not named.
    pub default: Option<f64>,
    /// By flavor id, as the cloud writes it: `general1-2`.
    #[serde(flatten)]
    pub flavors: BTreeMap<String, f64>,
}

impl Capacities {
    /// What one server of the flavor carries; nothing if neither it nor a default was set.
    pub fn of(&self, flavor: &str) -> Option<f64> {
        self.flavors.get(flavor).copied().or(self.default)
    }

    /// The full name of a flavor's key.
    pub(super) fn key(flavor: &str) -> String {
        join(SECTION, flavor)
    }

    pub(super) fn rows(&self, rows: &mut Rows<'_>) {
        for (flavor, connections) in &self.flavors {
            rows.add(Self::key(flavor), connections);
        }
        rows.add_some(Self::key("default"), self.default);
    }
}
