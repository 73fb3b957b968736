//! The gate house: how a request comes in, is noted, delayed, spoiled if a fault is planned, and answered.

mod ask;
mod envelope;
mod fault;
mod gate;
mod latency;
mod log;
mod service;
mod spoil;

pub use ask::{Api, Ask};
pub use fault::{Fault, Faults, Planned, RetryAfter, Times, When};
pub use latency::Latency;
pub use log::{Entry, RequestLog};
pub use service::Service;

pub(crate) use envelope::{Envelope, Refusal, answer};
pub use gate::Executions;
pub(crate) use gate::{CAPABILITY, Edges, Gate};
pub(crate) use service::Port;
