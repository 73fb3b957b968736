//! How often a tenant may ask and a capability may be used.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::error::Error;
use crate::settings::Limits;

/// Checks between two cleanings of keys that have not been used for a while.
const CLEAN_AFTER: u32 = 10_000;

/// The limiters; `None` where rates are not limited.
pub(crate) struct Rates {
    tenants: Option<Limiter>,
    capabilities: Option<Limiter>,
}

/// What a request that was let through leaves to those after it; `None` where rates are not limited.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance(pub(crate) Option<u32>);

/// A limiter that tells how much is left.
type Keyed = RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

struct Limiter {
    limiter: Keyed,
    checks: AtomicU32,
    status: u16,
}

impl Rates {
    /// Limiters for these rates; a rate of 0 is none.
    pub(crate) fn new(limits: &Limits) -> Self {
        let limiter = |rate: u32, quota: fn(NonZeroU32) -> Quota| {
            let rate = NonZeroU32::new(rate).filter(|_| limits.rates)?;
            let limiter = RateLimiter::keyed(quota(rate)).with_middleware();
            Some(Limiter { limiter, checks: AtomicU32::new(0), status: limits.over_limit_status })
        };
        Self {
            tenants: limiter(limits.requests_per_minute, Quota::per_minute),
            capabilities: limiter(limits.executions_per_second, Quota::per_second),
        }
    }

    /// Whether a tenant may ask now.
    pub(crate) fn check_tenant(&self, tenant: &str) -> Result<Allowance, Error> {
        let left = self.tenants.as_ref().map(|limiter| limiter.check(tenant)).transpose()?;
        Ok(Allowance(left))
    }

    /// Whether a capability may be used now. A hash is kept, not the capability.
    pub(crate) fn check_capability(&self, capability: &str) -> Result<(), Error> {
        let hash = crate::secret::capability_hash(capability);
        self.capabilities.as_ref().map_or(Ok(()), |limiter| limiter.check(&hash).map(|_| ()))
    }
}

impl Limiter {
    /// How many more may come at once after this one.
    fn check(&self, key: &str) -> Result<u32, Error> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % CLEAN_AFTER == CLEAN_AFTER - 1 {
            self.limiter.retain_recent();
        }
        let checked = self.limiter.check_key(&key.to_owned());
        checked.map(|state| state.remaining_burst_capacity()).map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            Error::OverRate { retry_after: wait.as_secs() + 1, status: self.status }
        })
    }
}
