//! The seam to whatever runs servers; one file for each kind of launcher.

mod process;
mod simulated;
mod stacks;

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::watch;

pub use crate::fault::Fault;
pub use process::{Process, ProcessSettings};
pub use simulated::{Failures, Simulated};
pub use stacks::{Stack, StackOrder, StackState, Stacks};

/// Runs servers for tenants and remembers the metadata they were given.
///
/// Membership of a server in a group is its metadata alone (see [`crate::model::tags`]), so a
/// launcher has to store `metadata` in the same step that creates the server: a service that dies
/// right after the order must find the server by it.
#[async_trait]
pub trait Launcher: Send + Sync + 'static {
    /// Problems that the cloud would have with the `server` part of a launch configuration
    /// (image, flavor, personality), all of them; none means it may be stored.
    ///
    /// # Errors
    /// A [`Fault`] when the cloud could not be asked.
    async fn check(&self, _tenant: &str, _server: &Map<String, Value>) -> Result<Vec<String>, Fault> {
        Ok(Vec::new())
    }

    /// All servers of the tenant, those of other hands included.
    ///
    /// # Errors
    /// A [`Fault`] when the list could not be read whole; a part of it is never returned.
    async fn servers(&self, tenant: &str) -> Result<Vec<Server>, Fault>;

    /// Orders one server and returns its id; the server may still be building.
    ///
    /// # Errors
    /// A [`Fault`]. After a retryable one the server may exist nevertheless: the next
    /// [`Launcher::servers`] tells.
    async fn create(&self, tenant: &str, order: &Order) -> Result<String, Fault>;

    /// Deletes a server. Returns when the cloud has taken the order, not when the server is gone.
    ///
    /// # Errors
    /// A [`Fault`]; [`Fault::Gone`] if there is no such server.
    async fn delete(&self, tenant: &str, id: &str) -> Result<(), Fault>;

    /// Changes metadata keys of a server, leaving the others.
    ///
    /// # Errors
    /// A [`Fault`]; [`Fault::Gone`] if there is no such server.
    async fn tag(&self, tenant: &str, id: &str, tags: &Tags) -> Result<(), Fault>;

    /// A counter that rises whenever some server changed its status by itself (a boot is done, a
    /// process died). With it waiting groups are looked at as soon as there is something to see;
    /// without it, every interval.
    fn changes(&self) -> Option<watch::Receiver<u64>> {
        None
    }

    /// Stacks, where it builds such. A launch configuration of them is refused where it does not.
    fn stacks(&self) -> Option<&dyn Stacks> {
        None
    }
}

/// Metadata keys that are to be set (`Some`) or removed (`None`).
pub type Tags = BTreeMap<String, Option<String>>;

/// An order for one server.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// The server's name, `{name}-as{8 hex}`.
    pub name: String,
    /// The `server` object of the launch configuration as the user gave it (flavorRef, imageRef
    /// and whatever else), without name and metadata.
    pub server: Map<String, Value>,
    /// The user's metadata and that of the service.
    pub metadata: BTreeMap<String, String>,
}

/// A server as a launcher sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// The launcher's id of it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How it is.
    pub status: ServerStatus,
    /// Why it failed, where the launcher knows: how its process ended and what it said last, what a cloud tells
    /// of an ERROR.
    pub fault: Option<String>,
    /// Whether its deletion is under way (Nova's `task_state` is `deleting`).
    pub deleting: bool,
    /// When it was ordered.
    pub created: Timestamp,
    /// What it was given at creation and tagged with since.
    pub metadata: BTreeMap<String, String>,
    /// The address at which balancers reach it, once known.
    pub address: Option<String>,
    /// The port at which balancers reach it, where the launcher gives every server its own; else
    /// the port of the launch configuration's load balancer holds.
    pub port: Option<u16>,
    /// Links to the server, as they stand in the group's state.
    pub links: Vec<Link>,
}

/// A link, as in the bodies of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Where to.
    pub href: String,
    /// What it is, such as `self`.
    pub rel: String,
}

/// Nova's server statuses, as far as convergence tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServerStatus {
    /// Serving.
    Active,
    /// Booting.
    Build,
    /// Failed; never to be of use.
    Error,
    /// Stopped; to be replaced.
    Shutoff,
    /// In the midst of something that ends by itself: HARD_REBOOT, MIGRATING, PASSWORD, REBUILD,
    /// RESIZE, REVERT_RESIZE.
    Wait,
    /// In a state that a person chose: RESCUE, VERIFY_RESIZE, SUSPENDED.
    AvoidReplacing,
    /// Gone.
    Deleted,
    /// Anything else.
    Unknown,
}

impl From<&str> for ServerStatus {
    /// Reads the word that Nova uses.
    fn from(word: &str) -> Self {
        match word {
            "ACTIVE" => Self::Active,
            "BUILD" => Self::Build,
            "ERROR" => Self::Error,
            "SHUTOFF" => Self::Shutoff,
            "HARD_REBOOT" | "MIGRATING" | "PASSWORD" | "REBUILD" | "RESIZE" | "REVERT_RESIZE" => Self::Wait,
            "RESCUE" | "VERIFY_RESIZE" | "SUSPENDED" => Self::AvoidReplacing,
            "DELETED" => Self::Deleted,
            _ => Self::Unknown,
        }
    }
}

/// Sets and removes metadata keys, as [`Launcher::tag`] has it.
fn apply_tags(metadata: &mut BTreeMap<String, String>, tags: &Tags) {
    for (key, value) in tags {
        match value {
            Some(value) => metadata.insert(key.clone(), value.clone()),
            None => metadata.remove(key),
        };
    }
}
