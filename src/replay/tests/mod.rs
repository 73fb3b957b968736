//! What is asserted of a replay: `bills` (the time model, the clairvoyant, the score and the peers, by hand and
//! by search) and `strategies` (what each strategy that runs live makes of whole loads, drawn in `loads`).
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use jiff::Timestamp;

use super::Setup;
use super::trace::Trace;
use crate::model::Limits;

mod bills;
mod loads;
mod strategies;

const MINUTE: Duration = Duration::from_secs(60);

pub(super) fn trace(load: impl IntoIterator<Item = Option<f64>>) -> Trace {
    let load = load.into_iter().collect();
    Trace { name: "synthetic".into(), start: Timestamp::UNIX_EPOCH, tick: MINUTE, load, looks_capped: false }
}

fn setup(capacity: f64, boot: usize, min: u32) -> Setup {
    Setup { capacity, fixed: 0.0, boot, limits: Limits { min, max: 99 } }
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}
