//! The service as its users see it: requests go in, answers come out, servers come and go. One binary.
//!
//! `groups`, `policies` and so on ask by the API's chapters; `convergence` is about servers.
#![allow(clippy::unwrap_used)]

mod access;
mod convergence;
mod groups;
mod operator;
mod policies;
mod schedules;
mod servers;
mod support;
mod webhooks;
