//! Keystone v3 on the wire: sign-in by password or application credential, and the check of a token.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::HeaderName;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::routing::post;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Identity, guard};
use crate::http::{Envelope, Refusal, answer};

type Answer = Result<Response<Body>, Refusal>;

const SUBJECT: HeaderName = HeaderName::from_static("x-subject-token");
const USER_ID: &str = "10050";
const DOMAIN: &str = "default";

pub(super) fn routes() -> Router<Arc<Identity>> {
    Router::new().route("/v3/auth/tokens", post(sign_in).get(check))
}

async fn sign_in(State(identity): State<Arc<Identity>>, body: Bytes) -> Answer {
    let body: Value = serde_json::from_slice(&body)
        .map_err(|_| error(StatusCode::BAD_REQUEST, "Expecting to find valid JSON in the request."))?;
    let auth = &body["auth"];
    let method = identity.v3_method(auth)?;
    let scoped = method == "application_credential" || identity.scoped(&auth["scope"])?;
    let (token, expires) = identity.tokens.issue();
    Ok(identity.described(StatusCode::CREATED, &token, expires, scoped.then_some(method)))
}

async fn check(State(identity): State<Arc<Identity>>, headers: HeaderMap) -> Answer {
    if !guard::is_good(&headers, &identity.tokens) {
        return Err(unauthorized());
    }
    let subject = headers.get(SUBJECT).and_then(|token| token.to_str().ok()).unwrap_or_default();
    let expires = identity
        .tokens
        .expiry(subject)
        .ok_or_else(|| error(StatusCode::NOT_FOUND, "Could not find token."))?;
    Ok(identity.described(StatusCode::OK, subject, expires, Some("password")))
}

impl Identity {
    /// How `auth` identifies the account, if it does.
    fn v3_method(&self, auth: &Value) -> Result<&'static str, Refusal> {
        let identity = &auth["identity"];
        match identity["methods"][0].as_str() {
            Some("password") if self.has_password(&identity["password"]["user"]) => Ok("password"),
            // Keystone refuses a scope beside an application credential, which carries its own.
            Some("application_credential") if auth["scope"].is_null() => {
                let credential = &identity["application_credential"];
                let known = credential["id"] == *self.account.application_credential_id
                    && credential["secret"] == *self.account.application_credential_secret;
                if known { Ok("application_credential") } else { Err(unauthorized()) }
            }
            Some(_) => Err(unauthorized()),
            None => Err(error(StatusCode::BAD_REQUEST, "Expecting to find methods in identity.")),
        }
    }

    fn has_password(&self, user: &Value) -> bool {
        let by_name = user["name"] == *self.account.username && is_domain(&user["domain"]);
        (by_name || user["id"] == USER_ID) && user["password"] == *self.account.password
    }

    /// Whether a project was asked for; one of others is refused.
    fn scoped(&self, scope: &Value) -> Result<bool, Refusal> {
        let project = &scope["project"];
        if project.is_null() {
            return Ok(false);
        }
        let by_name = project["name"] == *self.account.project && is_domain(&project["domain"]);
        if by_name || project["id"] == *self.account.tenant { Ok(true) } else { Err(unauthorized()) }
    }

    /// The description of a token; one without a scope has no project, roles or catalog.
    fn described(
        &self,
        status: StatusCode,
        token: &str,
        expires: Timestamp,
        scoped: Option<&str>,
    ) -> Response<Body> {
        let account = &self.account;
        let domain = json!({ "id": DOMAIN, "name": "Default" });
        let role = |(id, name): (usize, &String)| json!({ "id": id.to_string(), "name": name });
        let mut described = json!({
            "methods": [scoped.unwrap_or("password")],
            "expires_at": format!("{expires:.6}"),
            "issued_at": format!("{:.6}", self.tokens.issued(expires)),
            "user": { "id": USER_ID, "name": account.username, "domain": domain },
        });
        if scoped.is_some() {
            described["project"] = json!({ "id": account.tenant, "name": account.project, "domain": domain });
            described["roles"] = account.roles.iter().enumerate().map(role).collect();
            described["catalog"] = self.catalog.v3().clone();
        }
        let mut response = answer(status, &json!({ "token": described }));
        if let Ok(token) = HeaderValue::from_str(token) {
            response.headers_mut().insert(SUBJECT, token);
        }
        response
    }
}

/// The one domain, by id or name; names know no case.
fn is_domain(domain: &Value) -> bool {
    domain["id"] == DOMAIN || domain["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(DOMAIN))
}

fn unauthorized() -> Refusal {
    error(StatusCode::UNAUTHORIZED, "The request you have made requires authentication.")
}

fn error(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Refusal {
    Envelope::Keystone.refuse(status, message)
}
