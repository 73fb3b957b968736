//! Scalers: what a fleet is and how it is moved. A new kind is a file here, a variant of its settings and
//! an arm where scalers are built.

use async_trait::async_trait;
use cloud::Fault;

pub mod autoscale;
pub mod heroku;

use crate::model::{Change, Fleet, Outcome, Unreadable};
use crate::tick::Tick;

/// Something that keeps a fleet at a desired size.
#[async_trait]
pub trait Scaler: Send + Sync {
    /// The fleet now. Of what rarely changes, `remembered` may be given back for a while, unless
    /// `detail` asks for all of it anew.
    async fn fleet(&self, tick: &Tick, detail: Detail<'_>) -> Result<Seen, Unreadable>;

    /// Makes `change`, at most once.
    async fn scale(&self, tick: &Tick, change: &Change) -> Scaled;
}

/// How fresh a fleet's limits, cooldowns and moves must be; its numbers are always fresh.
#[derive(Debug, Clone, Copy)]
pub enum Detail<'a> {
    /// As they were seen by an earlier pass, if that is not long ago.
    Remembered(Option<&'a Fleet>),
    /// As they are: a move depends on them.
    Anew,
}

/// A fleet and the flavors of its servers.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The fleet.
    pub fleet: Fleet,
    /// The flavor of each active server, where the settings ask for it.
    pub flavors: Option<Vec<String>>,
}

/// What became of a change, and the service's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scaled {
    /// The outcome.
    pub outcome: Outcome,
    /// Why, where it was not simply made.
    pub error: Option<String>,
}

fn unreadable(fault: Fault) -> Unreadable {
    match fault {
        Fault::SignInRefused { .. } => Unreadable::SignInRefused(fault.to_string()),
        fault => Unreadable::Failed(fault.to_string()),
    }
}
