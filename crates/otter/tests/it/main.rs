//! The service as its users see it: requests go in, answers come out, servers come and go. One binary.
//!
//! `groups`, `policies` and so on ask by the API's chapters; `convergence` is about servers.
#![allow(clippy::unwrap_used)]

mod convergence;
mod groups;
mod policies;
mod support;
