//! OpenStack's load balancers (Octavia v2): the list, connections, pools and their members.

use serde::Deserialize;
use tokio::time::Instant;

use crate::fault::Fault;
use crate::json::{self, BadBody, null_is_default};
use crate::names::Listed;
use crate::paging::{self, Link, Page, escaped, has_next};
use crate::service::Service;
use crate::session::Session;

/// A balancer as the list has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LoadBalancerEntry {
    /// A UUID.
    pub id: String,
    /// Not unique, and may be empty.
    #[serde(default)]
    pub name: String,
    /// `ACTIVE`, `ERROR`, `PENDING_UPDATE` and so on.
    #[serde(default)]
    pub provisioning_status: String,
}

impl Listed for LoadBalancerEntry {
    fn id(&self) -> &str {
        &self.id
    }
    fn name(&self) -> &str {
        &self.name
    }
}

/// A pool of servers behind a balancer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Pool {
    /// A UUID.
    pub id: String,
    /// May be empty.
    #[serde(default)]
    pub name: String,
}

impl Listed for Pool {
    fn id(&self) -> &str {
        &self.id
    }
    fn name(&self) -> &str {
        &self.name
    }
}

/// A server in a pool; one server may be in several pools.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Member {
    /// A UUID.
    pub id: String,
    /// May be empty.
    #[serde(default)]
    pub name: String,
    /// IP address.
    pub address: String,
    /// 0 to 256; 0 takes no new connections.
    #[serde(default = "full_weight")]
    pub weight: u32,
    /// What its owner wants of it.
    pub admin_state_up: bool,
    /// A substitute for when all others are down.
    #[serde(default)]
    pub backup: bool,
    /// `ONLINE`, `OFFLINE`, `ERROR`, or `NO_MONITOR` where nobody looks.
    pub operating_status: String,
}

/// Octavia's default for a member whose weight is not told.
fn full_weight() -> u32 {
    1
}

impl Member {
    /// Whether it takes new connections while all is well.
    pub fn serves(&self) -> bool {
        let healthy = matches!(self.operating_status.as_str(), "ONLINE" | "NO_MONITOR");
        self.admin_state_up && self.weight > 0 && !self.backup && healthy
    }
}

impl Listed for Member {
    fn id(&self) -> &str {
        &self.id
    }
    fn name(&self) -> &str {
        &self.name
    }
}

/// All balancers of the project.
///
/// # Errors
/// Those of [`Session::get`].
pub async fn list(session: &Session, deadline: Instant) -> Result<Vec<LoadBalancerEntry>, Fault> {
    paging::all(session, Service::Octavia, "/v2/lbaas/loadbalancers", parse_list, deadline).await
}

/// The connections open on a balancer, as of its last heartbeat (10 s by default).
///
/// # Errors
/// Those of [`Session::get`].
pub async fn connections(session: &Session, id: &str, deadline: Instant) -> Result<u64, Fault> {
    let path = format!("/v2/lbaas/loadbalancers/{}/stats", escaped(id));
    session.get(Service::Octavia, &path, parse_connections, deadline).await
}

/// The pools of a balancer.
///
/// # Errors
/// Those of [`Session::get`].
pub async fn pools(session: &Session, load_balancer: &str, deadline: Instant) -> Result<Vec<Pool>, Fault> {
    let path = format!("/v2/lbaas/pools?loadbalancer_id={}", escaped(load_balancer));
    paging::all(session, Service::Octavia, &path, parse_pools, deadline).await
}

/// The members of a pool.
///
/// # Errors
/// Those of [`Session::get`].
pub async fn members(session: &Session, pool: &str, deadline: Instant) -> Result<Vec<Member>, Fault> {
    let path = format!("/v2/lbaas/pools/{}/members", escaped(pool));
    paging::all(session, Service::Octavia, &path, parse_members, deadline).await
}

#[derive(Deserialize)]
struct List {
    loadbalancers: Vec<LoadBalancerEntry>,
    #[serde(default, deserialize_with = "null_is_default")]
    loadbalancers_links: Vec<Link>,
}

fn parse_list(body: &[u8]) -> Result<Page<LoadBalancerEntry>, BadBody> {
    let list: List = json::read(body)?;
    Ok(page(list.loadbalancers, &list.loadbalancers_links))
}

#[derive(Deserialize)]
struct Pools {
    pools: Vec<Pool>,
    #[serde(default, deserialize_with = "null_is_default")]
    pools_links: Vec<Link>,
}

fn parse_pools(body: &[u8]) -> Result<Page<Pool>, BadBody> {
    let list: Pools = json::read(body)?;
    Ok(page(list.pools, &list.pools_links))
}

#[derive(Deserialize)]
struct Members {
    members: Vec<Member>,
    #[serde(default, deserialize_with = "null_is_default")]
    members_links: Vec<Link>,
}

fn parse_members(body: &[u8]) -> Result<Page<Member>, BadBody> {
    let list: Members = json::read(body)?;
    Ok(page(list.members, &list.members_links))
}

/// The marker is exclusive, and a full page promises a next one that may be empty.
fn page<T: Listed>(items: Vec<T>, links: &[Link]) -> Page<T> {
    let last = items.last().map(|item| item.id().to_owned());
    Page { next: last.filter(|_| has_next(links)), items }
}

#[derive(Deserialize)]
struct Answer {
    stats: Stats,
}

#[derive(Deserialize)]
struct Stats {
    active_connections: u64,
}

fn parse_connections(body: &[u8]) -> Result<u64, BadBody> {
    json::read(body).map(|Answer { stats }| stats.active_connections)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_wrapped_and_must_be_there() {
        let body = br#"{"stats":{"active_connections":12,"bytes_in":1,"total_connections":900}}"#;
        assert_eq!(parse_connections(body), Ok(12));
        assert!(parse_connections(br#"{"stats":{"bytes_in":1}}"#).is_err());
        assert!(parse_connections(br#"{"stats":{"active_connections":null}}"#).is_err());
    }

    #[test]
    fn the_next_page_begins_after_the_last_id() {
        let body = br#"{"loadbalancers":[{"id":"a","name":"x"},{"id":"b","name":"y"}],
            "loadbalancers_links":[{"rel":"previous","href":"p"},{"rel":"next","href":"n"}]}"#;
        assert_eq!(parse_list(body).expect("a page").next.as_deref(), Some("b"));
        let empty = br#"{"loadbalancers":[],"loadbalancers_links":[{"rel":"previous","href":"p"}]}"#;
        assert_eq!(parse_list(empty).expect("a page").next, None);
    }

    #[test]
    fn who_serves() {
        let serves = |changed: &str| {
            let body =
                format!(r#"{{"members":[{{"id":"m","address":"10.0.0.1","protocol_port":80{changed}}}]}}"#);
            parse_members(body.as_bytes()).expect("members").items[0].serves()
        };
        assert!(serves(r#","weight":1,"admin_state_up":true,"operating_status":"ONLINE","backup":false"#));
        assert!(serves(r#","admin_state_up":true,"operating_status":"NO_MONITOR""#));
        assert!(!serves(r#","weight":0,"admin_state_up":true,"operating_status":"ONLINE""#));
        assert!(!serves(r#","admin_state_up":false,"operating_status":"ONLINE""#));
        assert!(!serves(r#","admin_state_up":true,"operating_status":"ERROR""#));
        assert!(!serves(r#","admin_state_up":true,"operating_status":"ONLINE","backup":true"#));
    }
}
