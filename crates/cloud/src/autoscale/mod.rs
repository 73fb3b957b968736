//! Autoscale v1.0 (Otter): the groups, one group's manifest, and the execution of a policy.

mod execute;
mod manifest;
mod state;

pub use execute::{Executed, execute};
pub use manifest::{Config, Effect, Launch, Manifest, Policy, manifest};
pub use state::{GroupEntry, State, groups};
