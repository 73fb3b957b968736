//! Otter: the Autoscale v1.0 service on one machine, as a library and the program `otter`.
pub mod app;
pub mod balancer;
pub mod clock;
pub mod fault;
pub mod launcher;
pub mod model;
pub mod serve;
pub mod settings;

pub use app::{App, Parts};
pub use serve::{router, serve};
