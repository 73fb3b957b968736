//! One turn of the loop: the instant it stands for and the instant by which it must be over.

use jiff::Timestamp;
use tokio::time::Instant;

/// Handed to everything that is done for one pass. Two readings of one tick may be the same reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick {
    /// The instant of the pass, the same for all its groups.
    pub at: Timestamp,
    /// When the pass gives up.
    pub deadline: Instant,
}
