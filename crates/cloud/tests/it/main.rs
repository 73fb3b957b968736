//! Sessions against servers on this machine that do what servers do, good and bad.
#![allow(clippy::unwrap_used)]

// Who signs in how often, and what becomes of the token.
mod sign_in;
// Reads: what is repeated, what is not, and that every limit holds.
mod reads;
// Actions: never sent twice, and what became of them is told truly.
mod actions;
// Lists: read to the end by each service's own rule.
mod lists;
// No secret comes back out, whatever a server echoes.
mod secrets;

// The server behind all of these.
mod fake;
