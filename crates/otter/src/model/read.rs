//! Reading JSON from strangers: every problem is told, each with the path to it.
//!
//! The rules are those of the schema dialect that the API has always had: `1.0` is no integer, `true`
//! is no number, `"1"` is neither, and nothing is converted.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

/// The longest name, metadata key and metadata value, in characters.
const LONGEST: usize = 256;

/// What is wrong with a body; empty if nothing is.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<String>);

impl Problems {
    /// Notes that `what` is wrong at `path`.
    pub fn tell(&mut self, path: &str, what: impl Display) {
        self.0.push(format!("{path}: {what}"));
    }

    /// The value, if it was readable and nothing is wrong.
    ///
    /// # Errors
    /// The problems, if there are any.
    pub fn settle<T>(self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(self),
        }
    }
}

impl Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

/// The fields of an object at a path.
pub(super) struct Fields<'v> {
    path: String,
    map: &'v Map<String, Value>,
}

impl<'v> Fields<'v> {
    /// Opens an object that has no other keys than the known ones.
    pub(super) fn open(
        path: &str,
        value: &'v Value,
        known: &[&str],
        problems: &mut Problems,
    ) -> Option<Self> {
        let fields = Self::open_any(path, value, problems)?;
        for key in fields.map.keys().filter(|key| !known.contains(&key.as_str())) {
            problems.tell(&fields.at(key), format_args!("unknown; known are {}", known.join(", ")));
        }
        Some(fields)
    }

    /// Opens an object that may have any keys.
    pub(super) fn open_any(path: &str, value: &'v Value, problems: &mut Problems) -> Option<Self> {
        let Value::Object(map) = value else {
            problems.tell(path, "must be an object");
            return None;
        };
        Some(Self { path: path.to_owned(), map })
    }

    /// The path of one of its keys.
    pub(super) fn at(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The value of a key, if present.
    pub(super) fn get(&self, key: &str) -> Option<&'v Value> {
        self.map.get(key)
    }

    /// The value of a key that has to be present.
    pub(super) fn need(&self, key: &str, problems: &mut Problems) -> Option<&'v Value> {
        let value = self.map.get(key);
        if value.is_none() {
            problems.tell(&self.at(key), "is required");
        }
        value
    }

    /// A required name.
    pub(super) fn name(&self, key: &str, problems: &mut Problems) -> Option<String> {
        let value = self.need(key, problems)?;
        text(&self.at(key), value, 0..=LONGEST, problems).and_then(|name| {
            if name.trim().is_empty() {
                problems.tell(&self.at(key), "must not be blank");
                return None;
            }
            Some(name.to_owned())
        })
    }

    /// An integer in a range, if present.
    pub(super) fn integer(
        &self,
        key: &str,
        range: RangeInclusive<u32>,
        problems: &mut Problems,
    ) -> Option<u32> {
        let value = self.map.get(key)?;
        let found = value.as_i64().and_then(|n| u32::try_from(n).ok()).filter(|n| range.contains(n));
        if found.is_none() {
            let (low, high) = range.into_inner();
            problems.tell(&self.at(key), format_args!("must be an integer from {low} to {high}"));
        }
        found
    }

    /// A number in a range, whole or not, if present.
    pub(super) fn number(
        &self,
        key: &str,
        range: RangeInclusive<f64>,
        problems: &mut Problems,
    ) -> Option<f64> {
        let value = self.map.get(key)?;
        let found = value.as_f64().filter(|n| range.contains(n));
        if found.is_none() {
            let (low, high) = range.into_inner();
            problems.tell(&self.at(key), format_args!("must be a number from {low} to {high}"));
        }
        found
    }

    /// The metadata of a group or webhook, if present.
    pub(super) fn metadata(&self, key: &str, problems: &mut Problems) -> Option<BTreeMap<String, String>> {
        let path = self.at(key);
        let fields = Self::open_any(&path, self.map.get(key)?, problems)?;
        let mut metadata = BTreeMap::new();
        for (key, value) in fields.map {
            if key.chars().count() > LONGEST {
                problems.tell(&path, format_args!("a key has more than {LONGEST} characters"));
            }
            if let Some(value) = text(&fields.at(key), value, 0..=LONGEST, problems) {
                metadata.insert(key.clone(), value.to_owned());
            }
        }
        Some(metadata)
    }
}

/// A string with as many characters as the range allows.
pub(super) fn text<'v>(
    path: &str,
    value: &'v Value,
    length: RangeInclusive<usize>,
    problems: &mut Problems,
) -> Option<&'v str> {
    let found = value.as_str().filter(|text| length.contains(&text.chars().count()));
    if found.is_none() {
        let (low, high) = length.into_inner();
        problems.tell(path, format_args!("must be a string of {low} to {high} characters"));
    }
    found
}

/// The items of an array with as many as the range allows.
pub(super) fn items<'v>(
    path: &str,
    value: &'v Value,
    count: RangeInclusive<usize>,
    problems: &mut Problems,
) -> Option<&'v [Value]> {
    let found = value.as_array().filter(|items| count.contains(&items.len()));
    if found.is_none() {
        let (low, high) = count.into_inner();
        problems.tell(path, format_args!("must be an array of {low} to {high} items"));
    }
    found.map(Vec::as_slice)
}
