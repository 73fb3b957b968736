//! loadscale scales a fleet on what its load balancer is actually carrying.
//!
//! ```text
//!             monitor ─┐                      ┌─ scaler
//!   observe ───────────┤►  decide  ►  act  ───┤
//!             scaler ──┘   (pure)             └─ journal  ►  record
//! ```
//!
//! One pass reads a group's load and its fleet, decides, moves the fleet through the scaling service, and
//! writes down what it saw and did. Time is data: nothing in the core reads a clock. The journal is the only
//! truth: what a group remembers is a fold over its entries. No observation, no decision.
//!
//! A reading order:
//! * [`model`]: the nouns. [`decide`]: the decision, a list of objections, with [`decide::memory`] for what
//!   earlier passes left and [`decide::verdict`] for the answers. Pure.
//!   [`forecast`] is what the predictive strategy knows. Pure.
//!   [`rulebook`] is what the user set, with limits that go by the clock. Pure.
//! * [`controller`]: one pass over one group, and many groups side by side. [`tick`] is its instant.
//! * [`monitor`], [`scaler`]: where readings come from and what moves a fleet; [`capacity`] joins the two.
//! * [`journal`]: what is kept, and how. [`record`]: what is told of a pass, in every interface;
//!   [`notifier`]: to whom, under which conditions, and an outbox for what is still to be sent.
//! * [`replay`]: the same decision on a recorded load, and what it would have cost. Pure.
//! * [`explain`]: why a pass decided what it did. Pure.
//! * [`calibrate`]: what one server carries well, from a load test or live history. Pure.
//! * [`settings`], [`credentials`]: what the user wrote, checked; [`setup`] makes a controller of it.
//! * [`cli`], [`commands`], [`output`], [`exit`]: what is typed, done, printed and returned;
//!   [`survey`] is what `check` looks for.
//! * [`import`]: settings of other programs, brought over. Pure.
//! * [`memo`], [`known`], [`files`], [`table`], [`markup`], [`chart`], [`logging`], [`signals`]: small things the rest stands on.

pub mod calibrate;
pub mod capacity;
pub mod chart;
pub mod cli;
pub mod commands;
pub mod controller;
pub mod credentials;
pub mod decide;
pub mod exit;
pub mod explain;
pub mod files;
pub mod forecast;
pub mod import;
pub mod journal;
pub mod known;
pub mod logging;
pub mod markup;
pub mod memo;
pub mod model;
pub mod monitor;
pub mod notifier;
pub mod output;
pub mod record;
pub mod replay;
pub mod rulebook;
pub mod scaler;
pub mod settings;
pub mod setup;
pub mod signals;
pub mod survey;
pub mod table;
pub mod tick;
