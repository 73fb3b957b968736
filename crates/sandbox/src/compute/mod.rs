//! Compute: flavors, and servers that take their time to boot and then really answer.

mod api;
mod backend;
mod flavors;
mod server;
mod servers;

pub use server::{Server, ServerStatus};
pub use servers::{Compute, Failure};

pub(crate) use backend::{Backend, GREETING};
pub(crate) use servers::Order;
