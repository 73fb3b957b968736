//! From a reading to a judgement: is it usable, where does it lie, how many servers does it need?

use jiff::Timestamp;

use crate::decide::memory::{Memory, elapsed};
use crate::decide::verdict::Unusable;
use crate::model::{Capacity, Level, NoReading, Observation, Reading, Rules, Signal};

/// A reading that can be decided on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Usable {
    /// A load, and what the servers carry.
    Demand(Demand),
    /// A monitor's own judgement.
    Level(Level),
}

/// A load beside the capacity that divides it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Demand {
    pub(crate) load: f64,
    pub(crate) capacity: Capacity,
}

impl Demand {
    /// Utilization once `servers` more serve, or fewer if negative; infinite where a load meets nothing.
    pub(crate) fn utilization_with(&self, servers: i64) -> f64 {
        if self.load > 0.0 { self.load / self.capacity_with(servers) } else { 0.0 }
    }

    /// Whether `servers` more, or fewer if negative, bring the load to no more than the band's upper edge.
    pub(crate) fn fits_with(&self, rules: &Rules, servers: i64) -> bool {
        self.load <= rules.scale_up_above * self.capacity_with(servers)
    }

    fn capacity_with(&self, servers: i64) -> f64 {
        (self.capacity.total() + servers as f64 * self.capacity.per_server).max(0.0)
    }

    /// The smallest number of servers that, with the fixed ones, carry the load at `scale_up_above`.
    pub(crate) fn needed(&self, rules: &Rules) -> u32 {
        let carried = |n: f64| rules.scale_up_above * (self.capacity.fixed + n * self.capacity.per_server);
        let estimate = (self.load / rules.scale_up_above - self.capacity.fixed) / self.capacity.per_server;
        // Division may be off by one at a boundary; the defining comparison decides.
        let mut n = estimate.ceil().clamp(0.0, f64::from(u32::MAX));
        while n > 0.0 && self.load <= carried(n - 1.0) {
            n -= 1.0;
        }
        while n < f64::from(u32::MAX) && self.load > carried(n) {
            n += 1.0;
        }
        n as u32
    }

    pub(crate) fn level(&self, rules: &Rules) -> Level {
        rules.level(self.load, self.capacity.total())
    }
}

impl Rules {
    /// On which side of the band `load` lies on `capacity`, both in the same unit. The edges are inside.
    pub fn level(&self, load: f64, capacity: f64) -> Level {
        if load > self.scale_up_above * capacity {
            Level::High
        } else if load < self.scale_down_below * capacity {
            Level::Low
        } else {
            Level::Right
        }
    }
}

/// The reading of `seen`, if it may be decided on.
pub(crate) fn usable(rules: &Rules, memory: &Memory, seen: &Observation) -> Result<Usable, Unusable> {
    let reading = seen.reading.as_ref().map_err(|why| match why {
        NoReading::Changing(why) => Unusable::Changing(why.clone()),
        other => Unusable::Missing(other.to_string()),
    })?;
    let age = elapsed(reading.taken.earliest, seen.at);
    if age > rules.stats_max_age {
        return Err(Unusable::Stale { age, limit: rules.stats_max_age });
    }
    match reading.signal {
        Signal::Level { level, .. } => match memory.changed_at.filter(|moved| predates(reading, *moved)) {
            Some(_) => Err(Unusable::BeforeMove),
            None => Ok(Usable::Level(level)),
        },
        Signal::Demand { load } => {
            let capacity = seen.capacity.as_ref().map_err(|why| Unusable::NoCapacity(why.to_string()))?;
            match reading.nodes.filter(|nodes| load == 0.0 && nodes.offline > 0) {
                Some(nodes) => Err(Unusable::Outage { offline: nodes.offline }),
                None => Ok(Usable::Demand(Demand { load, capacity: *capacity })),
            }
        }
    }
}

/// On which side of the band `seen` lies; none if its reading cannot be used.
pub(crate) fn level(rules: &Rules, memory: &Memory, seen: &Observation) -> Option<Level> {
    match usable(rules, memory, seen).ok()? {
        Usable::Level(level) => Some(level),
        Usable::Demand(demand) => Some(demand.level(rules)),
    }
}

fn predates(reading: &Reading, moved: Timestamp) -> bool {
    reading.taken.earliest < moved
}
