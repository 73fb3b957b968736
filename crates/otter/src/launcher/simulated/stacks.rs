//! Imagined stacks: they are created and updated in the time that a server boots, and checked at once.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Simulated, refused, take};
use crate::launcher::{Fault, Link, Stack, StackOrder, StackState, Stacks};

/// A stack, and what becomes of it when.
pub(super) struct Imagined {
    tenant: String,
    stack: Stack,
    next: Option<(Timestamp, StackState)>,
}

impl Imagined {
    fn grow(&mut self, now: Timestamp) {
        if let Some((_, state)) = self.next.take_if(|(when, _)| *when <= now) {
            self.stack.state = state;
        }
    }

    /// Is in that state now, whatever was to become of it.
    fn end_as(&mut self, state: StackState) {
        self.stack.state = state;
        self.next = None;
    }

    fn update_until(&mut self, when: Timestamp) {
        self.stack.state = StackState::Updating;
        self.next = Some((when, StackState::Complete));
    }
}

impl Simulated {
    /// All stacks of all tenants, as they are now.
    pub fn all_stacks(&self) -> Vec<Stack> {
        self.list_stacks(|_| true)
    }

    fn list_stacks(&self, wanted: impl Fn(&Imagined) -> bool) -> Vec<Stack> {
        let now = self.clock.now();
        let mut state = self.state();
        let there = state.stacks.values_mut().filter(|imagined| wanted(imagined));
        there
            .map(|imagined| {
                imagined.grow(now);
                imagined.stack.clone()
            })
            .collect()
    }

    /// Changes a stack as it is now.
    fn change_stack(&self, tenant: &str, id: &str, change: impl FnOnce(&mut Imagined)) -> Result<(), Fault> {
        let now = self.clock.now();
        let mut state = self.state();
        let imagined = state.stacks.get_mut(id).filter(|imagined| imagined.tenant == tenant);
        let imagined = imagined.ok_or_else(|| Fault::Gone(format!("stack {id}")))?;
        imagined.grow(now);
        change(imagined);
        Ok(())
    }

    fn built(&self) -> Timestamp {
        self.clock.now().saturating_add(self.boot).unwrap_or(Timestamp::MAX)
    }
}

#[async_trait]
impl Stacks for Simulated {
    async fn stacks(&self, tenant: &str) -> Result<Vec<Stack>, Fault> {
        if take(&mut self.state().failures.unreadable_stacks) {
            return Err(Fault::Retryable("the simulated cloud does not tell its stacks".to_owned()));
        }
        Ok(self.list_stacks(|imagined| imagined.tenant == tenant))
    }

    async fn create_stack(&self, tenant: &str, order: &StackOrder) -> Result<String, Fault> {
        let (id, built) = (Uuid::new_v4().to_string(), self.built());
        let mut state = self.state();
        refused(&mut state.failures, "stacks")?;
        let end = if take(&mut state.failures.broken) { StackState::Failed } else { StackState::Complete };
        let stack = Stack {
            id: id.clone(),
            state: StackState::Creating,
            created: self.clock.now(),
            tags: vec![order.tag.clone()],
            links: vec![Link { href: format!("simulated:/stacks/{id}"), rel: "self".to_owned() }],
        };
        let imagined = Imagined { tenant: tenant.to_owned(), stack, next: Some((built, end)) };
        state.stacks.insert(id.clone(), imagined);
        drop(state);
        self.announce(built);
        Ok(id)
    }

    async fn check_stack(&self, tenant: &str, id: &str) -> Result<(), Fault> {
        let ails = take(&mut self.state().failures.ailing);
        let found = if ails { StackState::CheckFailed } else { StackState::CheckComplete };
        self.change_stack(tenant, id, |imagined| imagined.end_as(found))
    }

    async fn update_stack(&self, tenant: &str, id: &str, _stack: &Map<String, Value>) -> Result<(), Fault> {
        let built = self.built();
        self.change_stack(tenant, id, |imagined| imagined.update_until(built))?;
        self.announce(built);
        Ok(())
    }

    async fn delete_stack(&self, tenant: &str, id: &str) -> Result<(), Fault> {
        if take(&mut self.state().failures.undeletable) {
            return self.change_stack(tenant, id, |imagined| imagined.end_as(StackState::DeleteFailed));
        }
        self.change_stack(tenant, id, |_| {})?;
        self.state().stacks.remove(id);
        Ok(())
    }
}
