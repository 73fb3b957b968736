//! Keystone v3: what is sent to `/auth/tokens`, and what comes back.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Grant;
use crate::catalog::{Catalog, Endpoint};
use crate::credentials::{ApplicationCredential, Credentials, Domain, Identifier};
use crate::json::{self, BadBody, null_is_default};

/// `POST {base}/v3/auth/tokens`, whether or not the base names the version.
pub(super) fn address(base: &str) -> String {
    let base = base.trim_end_matches('/');
    format!("{}/v3/auth/tokens", base.strip_suffix("/v3").unwrap_or(base))
}

/// The body of a sign-in; none if Keystone does not know this kind of credentials. An application
/// credential carries its scope, and Keystone refuses one that is sent beside it.
pub(super) fn body(credentials: &Credentials) -> Option<Value> {
    match credentials {
        Credentials::Password { user, password, project } => {
            let mut user = identifier(user);
            user["password"] = json!(password.expose_secret());
            let mut auth = json!({"identity": {"methods": ["password"], "password": {"user": user}}});
            if let Some(project) = project {
                auth["scope"] = json!({"project": identifier(project)});
            }
            Some(json!({ "auth": auth }))
        }
        Credentials::ApplicationCredential { credential, secret } => {
            let mut named = match credential {
                ApplicationCredential::Id(id) => json!({ "id": id }),
                ApplicationCredential::Name { name, user } => json!({"name": name, "user": identifier(user)}),
            };
            named["secret"] = json!(secret.expose_secret());
            let identity = json!({"methods": ["application_credential"], "application_credential": named});
            Some(json!({"auth": {"identity": identity}}))
        }
        _ => None,
    }
}

fn identifier(identifier: &Identifier) -> Value {
    match identifier {
        Identifier::Id(id) => json!({ "id": id }),
        Identifier::Name { name, domain: Domain::Id(id) } => json!({"name": name, "domain": {"id": id}}),
        Identifier::Name { name, domain: Domain::Name(domain) } => {
            json!({"name": name, "domain": {"name": domain}})
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    token: Token,
}

#[derive(Deserialize)]
struct Token {
    expires_at: Timestamp,
    project: Option<Project>,
    user: Option<User>,
    catalog: Option<Vec<Listing>>,
}

#[derive(Deserialize)]
struct Project {
    id: String,
}

#[derive(Deserialize)]
struct User {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Listing {
    #[serde(rename = "type")]
    service_type: String,
    name: Option<String>,
    #[serde(default, deserialize_with = "null_is_default")]
    endpoints: Vec<ListedEndpoint>,
}

#[derive(Deserialize)]
struct ListedEndpoint {
    interface: String,
    region_id: Option<String>,
    region: Option<String>,
    url: String,
}

/// Reads the answer to a sign-in, whose token came in the header `X-Subject-Token`.
pub(super) fn parse(
    body: &[u8],
    subject_token: Option<SecretString>,
    received: Timestamp,
) -> Result<Grant, BadBody> {
    let Answer { token } = json::read_secret(body)?;
    let subject_token =
        subject_token.ok_or_else(|| BadBody("the header X-Subject-Token is missing".into()))?;
    Ok(Grant {
        token: subject_token,
        expires: Some(token.expires_at),
        received,
        user: token.user.and_then(|user| user.name),
        project: token.project.map(|project| project.id),
        default_region: None,
        catalog: Catalog(token.catalog.unwrap_or_default().into_iter().flat_map(public).collect()),
    })
}

fn public(listing: Listing) -> impl Iterator<Item = Endpoint> {
    let Listing { service_type, name, endpoints } = listing;
    let name = name.unwrap_or_default();
    endpoints.into_iter().filter(|endpoint| endpoint.interface == "public").map(move |endpoint| Endpoint {
        service_type: service_type.clone(),
        name: name.clone(),
        region: endpoint.region_id.or(endpoint.region).filter(|region| !region.is_empty()),
        url: endpoint.url,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Service;

    const ANSWER: &str = r#"{"token":{"methods":["password"],"expires_at":"2026-08-11T20:00:44.123456Z",
        "project":{"id":"p1","name":"web","domain":{"id":"default","name":"Default"}},
        "user":{"id":"u1","name":"ann","domain":{"id":"default","name":"Default"}},
        "catalog":[{"id":"c","type":"load-balancer","name":"octavia","endpoints":[
          {"id":"1","interface":"internal","region":"R1","region_id":"R1","url":"http://inside"},
          {"id":"2","interface":"public","region":"R1","region_id":"R1","url":"http://outside"}]}]}}"#;

    #[test]
    fn the_public_interface_is_taken() {
        let grant =
            parse(ANSWER.as_bytes(), Some("t0k".into()), Timestamp::UNIX_EPOCH).expect("a good answer");
        assert_eq!(grant.token.expose_secret(), "t0k");
        assert_eq!(grant.catalog.pick(Service::Octavia, None), Ok("http://outside"));
        assert_eq!(grant.project.as_deref(), Some("p1"));
    }

    #[test]
    fn a_token_that_is_nowhere_is_named() {
        let BadBody(what) =
            parse(ANSWER.as_bytes(), None, Timestamp::UNIX_EPOCH).map(|_| ()).expect_err("no token");
        assert!(what.contains("X-Subject-Token"), "{what}");
    }

    #[test]
    fn a_password_is_scoped_to_its_project() {
        let credentials = Credentials::Password {
            user: Identifier::Name { name: "ann".into(), domain: Domain::Name("Default".into()) },
            password: "pw".into(),
            project: Some(Identifier::Id("p1".into())),
        };
        let expected = json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user":
                {"name": "ann", "domain": {"name": "Default"}, "password": "pw"}}},
            "scope": {"project": {"id": "p1"}}}});
        assert_eq!(body(&credentials), Some(expected));
    }

    #[test]
    fn an_application_credential_goes_without_a_scope() {
        let user = Identifier::Id("u1".into());
        let credential = ApplicationCredential::Name { name: "scaler".into(), user };
        let credentials = Credentials::ApplicationCredential { credential, secret: "s".into() };
        let expected = json!({"auth": {"identity": {"methods": ["application_credential"],
            "application_credential": {"name": "scaler", "user": {"id": "u1"}, "secret": "s"}}}});
        assert_eq!(body(&credentials), Some(expected));
    }

    #[test]
    fn the_version_is_named_once() {
        for base in ["https://id/identity", "https://id/identity/v3/"] {
            assert_eq!(address(base), "https://id/identity/v3/auth/tokens");
        }
    }
}
