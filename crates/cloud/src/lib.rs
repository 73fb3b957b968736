//! Signing in to a cloud and talking to it: Rackspace, OpenStack, or single services by address.
//!
//! A reading order:
//!
//! 1. [`Config`] and [`Credentials`]: what a session is built from.
//! 2. [`Session`]: `get` reads and `execute_once` acts; everything else serves these two.
//! 3. [`Fault`]: all that can go wrong, as callers tell it apart.
//! 4. One module for each service, thin over the session: [`load_balancers`], [`octavia`],
//!    [`autoscale`], [`compute`]. Each is a few calls and pure parsers of bodies.
//!    [`heroku`] is a service beside all clouds, with a key of its own instead of a session.
//! 5. [`Directory`]: what a person named, found in a list.
//!
//! Below the session, from the top: `tokens` holds the token in use and sees to it that one
//! sign-in serves all who wait; `token_file` hands it to the next process; `identity` signs in, by
//! v2.0 or v3; `catalog` and `service` find an endpoint; `rate` keeps requests below a rate;
//! `retry` says what is repeated and when; `transport` sends one request, through the `clients`, which [`http`] makes;
//! `refusal`, `message` and `redact` turn an unwelcome answer into a fault that shows the
//! service's words and no secret; `paging` and `json` read lists and bodies.
//!
//! Two rules hold everywhere. A read is repeated while time allows; an action is sent again only
//! if it was certainly not carried out. And no secret leaves this crate except in a request to the
//! service it is for, or in the token file.

pub mod autoscale;
pub mod compute;
pub mod heroku;
pub mod http;
pub mod load_balancers;
pub mod octavia;

mod catalog;
mod clients;
mod config;
mod credentials;
mod fault;
mod identity;
mod json;
mod message;
mod names;
mod paging;
mod rate;
mod redact;
mod refusal;
mod retry;
mod service;
mod session;
mod token_file;
mod tokens;
mod transport;

pub use config::{Config, Endpoints, Kind, Pacing, RACKSPACE_IDENTITY};
pub use credentials::{ApplicationCredential, Credentials, Domain, Identifier};
pub use fault::{Call, Fault, Said};
pub use json::BadBody;
pub use names::{Directory, Listed, NameFault};
pub use rate::{Rate, Rates};
pub use redact::Redactor;
pub use service::Service;
pub use session::{Account, Session, Undone};
