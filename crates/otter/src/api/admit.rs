//! What a request passes before a handler sees it: the intake, and the gate in front of a tenant's routes.

use axum::extract::{Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::Response;

use super::ask::{Names, Query};
use crate::app::App;
use crate::auth::Role;
use crate::error::Error;
use crate::model::history::Caller;

/// The longest User-Agent that is remembered.
const LONGEST_AGENT: usize = 64;

/// Keeps a request in hand until it is answered; turns it away when the service is stopping.
pub(super) async fn take(State(app): State<App>, request: Request, next: Next) -> Result<Response, Error> {
    let _in_hand = app.intake().take()?;
    Ok(next.run(request).await)
}

/// Lets a request through if its token allows what it asks for, and tells the handler who asks.
pub(super) async fn admit(
    State(app): State<App>,
    names: Names,
    query: Query,
    mut request: Request,
    next: Next,
) -> Result<Response, Error> {
    let token = request.headers().get("x-auth-token").and_then(|token| token.to_str().ok());
    let pass = app.gate().admit(token, &names.tenant).await?;
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if pass.role < Role::Admin && (!reads || shows_webhooks(request.uri().path(), &query)) {
        return Err(Error::Forbidden);
    }
    let allowance = app.rates().check_tenant(&names.tenant)?;
    let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let agent = agent.map(|agent| agent.chars().take(LONGEST_AGENT).collect());
    request.extensions_mut().insert(Caller { user: pass.user, agent });
    request.extensions_mut().insert(allowance);
    Ok(next.run(request).await)
}

/// Whether the answer would hold webhooks, whose capabilities are secrets: those of a policy, or a group
/// shown with them.
fn shows_webhooks(path: &str, query: &Query) -> bool {
    path.split('/').any(|part| part == "webhooks") || query.webhooks()
}
