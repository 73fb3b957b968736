//! Finds what a person named, by name or by id, and says what is there if it is not.

use std::collections::HashMap;

/// How like two names must be (Damerau-Levenshtein, 0 to 1) for one to be offered for the other.
const ALIKE: f64 = 0.5;

/// How many are offered.
const OFFERED: usize = 3;

/// Something that a service lists under a name and an id.
pub trait Listed {
    /// The id, which is unique.
    fn id(&self) -> &str;
    /// The name, which need not be.
    fn name(&self) -> &str;
}

/// Why a name finds nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// Several things have the name.
    #[error("{} things are named {wanted:?}: name one by its id: {}", .ids.len(), .ids.join(", "))]
    Ambiguous {
        /// The name.
        wanted: String,
        /// Their ids.
        ids: Vec<String>,
    },
    /// Nothing has the name.
    #[error("nothing has the name or id {wanted:?}{}", offer(.nearest))]
    Unknown {
        /// The name.
        wanted: String,
        /// Names that are like it, the likest first.
        nearest: Vec<String>,
    },
}

fn offer(nearest: &[String]) -> String {
    if nearest.is_empty() { String::new() } else { format!("; did you mean {}?", nearest.join(", ")) }
}

/// A list, indexed for looking up many names.
pub struct Directory<'a, T> {
    by_id: HashMap<&'a str, &'a T>,
    by_name: HashMap<&'a str, Vec<&'a T>>,
}

impl<'a, T: Listed> Directory<'a, T> {
    /// Indexes `list`.
    pub fn new(list: &'a [T]) -> Self {
        let by_id = list.iter().map(|entry| (entry.id(), entry)).collect();
        let mut by_name: HashMap<_, Vec<_>> = HashMap::with_capacity(list.len());
        for entry in list {
            by_name.entry(entry.name()).or_default().push(entry);
        }
        Self { by_id, by_name }
    }

    /// What has `wanted` for its id; else the only one that has it for its name. An id wins, so
    /// that there is always a way to say which of several is meant.
    ///
    /// # Errors
    /// [`NameFault`], with the ids of several or the names nearest to none.
    pub fn find(&self, wanted: &str) -> Result<&'a T, NameFault> {
        if let Some(entry) = self.by_id.get(wanted) {
            return Ok(entry);
        }
        match self.by_name.get(wanted).map_or(&[][..], Vec::as_slice) {
            [entry] => Ok(entry),
            [] => Err(NameFault::Unknown { wanted: wanted.into(), nearest: self.nearest(wanted) }),
            several => {
                let mut ids: Vec<_> = several.iter().map(|entry| entry.id().to_owned()).collect();
                ids.sort();
                Err(NameFault::Ambiguous { wanted: wanted.into(), ids })
            }
        }
    }

    fn nearest(&self, wanted: &str) -> Vec<String> {
        let likeness = |name: &&str| {
            strsim::normalized_damerau_levenshtein(&wanted.to_lowercase(), &name.to_lowercase())
        };
        let mut names: Vec<_> = self.by_name.keys().map(|name| (likeness(name), *name)).collect();
        names.retain(|(likeness, _)| *likeness > ALIKE);
        names.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        names.into_iter().take(OFFERED).map(|(_, name)| name.to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Entry(&'static str, &'static str);

    impl Listed for Entry {
        fn id(&self) -> &str {
            self.0
        }
        fn name(&self) -> &str {
            self.1
        }
    }

    const LIST: [Entry; 4] = [Entry("1", "web"), Entry("2", "twin"), Entry("3", "twin"), Entry("4", "2")];

    fn find(wanted: &str) -> Result<&'static str, NameFault> {
        Directory::new(&LIST).find(wanted).map(|entry| entry.0)
    }

    #[test]
    fn by_name_or_id_and_an_id_wins() {
        assert_eq!(find("web"), Ok("1"));
        assert_eq!(find("3"), Ok("3"));
        assert_eq!(find("2"), Ok("2"));
    }

    #[test]
    fn twins_are_told_by_their_ids() {
        let fault = find("twin").expect_err("two of them");
        assert!(fault.to_string().ends_with("name one by its id: 2, 3"), "{fault}");
    }

    #[test]
    fn a_slip_of_the_pen_is_offered_what_was_meant() {
        let fault = find("wbe").expect_err("a typo");
        assert!(fault.to_string().contains("did you mean web?"), "{fault}");
        assert_eq!(find("zzz"), Err(NameFault::Unknown { wanted: "zzz".into(), nearest: vec![] }));
    }
}
