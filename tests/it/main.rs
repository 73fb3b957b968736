//! The integration tests: one binary, a module a subject.
//!
//! * `imports`: who may import whom, and that the core stays pure.
//! * `cli`: what is typed and what is answered, without a cloud.

mod cli;
mod imports;
mod program;
