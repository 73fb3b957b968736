//! loadscale scales a fleet on what its load balancer is actually carrying.
//!
//! ```text
//! observe (monitor, scaler) -> decide (pure) -> act (scaler) -> record (journal)
//! ```
//!
pub mod capacity;
pub mod controller;
pub mod decide;
pub mod exit;
pub mod journal;
pub mod model;
pub mod monitor;
pub mod record;
pub mod replay;
pub mod scaler;
pub mod settings;
pub mod tick;
