//! The metadata keys by which a server belongs to a group and to load balancers, and the tag by which a stack does.
//!
//! Source: the original service's server metadata, which its users' tools read too.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::launch::{BalancerHold, Launch};
use crate::launcher::Tags;

/// The key that holds the id of the server's group.
pub const GROUP: &str = "rax:autoscale:group:id";
/// The key that older versions used; written as well, and read where [`GROUP`] is missing.
pub const GROUP_BEFORE: &str = "rax:auto_scaling_group_id";
/// The key that says that the server is on its way out.
pub const STATE: &str = "rax:autoscale:server:state";
/// The value of [`STATE`] for it.
pub const DRAINING: &str = "DRAINING";
/// The key that holds the instant since when; the original read it from the balancer's feed instead.
pub const DRAINING_SINCE: &str = "rax:autoscale:server:draining-since";
/// What a key begins with that names a RackConnect v3 pool which the server joins; its id follows.
const POOL: &str = "rax:autoscale:lb:RackConnectV3:";
/// What a key begins with that names a balancer which the server joins; its id follows.
const BALANCER: &str = "rax:autoscale:lb:CloudLoadBalancer:";

/// What the tag of a stack begins with that belongs to a group; its id follows.
const STACK: &str = "autoscale_";

/// The tag of a group's stacks.
pub fn of_stack(group: &str) -> String {
    format!("{STACK}{group}")
}

/// The group to which a stack with these tags belongs.
pub fn group_of_stack(tags: &[String]) -> Option<&str> {
    tags.iter().find_map(|tag| tag.strip_prefix(STACK))
}

/// The group to which a server with this metadata belongs.
pub fn group_of(metadata: &BTreeMap<String, String>) -> Option<&str> {
    metadata.get(GROUP).or_else(|| metadata.get(GROUP_BEFORE)).map(String::as_str)
}

/// Whether a key is one of those by which the service knows its servers.
fn is_ours(key: &str) -> bool {
    key.starts_with("rax:autoscale:") || key == GROUP_BEFORE
}

/// The metadata of a new server: the user's and the service's. Keys of the service's kind are not for users to
/// give: a server that says from the start that it is on its way out would be replaced for ever.
pub fn of_new_server(group: &str, launch: &Launch) -> BTreeMap<String, String> {
    let mut metadata = launch.server_metadata();
    metadata.retain(|key, _| !is_ours(key));
    let mut ports: BTreeMap<String, Vec<u16>> = BTreeMap::new();
    for hold in launch.balancers() {
        match hold {
            BalancerHold::Cloud { id, port } => ports.entry(id).or_default().push(port),
            BalancerHold::RackConnect { id } => _ = metadata.insert(format!("{POOL}{id}"), String::new()),
        }
    }
    for (id, ports) in ports {
        let ports: Vec<_> = ports.iter().map(|port| json!({"port": port})).collect();
        metadata.insert(format!("{BALANCER}{id}"), json!(ports).to_string());
    }
    metadata.insert(GROUP.to_owned(), group.to_owned());
    metadata.insert(GROUP_BEFORE.to_owned(), group.to_owned());
    metadata
}

/// The RackConnect v3 pools that a server with this metadata joins.
pub fn pools_of(metadata: &BTreeMap<String, String>) -> Vec<String> {
    metadata.keys().filter_map(|key| key.strip_prefix(POOL)).map(str::to_owned).collect()
}

/// The balancers that a server with this metadata joins, with the ports. What cannot be read was
/// written by another hand and is left alone.
pub fn balancers_of(metadata: &BTreeMap<String, String>) -> Vec<(String, u16)> {
    #[derive(Deserialize)]
    struct Hold {
        port: u16,
    }
    let named = metadata.iter().filter_map(|(key, value)| Some((key.strip_prefix(BALANCER)?, value)));
    named
        .flat_map(|(id, value)| {
            let holds: Vec<Hold> = serde_json::from_str(value).unwrap_or_default();
            holds.into_iter().map(move |hold| (id.to_owned(), hold.port))
        })
        .collect()
}

/// Whether a server with this metadata is on its way out.
pub fn is_draining(metadata: &BTreeMap<String, String>) -> bool {
    metadata.get(STATE).is_some_and(|state| state == DRAINING)
}

/// The mark of a server that is on its way out; whether it is being drained already is for convergence to see.
pub fn leaving() -> Tags {
    BTreeMap::from([(STATE.to_owned(), Some(DRAINING.to_owned()))])
}

/// The marks of a server all of whose nodes are being drained since `now`.
pub fn draining(now: Timestamp) -> Tags {
    let mut marks = leaving();
    marks.insert(DRAINING_SINCE.to_owned(), Some(now.to_string()));
    marks
}

/// Metadata keys by which the service owns a server; without them it is nobody's.
pub fn ownership(metadata: &BTreeMap<String, String>) -> Vec<String> {
    metadata.keys().filter(|key| is_ours(key)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_metadata_neither_marks_a_new_server_nor_puts_it_anywhere() {
        let document = json!({"type": "launch_server", "args": {"server": {"metadata": {
            "mine": "kept", STATE: DRAINING, GROUP: "another", (format!("{POOL}p")): "",
            (format!("{BALANCER}7")): "[{\"port\":80}]",
        }}}});
        let metadata = of_new_server("g", &Launch::stored(document));
        assert_eq!(metadata.keys().map(String::as_str).collect::<Vec<_>>(), ["mine", GROUP_BEFORE, GROUP]);
        assert_eq!((group_of(&metadata), is_draining(&metadata)), (Some("g"), false));
    }
}
