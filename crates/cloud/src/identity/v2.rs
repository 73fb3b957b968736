//! Rackspace identity v2.0: what is sent to `/tokens`, and what comes back.

use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Grant;
use crate::catalog::{Catalog, Endpoint};
use crate::credentials::{Credentials, Identifier};
use crate::json::{self, BadBody, null_is_default};

/// `POST {base}/v2.0/tokens`, whether or not the base names the version.
pub(super) fn address(base: &str) -> String {
    let base = base.trim_end_matches('/');
    format!("{}/v2.0/tokens", base.strip_suffix("/v2.0").unwrap_or(base))
}

/// The body of a sign-in; none if identity v2.0 does not know this kind of credentials.
pub(super) fn body(credentials: &Credentials) -> Option<Value> {
    match credentials {
        Credentials::ApiKey { username, api_key } => Some(json!({"auth": {"RAX-KSKEY:apiKeyCredentials":
            {"username": username, "apiKey": api_key.expose_secret()}}})),
        Credentials::Password { user: Identifier::Name { name, .. }, password, project } => {
            let mut auth = json!({"passwordCredentials":
                {"username": name, "password": password.expose_secret()}});
            match project {
                Some(Identifier::Id(id)) => auth["tenantId"] = json!(id),
                Some(Identifier::Name { name, .. }) => auth["tenantName"] = json!(name),
                None => {}
            }
            Some(json!({ "auth": auth }))
        }
        _ => None,
    }
}

#[derive(Deserialize)]
struct Answer {
    access: Access,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Access {
    token: Token,
    user: Option<User>,
    service_catalog: Option<Vec<Listing>>,
}

#[derive(Deserialize)]
struct Token {
    id: String,
    expires: Timestamp,
    tenant: Option<Tenant>,
}

#[derive(Deserialize)]
struct Tenant {
    id: json::Id,
}

#[derive(Deserialize)]
struct User {
    name: Option<String>,
    #[serde(rename = "RAX-AUTH:defaultRegion")]
    default_region: Option<String>,
}

#[derive(Deserialize)]
struct Listing {
    name: Option<String>,
    #[serde(rename = "type")]
    service_type: String,
    #[serde(default, deserialize_with = "null_is_default")]
    endpoints: Vec<ListedEndpoint>,
}

#[derive(Deserialize)]
struct ListedEndpoint {
    region: Option<String>,
    #[serde(rename = "publicURL")]
    public_url: Option<String>,
}

/// Reads the answer to a sign-in.
pub(super) fn parse(body: &[u8], received: Timestamp) -> Result<Grant, BadBody> {
    let Answer { access } = json::read_secret(body)?;
    let user = access.user.unwrap_or(User { name: None, default_region: None });
    Ok(Grant {
        token: access.token.id.into(),
        expires: Some(access.token.expires),
        received,
        user: user.name,
        project: access.token.tenant.map(|tenant| tenant.id.into()),
        default_region: user.default_region.filter(|region| !region.is_empty()),
        catalog: Catalog(
            access.service_catalog.unwrap_or_default().into_iter().flat_map(endpoints).collect(),
        ),
    })
}

fn endpoints(listing: Listing) -> impl Iterator<Item = Endpoint> {
    let Listing { name, service_type, endpoints } = listing;
    let name = name.unwrap_or_default();
    endpoints.into_iter().filter_map(move |endpoint| {
        Some(Endpoint {
            service_type: service_type.clone(),
            name: name.clone(),
            region: endpoint.region.filter(|region| !region.is_empty()),
            url: endpoint.public_url?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::Domain;
    use crate::service::Service;

    const ANSWER: &str = r#"{"access":{
        "token":{"id":"t0k","expires":"2014-01-09T15:08:53.645-06:00","tenant":{"id":"123456","name":"123456"},
                 "RAX-AUTH:authenticatedBy":["APIKEY"]},
        "user":{"id":"7","name":"ann","RAX-AUTH:defaultRegion":"IAD","roles":[]},
        "serviceCatalog":[
          {"name":"autoscale","type":"rax:autoscale","endpoints":[
            {"publicURL":"https://iad.as/v1.0/123456","tenantId":"123456","region":"IAD"}]},
          {"name":"cloudDNS","type":"rax:dns","endpoints":[{"publicURL":"https://dns/v1.0/123456"}]}]}}"#;

    #[test]
    fn an_answer_is_read() {
        let grant = parse(ANSWER.as_bytes(), Timestamp::UNIX_EPOCH).expect("a good answer");
        assert_eq!(grant.token.expose_secret(), "t0k");
        assert_eq!(grant.expires, "2014-01-09T21:08:53.645Z".parse().ok());
        assert_eq!(grant.user.as_deref(), Some("ann"));
        assert_eq!(grant.project.as_deref(), Some("123456"));
        assert_eq!(grant.default_region.as_deref(), Some("IAD"));
        assert_eq!(grant.catalog.pick(Service::Autoscale, Some("iad")), Ok("https://iad.as/v1.0/123456"));
    }

    #[test]
    fn a_token_may_come_without_tenant_region_and_catalog() {
        let body = r#"{"access":{"token":{"id":"t","expires":"2016-08-11T20:00:44Z"},
            "user":{"RAX-AUTH:defaultRegion":""},"serviceCatalog":null}}"#;
        let grant = parse(body.as_bytes(), Timestamp::UNIX_EPOCH).expect("a good answer");
        assert_eq!((grant.project, grant.default_region), (None, None));
    }

    #[test]
    fn a_missing_expiry_is_named() {
        let body = br#"{"access":{"token":{"id":"t"}}}"#;
        let BadBody(what) = parse(body, Timestamp::UNIX_EPOCH).map(|_| ()).expect_err("no expiry");
        assert!(what.contains("access.token: missing field `expires`"), "{what}");
    }

    #[test]
    fn the_tenant_stands_beside_the_credentials() {
        let name = |name: &str| Identifier::Name { name: name.into(), domain: Domain::Id("default".into()) };
        let credentials = Credentials::Password {
            user: name("ann"),
            password: "pw".into(),
            project: Some(Identifier::Id("123456".into())),
        };
        let expected = json!({"auth": {"tenantId": "123456",
            "passwordCredentials": {"username": "ann", "password": "pw"}}});
        assert_eq!(body(&credentials), Some(expected));
    }

    #[test]
    fn the_version_is_named_once() {
        for base in ["https://id", "https://id/v2.0", "https://id/v2.0/"] {
            assert_eq!(address(base), "https://id/v2.0/tokens");
        }
    }
}
