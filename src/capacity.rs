//! What the servers carry: from flavors and counts to one capacity.

use std::collections::BTreeMap;

use crate::model::{Capacity, NoReading, Nodes};
use crate::scaler::Seen;

/// Connections that one server carries well, by flavor.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CapacityTable {
    /// By flavor id.
    pub flavors: BTreeMap<String, f64>,
    /// For every other flavor; without it an unknown flavor is an error.
    pub default: Option<f64>,
}

impl CapacityTable {
    /// What one server of `flavor` carries, or what to write where.
    pub fn of(&self, flavor: &str) -> Result<f64, NoReading> {
        self.flavors.get(flavor).copied().or(self.default).ok_or_else(|| {
            NoReading::NoCapacity(format!(
                "[capacity] names neither flavor {flavor:?} nor a default; add one"
            ))
        })
    }

    /// What the group's serving servers and the `fixed` ones (flavor to count) carry.
    ///
    /// Serving are the nodes that serve less the fixed servers; of a monitor that sees no nodes, the active
    /// servers. Of a mixed fleet each active server's flavor counts, evenly spread over those that serve.
    pub fn capacity(
        &self,
        seen: &Seen,
        nodes: Option<Nodes>,
        fixed: &BTreeMap<String, u32>,
    ) -> Result<Capacity, NoReading> {
        let launched = seen.fleet.flavor.as_deref().ok_or_else(|| {
            NoReading::NoCapacity("the scaling group's launch configuration names no flavor".to_owned())
        });
        let per_server =
            launched.and_then(|flavor| self.of(flavor)).or_else(|why| self.default.ok_or(why))?;
        let mut fixed_capacity = 0.0;
        for (flavor, count) in fixed {
            fixed_capacity += f64::from(*count) * self.of(flavor)?;
        }
        let fixed_count = fixed.values().sum();
        let servers = nodes.map_or(seen.fleet.active, |nodes| nodes.serving.saturating_sub(fixed_count));
        let each = self.mean(seen, per_server)?;
        Ok(Capacity { servers, serving: f64::from(servers) * each, fixed: fixed_capacity, per_server })
    }

    fn mean(&self, seen: &Seen, per_server: f64) -> Result<f64, NoReading> {
        let Some(flavors) = seen.flavors.as_deref().filter(|flavors| !flavors.is_empty()) else {
            return Ok(per_server);
        };
        let all: Result<Vec<f64>, NoReading> = flavors.iter().map(|flavor| self.of(flavor)).collect();
        let all = all?;
        Ok(all.iter().sum::<f64>() / all.len() as f64)
    }
}
