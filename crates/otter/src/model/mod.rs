//! The nouns of the service: what they are, and how they are read from and written as JSON.

pub mod group;
pub mod history;
pub mod launch;
pub mod policy;
mod read;
pub mod state;
pub mod tags;
pub mod webhook;

pub use group::GroupConfig;
pub use history::{Cause, Change};
pub use launch::{BalancerHold, Launch};
pub use policy::{Adjustment, Policy, PolicyKind, When};
pub use read::Problems;
pub use state::{Group, GroupKey, PolicyKey, Status, StoredPolicy};
pub use webhook::Webhook;
