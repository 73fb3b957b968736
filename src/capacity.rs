//! What the servers carry: from flavors and counts to one capacity.

use std::collections::BTreeMap;

use crate::model::{Capacity, NoReading, Nodes};
use crate::scaler::Seen;
use crate::settings::Capacities;

impl Capacities {
    /// What one server of `flavor` carries, or what to write where.
    fn per_server(&self, flavor: &str) -> Result<f64, NoReading> {
        self.of(flavor).ok_or_else(|| {
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
            launched.and_then(|flavor| self.per_server(flavor)).or_else(|why| self.default.ok_or(why))?;
        let mut fixed_capacity = 0.0;
        for (flavor, count) in fixed {
            fixed_capacity += f64::from(*count) * self.per_server(flavor)?;
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
        let all: Result<Vec<f64>, NoReading> = flavors.iter().map(|flavor| self.per_server(flavor)).collect();
        let all = all?;
        Ok(all.iter().sum::<f64>() / all.len() as f64)
    }
}
