//! A dry run's journal: it reads the real one once a group and keeps what it adds to itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::{Entry, Fault, Guard, Journal, State};

/// Looks at another journal, never writes to it, and remembers in the process.
pub struct Rehearsal<J> {
    real: J,
    states: Arc<Mutex<HashMap<String, State>>>,
}

impl<J: Journal> Rehearsal<J> {
    /// A rehearsal that starts where `real` stands.
    pub fn new(real: J) -> Rehearsal<J> {
        Rehearsal { real, states: Arc::default() }
    }
}

struct Part {
    group: String,
    state: State,
    states: Arc<Mutex<HashMap<String, State>>>,
}

#[async_trait]
impl<J: Journal> Journal for Rehearsal<J> {
    async fn lock(&self, group: &str) -> Result<Box<dyn Guard>, Fault> {
        let state = self.peek(group).await?;
        Ok(Box::new(Part { group: group.to_owned(), state, states: Arc::clone(&self.states) }))
    }

    async fn peek(&self, group: &str) -> Result<State, Fault> {
        let rehearsed = self.states.lock().unwrap_or_else(PoisonError::into_inner).get(group).cloned();
        match rehearsed {
            Some(state) => Ok(state),
            None => self.real.peek(group).await,
        }
    }
}

#[async_trait]
impl Guard for Part {
    async fn recall(&mut self) -> Result<State, Fault> {
        Ok(self.state.clone())
    }

    async fn append(&mut self, entries: &[Entry]) -> Result<(), Fault> {
        entries.iter().for_each(|entry| self.state.fold(entry));
        Ok(())
    }

    async fn checkpoint(&mut self, state: &State) -> Result<(), Fault> {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        states.insert(self.group.clone(), state.clone());
        Ok(())
    }
}
