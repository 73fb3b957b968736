//! A local cloud over real HTTP with real TCP connections: the demo runs in it, and every integration
//! test. Nothing in it leaves the loopback interface.
//!
//! ```text
//!   client ──HTTP──▶ http (gate: log, latency, faults) ──▶ identity │ balancer │ compute │ autoscale
//!   traffic ──TCP──▶ balancer::forward ──TCP──▶ compute::backend (one for every booted server)
//! ```
//!
//! In reading order:
//! * `plan`: what a cloud holds, and how fast its servers boot.
//! * `sandbox`, `cloud`, `services`: how it is put together, and the handles to all of it.
//! * `clock`: its own time, which tests move.
//! * `http`: the gate every request passes: ask (what is asked for), fault and spoil (what goes wrong).
//! * `identity`, `balancer`, `compute`: a service each; what it is first, then its wire formats.
//! * `autoscale`: the service of the `otter` crate, with those two behind it.
//! * `heroku`: an app, its dynos and its page, and the Platform API over them.
//! * `traffic` and `wave`: who connects, and how many.
//! * `control`: the same handles for another process; `fitting`: settings for loadscale.
mod autoscale;
mod balancer;
mod clock;
mod cloud;
mod compute;
mod control;
mod fitting;
mod heroku;
mod http;
mod identity;
mod plan;
mod sandbox;
mod services;
mod traffic;
mod wave;

pub use autoscale::Group;
pub use balancer::{Algorithm, Condition, LoadBalancer, Node, NodeKind, NodeStatus, Stats, Status};
pub use clock::MovableClock;
pub use cloud::Cloud;
pub use compute::{Compute, Failure, Server, ServerStatus};
pub use heroku::Heroku;
pub use http::{
    Api, Ask, Entry, Executions, Fault, Faults, Latency, Planned, RequestLog, RetryAfter, Service, Times,
    When,
};
pub use plan::{Account, BackendPlan, Effect, GroupPlan, HerokuPlan, LoadBalancerPlan, Plan, PolicyPlan};
pub use sandbox::Sandbox;
pub use traffic::{Held, Traffic};
pub use wave::Wave;
