//! Demand that vanishes all at once: the way to the servers is cut, and what is cut comes back whole.
//!
//! A server that is kept through such a minute costs one; a server that is missing when demand returns is
//! missing for a boot, at a hundred times the price. So it is kept for long enough for most outages to end.

use serde::{Deserialize, Serialize};

use super::outlook::Foretold;

/// Demand that falls below this share of what was expected may have been cut off.
const ALL_BUT_GONE: f64 = 0.2;

/// And if it lies so many usual errors below: where such falls are common, they are noise.
const FAR_OFF: f64 = 8.0;

/// Demand expected to be smaller than this, in servers, is too small to be missed.
const LEAST_EXPECTED: f64 = 1.0;

/// Minutes for which demand is waited for; what stays away for longer is believed to be gone.
pub(super) const WAITED_FOR: usize = 60;

/// An outage that goes on, or what was taken for one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Outage {
    /// The demand that was expected when it began, in servers.
    expected: f64,
    minutes: usize,
}

impl Outage {
    /// The outage that goes on, or begins, in a minute of so much `demand`, for which there may be a forecast.
    pub(super) fn in_minute(
        before: Option<Outage>,
        demand: f64,
        foretold: Option<Foretold>,
    ) -> Option<Outage> {
        match (before, foretold) {
            (Some(outage), _) if outage.is_waited_for() => {
                gone(demand, outage.expected).then_some(Outage { minutes: outage.minutes + 1, ..outage })
            }
            // Until the forecasts have learned of it, it is no new one.
            (Some(believed), Some(foretold)) => gone(demand, foretold.expected).then_some(believed),
            (Some(believed), None) => Some(believed),
            (None, Some(Foretold { expected, usual_error })) => {
                let sudden = expected - demand > FAR_OFF * usual_error;
                let begins = gone(demand, expected) && sudden && expected > LEAST_EXPECTED;
                begins.then_some(Outage { expected, minutes: 1 })
            }
            (None, None) => None,
        }
    }

    /// Whether demand is still waited for; else it is believed to be gone.
    pub(super) fn is_waited_for(&self) -> bool {
        self.minutes <= WAITED_FOR
    }
}

/// Whether `demand` is next to nothing beside what was expected.
fn gone(demand: f64, expected: f64) -> bool {
    demand < ALL_BUT_GONE * expected
}
