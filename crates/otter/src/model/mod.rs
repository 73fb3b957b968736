//! The nouns of the service, and how they look in JSON.

pub mod tags;
