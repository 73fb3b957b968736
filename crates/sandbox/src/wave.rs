//! The demo's load: a day in which a sudden crowd arrives, as a pure function of the time of day.

use std::f64::consts::TAU;

/// A day's load, in connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wave {
    /// The load at night.
    pub night: u32,
    /// The load at noon without the crowd.
    pub noon: u32,
    /// How many come suddenly, in the early evening.
    pub crowd: u32,
}

/// When the crowd comes, as a share of the day.
const ARRIVES: f64 = 0.62;
/// How long its arrival takes: a sixtieth of the day.
const ARRIVAL: f64 = 1.0 / 60.0;
/// How long it stays whole.
const STAYS: f64 = 0.10;
/// In which time all but a third of it leaves, over and over.
const LEAVES: f64 = 0.04;

impl Wave {
    /// The load at `t`, from 0 at midnight to 1 at the next; outside of that, at the nearer end.
    pub fn at(&self, t: f64) -> f64 {
        let t = t.clamp(0.0, 1.0);
        let daylight = (1.0 - (TAU * t).cos()) / 2.0;
        let (night, noon) = (f64::from(self.night), f64::from(self.noon));
        night + (noon - night) * daylight + f64::from(self.crowd) * crowd(t)
    }

    /// The same in whole connections.
    pub fn connections(&self, t: f64) -> usize {
        // Saturates, and a load that is no number is none.
        self.at(t).round().max(0.0) as usize
    }
}

/// The share of the crowd that is there at `t`.
fn crowd(t: f64) -> f64 {
    let since = t - ARRIVES;
    let gone = since - ARRIVAL - STAYS;
    if since < 0.0 {
        0.0
    } else if since < ARRIVAL {
        since / ARRIVAL
    } else if gone < 0.0 {
        1.0
    } else {
        (-gone / LEAVES).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAVE: Wave = Wave { night: 20, noon: 200, crowd: 300 };

    #[test]
    fn the_day_starts_low_and_has_its_height_at_noon() {
        assert_eq!(WAVE.connections(0.0), 20);
        assert_eq!(WAVE.connections(0.5), 200);
        assert_eq!(WAVE.connections(-1.0), 20);
    }

    #[test]
    fn the_crowd_comes_suddenly_and_is_gone_by_midnight() {
        let (before, after) = (WAVE.at(ARRIVES), WAVE.at(ARRIVES + ARRIVAL));
        assert!(after - before > 280.0, "{before} {after}");
        assert!(WAVE.at(1.0) < 30.0, "{}", WAVE.at(1.0));
    }
}
