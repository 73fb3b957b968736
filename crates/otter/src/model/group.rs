//! A group's configuration: its name, its limits, its cooldown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::read::{Fields, Problems};

/// The longest cooldown of a group or policy, in seconds: a day.
pub const LONGEST_COOLDOWN: u32 = 86_400;
/// The most servers a group may have; also what `maxEntities` is when a new group does not say.
pub const MOST_ENTITIES: u32 = 1000;

const KEYS: [&str; 5] = ["name", "cooldown", "minEntities", "maxEntities", "metadata"];

/// What a user says of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupConfig {
    /// For people; need not be unique.
    pub name: String,
    /// Seconds after an execution in which no other policy of the group is executed.
    pub cooldown: u32,
    /// The fewest servers.
    pub min_entities: u32,
    /// The most servers.
    pub max_entities: u32,
    /// Anything the user wants to keep here.
    pub metadata: BTreeMap<String, String>,
}

impl GroupConfig {
    /// Reads the configuration of a group to be created, where `maxEntities` and `metadata` have
    /// defaults.
    pub fn read_new(path: &str, value: &Value, problems: &mut Problems) -> Option<Self> {
        let fields = Fields::open(path, value, &KEYS, problems)?;
        Self::read_fields(&fields, problems)
    }

    /// Reads a full replacement, where no field may be missing.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read_replacement(value: &Value) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let config = Fields::open("", value, &KEYS, &mut problems).and_then(|fields| {
            for key in ["maxEntities", "metadata"] {
                fields.need(key, &mut problems);
            }
            Self::read_fields(&fields, &mut problems)
        });
        problems.settle(config)
    }

    /// Whether the limits are in order; they are not when the fewest are more than the most.
    pub fn limits_in_order(&self) -> bool {
        self.min_entities <= self.max_entities
    }

    fn read_fields(fields: &Fields<'_>, problems: &mut Problems) -> Option<Self> {
        for key in ["cooldown", "minEntities"] {
            fields.need(key, problems);
        }
        let name = fields.name("name", problems);
        let cooldown = fields.integer("cooldown", 0..=LONGEST_COOLDOWN, problems);
        let min_entities = fields.integer("minEntities", 0..=MOST_ENTITIES, problems);
        // `null` passed the original's schema and then always failed; here it is refused outright.
        let max_entities = match fields.get("maxEntities") {
            None => Some(MOST_ENTITIES),
            Some(_) => fields.integer("maxEntities", 0..=MOST_ENTITIES, problems),
        };
        let metadata = match fields.get("metadata") {
            None => Some(BTreeMap::new()),
            Some(_) => fields.metadata("metadata", problems),
        };
        Some(Self {
            name: name?,
            cooldown: cooldown?,
            min_entities: min_entities?,
            max_entities: max_entities?,
            metadata: metadata?,
        })
    }
}
