//! A group's state, and the list that has the state of every group.

use serde::Deserialize;
use tokio::time::Instant;

use crate::fault::Fault;
use crate::json::{self, BadBody, null_is_default};
use crate::names::Listed;
use crate::paging::{self, Link, Page, next_marker};
use crate::service::Service;
use crate::session::Session;

/// What a group has and wants.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// The group's name, which is not unique; a service that leaves it out is found by id alone.
    #[serde(default)]
    pub name: String,
    /// Servers that run and are on all their balancers.
    #[serde(rename = "activeCapacity")]
    pub active: u32,
    /// Servers wanted.
    #[serde(rename = "desiredCapacity")]
    pub desired: u32,
    /// Policies are refused while it is.
    pub paused: bool,
    /// `ACTIVE`, also where the service does not say, or `ERROR`.
    #[serde(default = "active_status")]
    pub status: String,
    /// The service's own words for why the group is in `ERROR`.
    #[serde(default, deserialize_with = "messages")]
    pub errors: Vec<String>,
}

fn active_status() -> String {
    "ACTIVE".into()
}

#[derive(Deserialize)]
struct Problem {
    message: String,
}

fn messages<'de, D: serde::Deserializer<'de>>(problems: D) -> Result<Vec<String>, D::Error> {
    let problems: Vec<Problem> = null_is_default(problems)?;
    Ok(problems.into_iter().map(|problem| problem.message).collect())
}

impl State {
    /// The state with the session's secrets taken out of the service's own words.
    pub(super) fn redacted(mut self, session: &Session) -> Self {
        for error in &mut self.errors {
            *error = session.redact(error);
        }
        self
    }
}

/// A group as the list has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GroupEntry {
    /// A UUID.
    pub id: String,
    /// Its state when the page was read.
    pub state: State,
}

impl Listed for GroupEntry {
    fn id(&self) -> &str {
        &self.id
    }
    fn name(&self) -> &str {
        &self.state.name
    }
}

/// All groups of the tenant with their states.
///
/// # Errors
/// Those of [`Session::get`].
pub async fn groups(session: &Session, deadline: Instant) -> Result<Vec<GroupEntry>, Fault> {
    let groups = paging::all(session, Service::Autoscale, "/groups", parse_groups, deadline).await?;
    let redacted = |entry: GroupEntry| GroupEntry { state: entry.state.redacted(session), ..entry };
    Ok(groups.into_iter().map(redacted).collect())
}

#[derive(Deserialize)]
struct Groups {
    groups: Vec<GroupEntry>,
    #[serde(default, deserialize_with = "null_is_default")]
    groups_links: Vec<Link>,
}

/// The next page is the one that the link names; a page that ends the list exactly has one too.
fn parse_groups(body: &[u8]) -> Result<Page<GroupEntry>, BadBody> {
    let Groups { groups, groups_links } = json::read(body)?;
    Ok(Page { next: next_marker(&groups_links), items: groups })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_groups() {
        let body =
            br#"{"groups":[{"id":"g1","links":[],"state":{"name":"web","active":[{"id":"s1","links":[]}],
            "activeCapacity":1,"pendingCapacity":-1,"desiredCapacity":0,"paused":false,"status":"ERROR",
            "errors":[{"message":"no such image"}]}}],
            "groups_links":[{"rel":"next","href":"http://as/v1.0/1/groups/?limit=100&marker=g1"}]}"#;
        let page = parse_groups(body).expect("a page");
        let expected = State {
            name: "web".into(),
            active: 1,
            desired: 0,
            paused: false,
            status: "ERROR".into(),
            errors: vec!["no such image".into()],
        };
        assert_eq!(page.items, [GroupEntry { id: "g1".into(), state: expected }]);
        assert_eq!(page.next.as_deref(), Some("g1"));
    }

    #[test]
    fn a_state_without_status_is_active() {
        let body = br#"{"name":"w","activeCapacity":1,"desiredCapacity":1,"paused":false}"#;
        let state: State = json::read(body).expect("a state");
        assert_eq!((state.status.as_str(), state.errors.len()), ("ACTIVE", 0));
    }

    #[test]
    fn what_the_decision_reads_must_be_there() {
        for missing in ["activeCapacity", "desiredCapacity", "paused"] {
            let body = r#"{"name":"w","activeCapacity":1,"desiredCapacity":1,"paused":false}"#
                .replace(missing, "other");
            let BadBody(what) = json::read::<State>(body.as_bytes()).expect_err("a field is missing");
            assert!(what.contains(missing), "{what}");
        }
    }
}
