//! Otter: the Autoscale v1.0 service on one machine, as a library and the program `otter`.
//!
//! ```text
//! HTTP ──> api ──> service ──> engine (pure)           what was decided is one transaction
//!           │         │
//!          auth     store <──┐
//!                            │
//! clock ──> worker ──────────┘
//!             ├─ schedules ──> service                 what is due by time
//!             └─ gather ──> converge (pure) ──> effects
//!                  │                               │
//!                  └────> launcher, balancer <─────┘
//! ```
//!
//! Reading order:
//! * [`model`]: the nouns, and how they are read from JSON.
//! * [`engine`] with [`percent`], [`schedule`], [`converge`]: the decisions. Pure: no clock, no I/O; they know
//!   [`model`], and `converge` what launchers and balancers tell, what can go wrong there ([`fault`]) and the rules that
//!   the operator sets ([`settings::Converge`]).
//! * [`service`]: commands, each one transaction around a decision; [`store`]: the seam to the database.
//! * `worker`: does what is due. [`launcher`] and [`balancer`]: the seams to what it drives.
//! * [`api`]: HTTP; [`auth`], `rates`, `intake`, [`key`], `secret`: who may come in; [`error`]: every answer that is a
//!   refusal.
//! * [`app`]: all of it put together; [`mod@serve`]: the front door; [`settings`], [`clock`], `metrics`,
//!   `scheduler` (whether schedules are run), `folder`.
//!
//! A sandbox or test builds an [`App`] from [`Parts`] of its own and mounts [`router`] where it likes.
pub mod api;
pub mod app;
pub mod auth;
pub mod balancer;
pub mod clock;
pub mod converge;
pub mod engine;
pub mod error;
pub mod fault;
mod folder;
mod intake;
pub mod key;
pub mod launcher;
mod metrics;
pub mod model;
pub mod percent;
mod rates;
pub mod schedule;
mod scheduler;
mod secret;
pub mod serve;
pub mod service;
pub mod settings;
pub mod store;
mod worker;

pub use api::{admin_router, router};
pub use app::{App, Parts};
pub use secret::handed_over;
pub use serve::serve;
