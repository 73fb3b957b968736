//! The controller: observe, decide, act, record; one group at a time within a pass, many side by side.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::stream::{self, StreamExt};
use jiff::Timestamp;

mod pass;
pub mod status;
pub mod timed;

use crate::journal::Journal;
use crate::known::Known;
use crate::monitor::Monitor;
use crate::notifier::Notices;
use crate::record::Record;
use crate::rulebook::Rulebook;
use crate::scaler::Scaler;
use crate::settings::Capacities;
use crate::tick::Tick;

/// Groups worked at the same time within one pass. It bounds memory and open connections; what goes out
/// is bounded by each service's rate besides.
const SIDE_BY_SIDE: usize = 64;

/// One group's rules and the parts that work it.
pub struct Group {
    /// Its name in the settings.
    pub name: String,
    /// Its journal's key: the same for every process that works this group of this cloud.
    pub key: String,
    /// What the user set.
    pub rules: Rulebook,
    /// Where its readings come from.
    pub monitor: Box<dyn Monitor>,
    /// What moves it.
    pub scaler: Box<dyn Scaler>,
    /// What servers carry, by flavor.
    pub capacity: Arc<Capacities>,
    /// Servers on the same balancers that the group does not own, flavor to count.
    pub fixed: BTreeMap<String, u32>,
}

/// Works groups.
pub struct Controller {
    /// The groups, in the order of the settings.
    pub groups: Vec<Group>,
    /// Where their past is kept.
    pub journal: Box<dyn Journal>,
    /// Who is told of it; the controller leaves what is to be told, and others send it.
    pub notices: Arc<Notices>,
    /// What the cloud need not be asked again.
    pub known: Arc<Known>,
    /// Decide and tell, but change nothing.
    pub dry_run: bool,
}

impl Controller {
    /// One pass over every group. Each record is handed to `tell` as soon as it and all before it are
    /// there, in the order of the settings.
    pub async fn tick(&self, tick: Tick, mut tell: impl FnMut(&Record)) {
        let passes = self.groups.iter().map(|group| self.pass(group, tick));
        let mut passes = stream::iter(passes).buffered(SIDE_BY_SIDE);
        while let Some(record) = passes.next().await {
            tell(&record);
        }
        if !self.dry_run {
            self.known.save();
        }
    }
}

/// The tick that starts now.
pub fn tick_now(deadline: std::time::Duration) -> Tick {
    Tick { at: Timestamp::now(), deadline: tokio::time::Instant::now() + deadline }
}
