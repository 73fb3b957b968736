//! Identity v2.0 on the wire: sign-in by API key, password or token, and the check of a token.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::{get, post};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Identity, guard};
use crate::http::{Envelope, Refusal, answer};

type Answer = Result<Response<Body>, Refusal>;

pub(super) fn routes() -> Router<Arc<Identity>> {
    Router::new().route("/v2.0/tokens", post(sign_in)).route("/v2.0/tokens/{token}", get(check))
}

async fn sign_in(State(identity): State<Arc<Identity>>, RawQuery(query): RawQuery, body: Bytes) -> Answer {
    let body: Value = serde_json::from_slice(&body).map_err(|_| malformed("Invalid json request body"))?;
    let auth = &body["auth"];
    let method = identity.method(auth)?;
    identity.own_tenant(auth)?;
    let (token, expires) = identity.tokens.issue();
    let mut access = identity.access(&token, expires, method);
    if query.is_none_or(|query| query != "include_endpoints=false") {
        access["serviceCatalog"] = identity.catalog.v2().clone();
    }
    Ok(answer(StatusCode::OK, &json!({ "access": access })))
}

async fn check(
    State(identity): State<Arc<Identity>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Answer {
    if !guard::is_good(&headers, &identity.tokens) {
        return Err(error(StatusCode::UNAUTHORIZED, "No valid token provided."));
    }
    let expires = identity.tokens.expiry(&token).ok_or_else(not_found)?;
    Ok(answer(StatusCode::OK, &json!({ "access": identity.access(&token, expires, "APIKEY") })))
}

impl Identity {
    /// How `auth` identifies the account, if it does.
    fn method(&self, auth: &Value) -> Result<&'static str, Refusal> {
        let (key, password) = (&auth["RAX-KSKEY:apiKeyCredentials"], &auth["passwordCredentials"]);
        if key.is_object() {
            self.known(key, "apiKey", &self.account.api_key).map(|()| "APIKEY")
        } else if password.is_object() {
            self.known(password, "password", &self.account.password).map(|()| "PASSWORD")
        } else if let Some(token) = auth["token"]["id"].as_str() {
            self.tokens.expiry(token).map(|_| "APIKEY").ok_or_else(not_found)
        } else {
            Err(malformed("Invalid request body: unable to parse Auth data."))
        }
    }

    fn known(&self, given: &Value, field: &str, secret: &str) -> Result<(), Refusal> {
        let (Some(username), Some(given)) = (given["username"].as_str(), given[field].as_str()) else {
            return Err(malformed("Expecting username and a secret of its kind."));
        };
        if username == self.account.username && given == secret {
            Ok(())
        } else {
            Err(error(StatusCode::UNAUTHORIZED, "Unable to authenticate user with credentials provided."))
        }
    }

    /// Checks the tenant that was asked for, which a token cannot do without.
    fn own_tenant(&self, auth: &Value) -> Result<(), Refusal> {
        let asked = (auth["tenantId"].as_str(), auth["tenantName"].as_str());
        match asked {
            (Some(_), Some(_)) => Err(malformed("Invalid request. Only one of tenantId and tenantName.")),
            (Some(tenant), None) | (None, Some(tenant)) if tenant != self.account.tenant => {
                let message = format!("Tenant with Name/Id: '{tenant}' is not valid for User.");
                Err(error(StatusCode::UNAUTHORIZED, message))
            }
            (None, None) if auth["token"].is_object() => {
                Err(malformed("Invalid request. Specify tenantId or tenantName."))
            }
            _ => Ok(()),
        }
    }

    fn access(&self, token: &str, expires: Timestamp, method: &str) -> Value {
        let account = &self.account;
        let role = |(id, name): (usize, &String)| json!({ "id": id.to_string(), "name": name });
        json!({
            "token": {
                "id": token,
                "expires": format!("{expires:.3}"),
                "tenant": { "id": account.tenant, "name": account.tenant },
                "RAX-AUTH:authenticatedBy": [method],
            },
            "user": {
                "id": "10050",
                "name": account.username,
                "RAX-AUTH:defaultRegion": self.region,
                "roles": account.roles.iter().enumerate().map(role).collect::<Vec<_>>(),
            },
        })
    }
}

fn malformed(message: &'static str) -> Refusal {
    error(StatusCode::BAD_REQUEST, message)
}

fn not_found() -> Refusal {
    error(StatusCode::NOT_FOUND, "Token not found.")
}

fn error(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Refusal {
    Envelope::Wrapped.refuse(status, message)
}
