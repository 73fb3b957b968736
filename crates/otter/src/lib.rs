//! Otter: the Autoscale v1.0 service on one machine, as a library and the program `otter`.
pub mod api;
pub mod app;
pub mod auth;
pub mod balancer;
pub mod clock;
pub mod converge;
pub mod engine;
pub mod error;
pub mod fault;
pub mod launcher;
mod metrics;
pub mod model;
pub mod percent;
mod rates;
pub mod schedule;
mod secret;
pub mod serve;
pub mod service;
pub mod settings;
pub mod store;
mod worker;

pub use api::{admin_router, router};
pub use app::{App, Parts};
pub use serve::serve;
