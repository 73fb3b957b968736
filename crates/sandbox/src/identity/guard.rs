//! The guard in front of a service, as a proxy stood before the real ones: no good token, no answer.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Response, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::IntoResponse as _;

use otter::auth::Role;

use super::Tokens;
use crate::http::{Api, CAPABILITY, Envelope};

struct Guard {
    tokens: Arc<Tokens>,
    api: Api,
}

/// Lets only requests with a good token reach `router`.
pub(crate) fn guarded(router: Router, api: Api, tokens: Arc<Tokens>) -> Router {
    router.layer(from_fn_with_state(Arc::new(Guard { tokens, api }), check))
}

async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response<Body> {
    match guard.objection(&request) {
        None => next.run(request).await,
        Some((status, why)) => {
            Envelope::of(guard.api, request.uri().path()).refuse(status, why).into_response()
        }
    }
}

impl Guard {
    fn objection(&self, request: &Request) -> Option<(StatusCode, &'static str)> {
        if self.api == Api::Autoscale && request.uri().path().starts_with(CAPABILITY) {
            None
        } else if !is_good(request.headers(), &self.tokens) {
            Some((StatusCode::UNAUTHORIZED, "The request you have made requires authentication."))
        } else if !self.has_the_role(request.method()) {
            Some((StatusCode::FORBIDDEN, "You are not authorized to perform this action."))
        } else {
            None
        }
    }

    /// Autoscale alone asks for a role: any that counts for reading, that of an admin for the rest.
    fn has_the_role(&self, method: &Method) -> bool {
        self.api != Api::Autoscale
            || match self.tokens.role() {
                Some(Role::Admin) => true,
                Some(Role::Observer) => method.is_safe(),
                None => false,
            }
    }
}

pub(super) fn is_good(headers: &HeaderMap, tokens: &Tokens) -> bool {
    let token = headers.get("X-Auth-Token").and_then(|token| token.to_str().ok());
    token.is_some_and(|token| tokens.expiry(token).is_some())
}
