//! From a reading to a judgement: is it usable, where does it lie, how many servers does it need?

use crate::decide::memory::Memory;
use crate::decide::verdict::Unusable;
use crate::model::{Capacity, Level, NoReading, Observation, Rules, Signal, elapsed};

/// A reading that can be decided on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Usable {
    /// A load, and what the servers carry.
    Demand(Demand),
    /// A monitor's own judgement, and the milliseconds that it rests on.
    Level { level: Level, value: f64 },
}

/// A load beside the capacity that divides it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Demand {
    pub(crate) load: f64,
    pub(crate) capacity: Capacity,
}

impl Usable {
    /// On which side of the band the reading lies.
    pub(crate) fn level(&self, rules: &Rules) -> Level {
        match self {
            Usable::Level { level, .. } => *level,
            Usable::Demand(demand) => rules.level(demand.load, demand.capacity.total()),
        }
    }
}

impl Demand {
    /// Utilization once `servers` more serve, or fewer if negative; none where nothing would serve.
    pub(crate) fn utilization_with(&self, servers: i64) -> Option<f64> {
        Some(self.capacity_with(servers))
            .filter(|capacity| *capacity > 0.0)
            .map(|capacity| self.load / capacity)
    }

    /// Whether `servers` more, or fewer if negative, bring the load to no more than the band's upper edge.
    pub(crate) fn fits_with(&self, rules: &Rules, servers: i64) -> bool {
        self.load <= rules.scale_up_above * self.capacity_with(servers)
    }

    /// Servers of the group that would serve with `more`, or fewer if negative.
    pub(crate) fn servers_with(&self, more: i64) -> u32 {
        let after = i64::from(self.capacity.servers).saturating_add(more);
        u32::try_from(after.max(0)).unwrap_or(u32::MAX)
    }

    /// The smallest number of servers that, with the fixed ones, carry the load at `scale_up_above`.
    ///
    /// Found by bisection on that very comparison: a division could be off by one at a boundary.
    pub(crate) fn needed(&self, rules: &Rules) -> u32 {
        let (mut least, mut enough) = (0, u32::MAX);
        while least < enough {
            let middle = least + (enough - least) / 2;
            if self.load <= rules.scale_up_above * self.of_launched(f64::from(middle)) {
                enough = middle;
            } else {
                least = middle + 1;
            }
        }
        least
    }

    /// Servers come and go with the launch configuration's flavor. What the present ones carry beyond that
    /// is zero in a fleet of one flavor, and to the bit: there this and [`Demand::needed`] always agree.
    fn capacity_with(&self, servers: i64) -> f64 {
        let Capacity { servers: present, serving, per_server, .. } = self.capacity;
        let beyond = serving - f64::from(present) * per_server;
        (self.of_launched(f64::from(present) + servers as f64) + beyond).max(0.0)
    }

    fn of_launched(&self, servers: f64) -> f64 {
        servers * self.capacity.per_server + self.capacity.fixed
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
        Signal::Level { level, value } => match memory.as_it_is_since() {
            Some(since) if reading.taken.earliest < since => Err(Unusable::BeforeMove),
            _ => Ok(Usable::Level { level, value }),
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
