//! The seam to what builds stacks (OpenStack Heat), where a launcher does.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Fault, Link};

/// Builds stacks for tenants. A stack belongs to a group by its tag alone (see [`crate::model::tags`]), so it has
/// to be tagged in the same step that creates it.
#[async_trait]
pub trait Stacks: Send + Sync {
    /// Problems that the cloud would have with the `stack` part of a launch configuration, all of them; none
    /// means it may be stored.
    ///
    /// # Errors
    /// A [`Fault`] when the cloud could not be asked.
    async fn preview(&self, _tenant: &str, _stack: &Map<String, Value>) -> Result<Vec<String>, Fault> {
        Ok(Vec::new())
    }

    /// All stacks of the tenant, those of other hands included.
    ///
    /// # Errors
    /// A [`Fault`] when the list could not be read whole.
    async fn stacks(&self, tenant: &str) -> Result<Vec<Stack>, Fault>;

    /// Orders a stack and returns its id.
    ///
    /// # Errors
    /// A [`Fault`]. After a retryable one the stack may exist nevertheless.
    async fn create_stack(&self, tenant: &str, order: &StackOrder) -> Result<String, Fault>;

    /// Has the cloud look whether all that a stack consists of is well.
    ///
    /// # Errors
    /// A [`Fault`]; [`Fault::Gone`] if there is no such stack.
    async fn check_stack(&self, tenant: &str, id: &str) -> Result<(), Fault>;

    /// Brings a stack to what its launch configuration says, and mends what a check has found.
    ///
    /// # Errors
    /// A [`Fault`]; [`Fault::Gone`] if there is no such stack.
    async fn update_stack(&self, tenant: &str, id: &str, stack: &Map<String, Value>) -> Result<(), Fault>;

    /// Deletes a stack. Returns when the cloud has taken the order.
    ///
    /// # Errors
    /// A [`Fault`]; [`Fault::Gone`] if there is no such stack.
    async fn delete_stack(&self, tenant: &str, id: &str) -> Result<(), Fault>;
}

/// An order for one stack.
#[derive(Debug, Clone, PartialEq)]
pub struct StackOrder {
    /// The stack's name, which no other has.
    pub name: String,
    /// What makes it a member of its group.
    pub tag: String,
    /// The `stack` object of the launch configuration as the user gave it.
    pub stack: Map<String, Value>,
}

/// A stack as a launcher sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stack {
    /// The launcher's id of it.
    pub id: String,
    /// How it is.
    pub state: StackState,
    /// When it was ordered.
    pub created: Timestamp,
    /// Its tags.
    pub tags: Vec<String>,
    /// Links to the stack, as they stand in the group's state.
    pub links: Vec<Link>,
}

/// Heat's actions and statuses, as far as convergence tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StackState {
    /// Created or updated (CREATE_COMPLETE, UPDATE_COMPLETE).
    Complete,
    /// That failed (CREATE_FAILED, UPDATE_FAILED).
    Failed,
    /// Checked and found well.
    CheckComplete,
    /// Checked and found wanting.
    CheckFailed,
    /// Being created.
    Creating,
    /// Being updated or checked; it serves meanwhile.
    Updating,
    /// On its way out.
    Deleting,
    /// It cannot be deleted.
    DeleteFailed,
}
