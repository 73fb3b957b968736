//! A load balancer's statistics as Cloud Load Balancers words them: fourteen numbers, no wrapper.

use serde::Serialize;

/// The statistics of a load balancer. `current_conn*` is now, `max_conn*` the most there ever were, the
/// rest counts from the start. What ends in `ssl` is of TLS-terminated traffic, which the sandbox has
/// only where it is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names are those of the wire, told above")]
pub struct Stats {
    pub connect_time_out: u64,
    pub connect_error: u64,
    pub connect_failure: u64,
    pub data_timed_out: u64,
    pub keep_alive_timed_out: u64,
    pub max_conn: u64,
    pub current_conn: u64,
    pub connect_time_out_ssl: u64,
    pub connect_error_ssl: u64,
    pub connect_failure_ssl: u64,
    pub data_timed_out_ssl: u64,
    pub keep_alive_timed_out_ssl: u64,
    pub max_conn_ssl: u64,
    pub current_conn_ssl: u64,
}
