//! Compute v2 (Nova): the flavors there are, and the flavor of one server.

use serde::Deserialize;
use tokio::time::Instant;

use crate::fault::Fault;
use crate::json::{self, BadBody, null_is_default};
use crate::names::Listed;
use crate::paging::{self, Link, Page, escaped, has_next};
use crate::service::Service;
use crate::session::Session;

/// A size of server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Flavor {
    /// Such as `general1-2`; text, also where it is `2`.
    pub id: String,
    /// Such as `2 GB General Purpose v1`.
    pub name: String,
}

impl Listed for Flavor {
    fn id(&self) -> &str {
        &self.id
    }
    fn name(&self) -> &str {
        &self.name
    }
}

/// All flavors of the region.
///
/// # Errors
/// Those of [`Session::get`].
pub async fn flavors(session: &Session, deadline: Instant) -> Result<Vec<Flavor>, Fault> {
    paging::all(session, Service::Compute, "/flavors/detail", parse_flavors, deadline).await
}

/// The id of a server's flavor.
///
/// # Errors
/// Those of [`Session::get`]; [`Fault::NotFound`] for a server that is gone.
pub async fn flavor_of(session: &Session, server: &str, deadline: Instant) -> Result<String, Fault> {
    let path = format!("/servers/{}", escaped(server));
    session.get(Service::Compute, &path, parse_server, deadline).await
}

#[derive(Deserialize)]
struct Flavors {
    flavors: Vec<Flavor>,
    #[serde(default, deserialize_with = "null_is_default")]
    flavors_links: Vec<Link>,
}

/// The marker is exclusive: the last id of the page before.
fn parse_flavors(body: &[u8]) -> Result<Page<Flavor>, BadBody> {
    let Flavors { flavors, flavors_links } = json::read(body)?;
    let last = flavors.last().map(|flavor| flavor.id.clone());
    Ok(Page { next: last.filter(|_| has_next(&flavors_links)), items: flavors })
}

#[derive(Deserialize)]
struct Answer {
    server: Server,
}

#[derive(Deserialize)]
struct Server {
    flavor: FlavorRef,
}

#[derive(Deserialize)]
struct FlavorRef {
    id: String,
}

fn parse_server(body: &[u8]) -> Result<String, BadBody> {
    json::read(body).map(|Answer { server }| server.flavor.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flavors_are_paged_by_their_last_id() {
        let body = br#"{"flavors":[{"id":"2","name":"512MB","swap":""},{"id":"general1-2","name":"2 GB"}],
            "flavors_links":[{"rel":"next","href":"x"}]}"#;
        let page = parse_flavors(body).expect("a page");
        assert_eq!((page.items.len(), page.next.as_deref()), (2, Some("general1-2")));
        let page = parse_flavors(br#"{"flavors":[{"id":"2","name":"512MB"}]}"#).expect("a page");
        assert_eq!(page.next, None);
    }

    #[test]
    fn a_server_names_its_flavor() {
        let body = br#"{"server":{"id":"s","status":"ACTIVE","flavor":{"id":"general1-2","links":[]}}}"#;
        assert_eq!(parse_server(body), Ok("general1-2".into()));
        assert!(parse_server(br#"{"server":{"id":"s"}}"#).is_err());
    }
}
