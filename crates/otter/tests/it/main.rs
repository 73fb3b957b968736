//! The service as its users see it: requests go in, answers come out, servers come and go. One binary.
//!
//! `groups`, `policies` and so on ask by the API's chapters; `convergence`, `sharing`, `meanwhile` and `stacks`
//! are about servers and stacks, `operator` about who runs it, `stopping` about the front door, `handover` about
//! systemd. `processes` and `haproxies` are about the launcher and the balancer of that kind; `program`, `lost` and
//! `ledger` run the program itself with both. `support` starts a service in this process and `machine` the real
//! things; `detour` and `held` come between a service and its servers.
#![allow(clippy::unwrap_used)]

mod access;
mod convergence;
mod detour;
mod fuzz;
mod groups;
mod handover;
mod haproxies;
mod held;
mod identity;
mod ledger;
mod lost;
mod machine;
mod meanwhile;
mod noise;
mod openapi;
mod operator;
mod policies;
mod processes;
mod program;
mod rounds;
mod schedules;
mod servers;
mod sharing;
mod stacks;
mod stopping;
mod support;
mod webhooks;
