//! Rackspace Cloud Load Balancers v1.0: the list, a balancer with its nodes, its connections.

use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::fault::Fault;
use crate::json::{self, BadBody};
use crate::names::Listed;
use crate::paging::{self, Page, escaped};
use crate::service::Service;
use crate::session::Session;

/// The service's own page size, asked for by name so that a short page is known to be the last.
const PAGE: usize = 100;

/// A balancer as the list has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadBalancerEntry {
    /// A number, as text.
    pub id: String,
    /// Not unique.
    pub name: String,
    /// `ACTIVE`, `PENDING_UPDATE` and so on; the documents disagree on the full list.
    pub status: String,
}

impl Listed for LoadBalancerEntry {
    fn id(&self) -> &str {
        &self.id
    }
    fn name(&self) -> &str {
        &self.name
    }
}

/// A balancer with its nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadBalancer {
    /// The id that was asked for.
    pub id: String,
    /// Not unique.
    pub name: String,
    /// `ACTIVE`, `PENDING_UPDATE` and so on.
    pub status: String,
    /// All of them; a balancer holds 25, or 50 where that was raised.
    pub nodes: Vec<Node>,
}

/// A server behind a balancer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Node {
    /// IP address or host name.
    pub address: String,
    /// `ENABLED`, `DISABLED` or `DRAINING`: what its owner wants of it.
    pub condition: String,
    /// `ONLINE` or `OFFLINE`: what the health monitor found.
    pub status: String,
    /// `PRIMARY` (also where it is absent) or `SECONDARY`.
    #[serde(rename = "type")]
    role: Option<String>,
}

impl Node {
    /// Whether it takes new connections while all is well: enabled, online and primary.
    pub fn serves(&self) -> bool {
        self.condition == "ENABLED" && self.status == "ONLINE" && self.is_primary()
    }

    /// Whether it is not merely a substitute for primary nodes.
    pub fn is_primary(&self) -> bool {
        self.role.as_deref().is_none_or(|role| role == "PRIMARY")
    }
}

/// All balancers of the tenant.
///
/// # Errors
/// Those of [`Session::get`].
pub async fn list(session: &Session, deadline: Instant) -> Result<Vec<LoadBalancerEntry>, Fault> {
    let path = format!("/loadbalancers?limit={PAGE}");
    paging::all(session, Service::LoadBalancers, &path, parse_list, deadline).await
}

/// One balancer with its nodes.
///
/// # Errors
/// Those of [`Session::get`]; [`Fault::NotFound`] for one that is gone.
pub async fn details(session: &Session, id: &str, deadline: Instant) -> Result<LoadBalancer, Fault> {
    let path = format!("/loadbalancers/{}", escaped(id));
    session.get(Service::LoadBalancers, &path, |body| parse_details(id, body), deadline).await
}

/// The connections open on a balancer now, plain and TLS; the service counts anew about every
/// five minutes.
///
/// # Errors
/// Those of [`Session::get`]; [`Fault::Immutable`] while the balancer is being changed.
pub async fn connections(session: &Session, id: &str, deadline: Instant) -> Result<u64, Fault> {
    let path = format!("/loadbalancers/{}/stats", escaped(id));
    session.get(Service::LoadBalancers, &path, parse_connections, deadline).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    load_balancers: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: u64,
    name: String,
    status: Option<String>,
}

/// The marker is inclusive, and no link to a next page is promised: a full page is followed by one
/// that begins after its last id.
fn parse_list(body: &[u8]) -> Result<Page<LoadBalancerEntry>, BadBody> {
    let List { load_balancers } = json::read(body)?;
    let last = load_balancers.iter().map(|entry| entry.id).max();
    let next = last.filter(|_| load_balancers.len() >= PAGE).map(|id| id.saturating_add(1).to_string());
    let items = load_balancers.into_iter().map(|Entry { id, name, status }| LoadBalancerEntry {
        id: id.to_string(),
        name,
        status: status.unwrap_or_default(),
    });
    Ok(Page { items: items.collect(), next })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    load_balancer: Whole,
}

#[derive(Deserialize)]
struct Whole {
    name: Option<String>,
    status: Option<String>,
    nodes: Option<Vec<Node>>,
}

fn parse_details(id: &str, body: &[u8]) -> Result<LoadBalancer, BadBody> {
    let Details { load_balancer: Whole { name, status, nodes } } = json::read(body)?;
    Ok(LoadBalancer {
        id: id.to_owned(),
        name: name.unwrap_or_default(),
        status: status.unwrap_or_default(),
        nodes: nodes.unwrap_or_default(),
    })
}

/// The statistics of a balancer, each of them once more with the suffix `Ssl` for what is
/// TLS-terminated.
const STATISTICS: [&str; 7] = [
    "connectTimeOut",
    "connectError",
    "connectFailure",
    "dataTimedOut",
    "keepAliveTimedOut",
    "maxConn",
    "currentConn",
];

/// The body is the bare object, and the service leaves out what is null or zero; but one without a
/// single statistic is no reading of zero connections.
fn parse_connections(body: &[u8]) -> Result<u64, BadBody> {
    let stats: Map<String, Value> = json::read(body)?;
    let is_statistic = |key: &String| STATISTICS.contains(&key.strip_suffix("Ssl").unwrap_or(key));
    if !stats.keys().any(is_statistic) {
        return Err(BadBody("it holds no statistics".into()));
    }
    let (plain, tls) = (count(&stats, "currentConn")?, count(&stats, "currentConnSsl")?);
    plain.checked_add(tls).ok_or_else(|| BadBody("more connections than can be counted".into()))
}

fn count(stats: &Map<String, Value>, key: &str) -> Result<u64, BadBody> {
    match stats.get(key) {
        None | Some(Value::Null) => Ok(0),
        Some(value) => {
            value.as_u64().ok_or_else(|| BadBody(format!("{key}: {value} is not a count of connections")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(body: &str) -> Result<u64, BadBody> {
        parse_connections(body.as_bytes())
    }

    #[test]
    fn plain_and_tls_connections_add_up() {
        assert_eq!(connections(r#"{"maxConn":9,"currentConn":3,"currentConnSsl":4}"#), Ok(7));
    }

    #[test]
    fn absent_and_null_are_zero() {
        assert_eq!(connections(r#"{"currentConn":3}"#), Ok(3));
        assert_eq!(connections(r#"{"currentConn":null,"currentConnSsl":4}"#), Ok(4));
        assert_eq!(connections(r#"{"connectError":0,"currentConnSsl":null}"#), Ok(0));
    }

    #[test]
    fn what_is_no_reading_is_never_zero() {
        for body in [
            "{}",
            r#"{"message":"gone","code":200}"#,
            r#"{"currentConn":"3"}"#,
            r#"{"currentConn":-1}"#,
            r#"{"currentConn":3.5}"#,
            r#"{"currentConn":3"#,
            "[]",
            "<html>",
            "",
        ] {
            assert!(connections(body).is_err(), "{body}");
        }
    }

    #[test]
    fn a_balancer_may_come_without_nodes() {
        let body = br#"{"loadBalancer":{"id":71,"name":"web","status":"ACTIVE","port":80}}"#;
        let balancer = parse_details("71", body).expect("a balancer");
        assert_eq!((balancer.status.as_str(), balancer.nodes.len()), ("ACTIVE", 0));
    }

    #[test]
    fn who_serves_is_enabled_online_and_primary() {
        let node = |condition: &str, status: &str, role: &str| {
            let body = format!(
                r#"{{"loadBalancer":{{"id":1,"name":"n","nodes":[{{"id":2,"address":"10.0.0.1","port":80,
                    "condition":"{condition}","status":"{status}"{role}}}]}}}}"#
            );
            parse_details("71", body.as_bytes()).expect("a balancer").nodes[0].serves()
        };
        assert!(node("ENABLED", "ONLINE", r#","type":"PRIMARY""#));
        assert!(node("ENABLED", "ONLINE", ""));
        assert!(!node("DRAINING", "ONLINE", ""));
        assert!(!node("ENABLED", "OFFLINE", ""));
        assert!(!node("ENABLED", "ONLINE", r#","type":"SECONDARY""#));
    }

    #[test]
    fn a_node_of_unknown_condition_is_no_reading() {
        let body = br#"{"loadBalancer":{"id":1,"name":"n","nodes":[{"address":"a","status":"ONLINE"}]}}"#;
        let BadBody(what) = parse_details("71", body).expect_err("no condition");
        assert!(what.contains("loadBalancer.nodes[0]: missing field `condition`"), "{what}");
    }

    #[test]
    fn a_full_page_is_followed_by_the_id_after_its_last() {
        let page = |count: u64| {
            let entries: Vec<_> = (1..=count).map(|id| format!(r#"{{"id":{id},"name":"n"}}"#)).collect();
            let body = format!(r#"{{"loadBalancers":[{}]}}"#, entries.join(","));
            parse_list(body.as_bytes()).expect("a page").next
        };
        assert_eq!(page(99), None);
        assert_eq!(page(100).as_deref(), Some("101"));
        assert_eq!(page(0), None);
    }
}
