//! The metadata keys by which a server belongs to a group and to load balancers.
//!
//! Source: the original service's server metadata, which its users' tools read too.

use std::collections::BTreeMap;

/// The key that holds the id of the server's group.
pub const GROUP: &str = "rax:autoscale:group:id";
/// The key that older versions used; written as well, and read where [`GROUP`] is missing.
pub const GROUP_BEFORE: &str = "rax:auto_scaling_group_id";
/// The key that says that the server is on its way out.
pub const STATE: &str = "rax:autoscale:server:state";
/// The value of [`STATE`] for it.
pub const DRAINING: &str = "DRAINING";

/// The group to which a server with this metadata belongs.
pub fn group_of(metadata: &BTreeMap<String, String>) -> Option<&str> {
    metadata.get(GROUP).or_else(|| metadata.get(GROUP_BEFORE)).map(String::as_str)
}
