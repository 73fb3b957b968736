//! Monitors: where readings come from. A new kind is a file here, a variant of its settings and an arm
//! where monitors are built.

use async_trait::async_trait;

pub mod balancers;
pub mod heartbeat;
pub mod octavia;
pub mod rackspace_lb;

use crate::model::{NoReading, Reading};
use crate::tick::Tick;

/// Something that measures what a group has to carry.
#[async_trait]
pub trait Monitor: Send + Sync {
    /// Measures once. The error says what was asked and what came back; it is never a zero.
    async fn read(&self, tick: &Tick) -> Result<Reading, NoReading>;
}
