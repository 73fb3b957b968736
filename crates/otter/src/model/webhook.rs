//! A webhook: a name for a capability, the URL with which anybody can execute one policy.

use std::collections::BTreeMap;

use serde_json::Value;

use super::policy::MOST_AT_ONCE;
use super::read::{Fields, Problems, items};

/// What a user says of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// For people; need not be unique.
    pub name: String,
    /// Anything the user wants to keep here.
    pub metadata: BTreeMap<String, String>,
}

impl Webhook {
    /// Reads the array of webhooks that one request may bring.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read_list(value: &Value) -> Result<Vec<Self>, Problems> {
        let mut problems = Problems::default();
        let read = items("webhooks", value, 1..=MOST_AT_ONCE, &mut problems).and_then(|listed| {
            let read = listed.iter().enumerate().map(|(at, item)| {
                let fields =
                    Fields::open(&format!("webhooks[{at}]"), item, &["name", "metadata"], &mut problems)?;
                Self::read_fields(&fields, &mut problems)
            });
            read.collect::<Vec<_>>().into_iter().collect()
        });
        problems.settle(read)
    }

    /// Reads a full replacement, where `metadata` may not be missing.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read_replacement(value: &Value) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let read = Fields::open("", value, &["name", "metadata"], &mut problems).and_then(|fields| {
            fields.need("metadata", &mut problems);
            Self::read_fields(&fields, &mut problems)
        });
        problems.settle(read)
    }

    fn read_fields(fields: &Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let name = fields.name("name", problems);
        let metadata = match fields.get("metadata") {
            None => Some(BTreeMap::new()),
            Some(_) => fields.metadata("metadata", problems),
        };
        Some(Self { name: name?, metadata: metadata? })
    }
}
