//! loadscale
