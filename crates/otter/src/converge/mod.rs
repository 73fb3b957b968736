//! PURE: how a group gets from the servers or stacks it has to those it should have.
//!
//! What was gathered goes in, steps come out; [`crate::worker`] gathers and carries out. Read [`plan`]
//! first, then `servers` (which stay, which go), `nodes` and `rackconnect` (which balancers know them), `calls`
//! (what of that fits into one round), `losses` (what failed, and whether replacing it has to wait), `stacks` (the
//! same for stacks) and `verdict` (how the round went, and when the next one is).

mod calls;
mod losses;
mod nodes;
mod plan;
mod rackconnect;
mod servers;
mod stacks;
#[cfg(test)]
mod tests;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::balancer::{Condition, NewNode, Pool};
use crate::launcher::{Server, Stack};
use crate::model::state::ActiveServer;

pub use plan::{plan, remembered};
pub use rackconnect::Members;
pub use stacks::StackStep;
pub use verdict::{Verdict, apply, judge};

/// What a group should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// How many servers or stacks it should have.
    pub desired: usize,
    /// Whether a unit of its capacity is a stack, and not a server.
    pub of_stacks: bool,
    /// Whether it should be gone altogether.
    pub deleting: bool,
    /// How long a server gets to end its connections before it goes.
    pub draining: Option<Duration>,
}

/// What a group is.
#[derive(Debug, Clone, Default)]
pub struct Seen<'g> {
    /// Its servers.
    pub servers: Vec<&'g Server>,
    /// Its stacks.
    pub stacks: Vec<&'g Stack>,
    /// How it was before.
    pub past: Past,
    /// Servers that it had when it was last looked at and that are gone since.
    pub vanished: Vec<Known>,
    /// The ids of those whose address another server has by now, of this group or another, and with it the node.
    pub inherited: BTreeSet<String>,
    /// The balancers that they join; `None` for one that does not exist.
    pub pools: BTreeMap<String, Option<Pool>>,
    /// The RackConnect v3 pools that they join.
    pub members: Members,
}

/// What a group was when it was last looked at.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// The ids of its servers or stacks that have been in service.
    pub served: BTreeSet<String>,
    /// Whether its last rounds failed.
    pub failing: bool,
}

/// What is remembered of a server: of what use it was, and how its nodes can be removed when it has vanished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Its id.
    pub id: String,
    /// Its address.
    pub address: String,
    /// Its own port, if it has one.
    pub port: Option<u16>,
    /// The balancers it joined.
    pub balancers: Vec<String>,
    /// The RackConnect v3 pools it joined.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<String>,
    /// Whether it has been in service.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub served: bool,
}

/// One thing to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Order a server.
    Create,
    /// Delete a server.
    Delete {
        /// Which.
        server: String,
    },
    /// Mark a server as on its way out.
    Drain {
        /// Which.
        server: String,
    },
    /// Add nodes to a balancer.
    Add {
        /// Which balancer.
        balancer: String,
        /// The nodes.
        nodes: Vec<NewNode>,
    },
    /// Change a node's condition.
    Change {
        /// The balancer.
        balancer: String,
        /// The node.
        node: String,
        /// To what.
        condition: Condition,
    },
    /// Put a server into a RackConnect v3 pool.
    Join {
        /// The pool.
        pool: String,
        /// The server.
        server: String,
    },
    /// Take a server out of a RackConnect v3 pool.
    Leave {
        /// The pool.
        pool: String,
        /// The server.
        server: String,
    },
    /// Remove nodes.
    Remove {
        /// The balancer.
        balancer: String,
        /// The nodes.
        nodes: Vec<String>,
    },
    /// Something to do with stacks.
    Stack(StackStep),
}

/// What to do in one round, and how far the group is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// What to do.
    pub steps: Vec<Step>,
    /// The servers or stacks in service. A server is if it is active and on all its balancers, also while it is being
    /// drained.
    pub active: Vec<ActiveServer>,
    /// What is to be remembered of the servers.
    pub known: Vec<Known>,
    /// What is waited for: a building server or stack, a draining server.
    pub waits: Vec<String>,
    /// What is waited for with less patience: a server in the midst of something.
    pub limited: Vec<String>,
    /// Servers or stacks that failed and are replaced, with the reasons.
    pub lost: Vec<String>,
    /// What will not mend itself.
    pub failures: Vec<String>,
    /// When there is something new to see at the latest, where that is known.
    pub look_again: Option<Timestamp>,
}
