//! The guard in front of a service: no good token, no answer.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::IntoResponse as _;

use super::Tokens;
use crate::http::{Api, Envelope};

struct Guard {
    tokens: Arc<Tokens>,
    api: Api,
}

/// Lets only requests with a good token reach `router`.
pub(crate) fn guarded(router: Router, api: Api, tokens: Arc<Tokens>) -> Router {
    router.layer(from_fn_with_state(Arc::new(Guard { tokens, api }), check))
}

async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response<Body> {
    if is_good(request.headers(), &guard.tokens) {
        return next.run(request).await;
    }
    let envelope = Envelope::of(guard.api, request.uri().path());
    envelope
        .refuse(StatusCode::UNAUTHORIZED, "The request you have made requires authentication.")
        .into_response()
}

pub(super) fn is_good(headers: &HeaderMap, tokens: &Tokens) -> bool {
    let token = headers.get("X-Auth-Token").and_then(|token| token.to_str().ok());
    token.is_some_and(|token| tokens.expiry(token).is_some())
}
