//! The tokens that were issued, until they expire by the sandbox's clock or are revoked.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use otter::auth::Role;
use otter::clock::Clock as _;
use uuid::Uuid;

use crate::clock::MovableClock;
use crate::plan::Plan;

/// All tokens of the one account.
pub(crate) struct Tokens {
    life: Duration,
    role: Option<Role>,
    clock: Arc<MovableClock>,
    expiries: RwLock<HashMap<String, Timestamp>>,
}

impl Tokens {
    pub(crate) fn new(plan: &Plan, clock: Arc<MovableClock>) -> Self {
        let role = Role::widest(plan.account.roles.iter().map(String::as_str));
        Self { life: plan.token_life, role, clock, expiries: RwLock::default() }
    }

    /// What their holder may do in Autoscale.
    pub(crate) fn role(&self) -> Option<Role> {
        self.role
    }

    /// Issues a token: its id, and when it expires.
    pub(crate) fn issue(&self) -> (String, Timestamp) {
        let token = Uuid::new_v4().simple().to_string();
        let expiry = self.clock.after(self.life);
        self.expiries.write().unwrap_or_else(PoisonError::into_inner).insert(token.clone(), expiry);
        (token, expiry)
    }

    /// When a token was issued that expires then.
    pub(crate) fn issued(&self, expiry: Timestamp) -> Timestamp {
        expiry.checked_sub(self.life).unwrap_or(Timestamp::MIN)
    }

    /// When a token expires; `None` for one that is not good.
    pub(crate) fn expiry(&self, token: &str) -> Option<Timestamp> {
        let expiries = self.expiries.read().unwrap_or_else(PoisonError::into_inner);
        expiries.get(token).copied().filter(|expiry| *expiry > self.clock.now())
    }

    /// Makes every token issued so far worthless.
    pub(crate) fn revoke_all(&self) {
        self.expiries.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
