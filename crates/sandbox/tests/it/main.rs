//! The sandbox seen from outside: by real HTTP and real connections.
//!
//! * `identity`, `load_balancers`, `octavia`, `compute`: each service's wire shape.
//! * `autoscale`: groups on the sandbox's own servers and balancers.
//! * `connections`: what the balancer really carries.
//! * `faults`: each kind of fault as a client sees it.
//! * `control`: the way in for another process.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on is to fail")]

mod autoscale;
mod client;
mod compute;
mod connections;
mod control;
mod faults;
mod identity;
mod load_balancers;
mod octavia;
