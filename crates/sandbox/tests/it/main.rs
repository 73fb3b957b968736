//! The sandbox seen from outside: by real HTTP and real connections.
//!
//! * `identity`, `load_balancers`, `octavia`, `compute`: each service's wire shape.
//! * `connections`: what the balancer really carries.
//! * `faults`: each kind of fault as a client sees it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on is to fail")]

mod client;
mod compute;
mod connections;
mod faults;
mod identity;
mod load_balancers;
mod octavia;
