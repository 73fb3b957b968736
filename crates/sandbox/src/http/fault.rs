//! Faults: what can be planned to go wrong, for which request, and how often.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::Ask;

/// What goes wrong with one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Fault {
    /// The connection is reset without an answer.
    Drop,
    /// The connection is reset after the first half of the body.
    ResetMidBody,
    /// The connection stays open and nothing comes.
    NeverAnswer,
    /// An error in the service's own form.
    Status {
        /// The HTTP status.
        status: u16,
        /// The header of that name, if any.
        #[serde(default)]
        retry_after: Option<RetryAfter>,
    },
    /// 200 with an HTML page, as a captive portal or a maintenance page sends it.
    Html,
    /// The first half of the JSON as a whole answer.
    TruncatedJson,
    /// A member of the JSON is gone.
    MissingField {
        /// A JSON pointer (RFC 6901); without it, the member that matters most for the request.
        #[serde(default)]
        pointer: Option<String>,
    },
    /// A member of the JSON has another type than it should.
    WrongType {
        /// As for a missing field.
        #[serde(default)]
        pointer: Option<String>,
    },
    /// The answer, then blanks up to 100 MB: valid JSON for whoever reads it all.
    HugeBody,
    /// The answer, one byte a second.
    OneByteASecond,
}

impl Fault {
    /// An error without a Retry-After.
    pub fn status(status: u16) -> Self {
        Self::Status { status, retry_after: None }
    }

    /// An error with a Retry-After.
    pub fn retry_after(status: u16, retry_after: RetryAfter) -> Self {
        Self::Status { status, retry_after: Some(retry_after) }
    }

    /// Whether it is the service's own answer that comes, changed.
    pub(crate) fn changes_the_answer(&self) -> bool {
        !matches!(self, Self::Drop | Self::NeverAnswer | Self::Status { .. } | Self::Html)
    }
}

/// The two forms of a Retry-After header (RFC 9110, section 10.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// A number of seconds.
    Seconds(u64),
    /// The date that is so many seconds ahead of the machine's time when the answer is sent.
    Date(u64),
}

/// Which side of the service's own work a fault falls on. It matters where the work changes
/// something: an execution that was answered with an error may or may not have happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// The service never sees the request.
    #[default]
    Before,
    /// The service does its work; its answer is what is spoiled.
    After,
}

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Times {
    /// The next so many requests of the kind.
    Next(u32),
    /// Every request of the kind until the faults are cleared.
    Always,
}

/// A fault with its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// The kind of request.
    pub ask: Ask,
    /// What goes wrong.
    pub fault: Fault,
    /// On which side of the work.
    #[serde(default)]
    pub when: When,
    /// How often.
    #[serde(default = "once")]
    pub times: Times,
}

fn once() -> Times {
    Times::Next(1)
}

/// The faults that are planned for all services. Those for one kind of request come in the order in
/// which they were planned; one planned for always hides those after it.
#[derive(Debug, Default)]
pub struct Faults {
    planned: Mutex<HashMap<Ask, VecDeque<Planned>>>,
    /// How many are planned, so that a request in peace takes no lock.
    count: AtomicUsize,
}

impl Faults {
    /// Plans a fault.
    pub fn plan(&self, planned: Planned) {
        if planned.times == Times::Next(0) {
            return;
        }
        let mut all = self.all();
        all.entry(planned.ask).or_default().push_back(planned);
        self.count.fetch_add(1, Ordering::Release);
    }

    /// Spoils the next request of a kind, before the service sees it.
    pub fn next(&self, ask: Ask, fault: Fault) {
        self.plan(Planned { ask, fault, when: When::Before, times: Times::Next(1) });
    }

    /// Spoils the answer to the next request of a kind, after the service has done its work.
    pub fn after_next(&self, ask: Ask, fault: Fault) {
        self.plan(Planned { ask, fault, when: When::After, times: Times::Next(1) });
    }

    /// Spoils every request of a kind from now on, before the service sees it.
    pub fn always(&self, ask: Ask, fault: Fault) {
        self.plan(Planned { ask, fault, when: When::Before, times: Times::Always });
    }

    /// Forgets all that is planned.
    pub fn clear(&self) {
        let mut all = self.all();
        all.clear();
        self.count.store(0, Ordering::Release);
    }

    /// What is planned, in no particular order of kinds.
    pub fn planned(&self) -> Vec<Planned> {
        self.all().values().flatten().cloned().collect()
    }

    /// The fault for a request that has just arrived, which uses it up.
    pub(crate) fn take(&self, ask: Ask) -> Option<Planned> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut all = self.all();
        let queue = all.get_mut(&ask)?;
        let first = queue.front_mut()?;
        let taken = first.clone();
        match &mut first.times {
            Times::Next(left) if *left > 1 => *left -= 1,
            Times::Next(_) => {
                queue.pop_front();
                self.count.fetch_sub(1, Ordering::Release);
            }
            Times::Always => {}
        }
        Some(taken)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Ask, VecDeque<Planned>>> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn faults_come_in_order_and_are_used_up() {
        let faults = Faults::default();
        let twice = Times::Next(2);
        faults.plan(Planned { ask: Ask::Stats, fault: Fault::Drop, when: When::Before, times: twice });
        faults.always(Ask::Stats, Fault::Html);
        assert_eq!(faults.take(Ask::Manifest), None);
        let taken: Vec<Fault> = (0..4).map(|_| faults.take(Ask::Stats).unwrap().fault).collect();
        assert_eq!(taken, [Fault::Drop, Fault::Drop, Fault::Html, Fault::Html]);
        faults.clear();
        assert_eq!(faults.take(Ask::Stats), None);
    }

    #[test]
    fn a_fault_reads_from_json_with_its_defaults() {
        let json = r#"{"ask":"execute","fault":{"kind":"status","status":413,"retry_after":{"seconds":2}}}"#;
        let planned: Planned = serde_json::from_str(json).unwrap();
        assert_eq!(planned.fault, Fault::retry_after(413, RetryAfter::Seconds(2)));
        assert_eq!((planned.when, planned.times), (When::Before, Times::Next(1)));
    }
}
