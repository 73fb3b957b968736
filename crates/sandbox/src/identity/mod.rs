//! Identity: who may sign in, what tokens are good, and one catalog over all services.

mod catalog;
mod guard;
mod tokens;
mod v2;
mod v3;

use std::sync::Arc;

use axum::Router;

use crate::plan::{Account, Plan};

pub(crate) use catalog::{Catalog, Endpoints};
pub(crate) use guard::guarded;
pub(crate) use tokens::Tokens;

/// The identity service.
pub(crate) struct Identity {
    account: Account,
    region: String,
    catalog: Catalog,
    tokens: Arc<Tokens>,
}

impl Identity {
    pub(crate) fn new(plan: &Plan, endpoints: &Endpoints, tokens: Arc<Tokens>) -> Self {
        Self {
            account: plan.account.clone(),
            region: plan.region.clone(),
            catalog: Catalog::new(endpoints, &plan.region, &plan.account.tenant),
            tokens,
        }
    }

    /// Both versions under their own paths, as they stand side by side in many clouds.
    pub(crate) fn router(self) -> Router {
        let identity = Arc::new(self);
        v2::routes().merge(v3::routes()).with_state(identity)
    }
}
