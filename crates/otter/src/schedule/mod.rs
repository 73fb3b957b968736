//! PURE: the two ways in which a policy can be set off by time, each with the very forms that the
//! original took and refused.

mod at;
mod cron;

pub use at::At;
pub use cron::Cron;
