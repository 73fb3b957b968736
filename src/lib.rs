//! loadscale
pub mod decide;
pub mod journal;
pub mod model;
pub mod record;
