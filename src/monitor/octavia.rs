//! OpenStack Octavia v2 as a source of readings.

use std::sync::Arc;

use async_trait::async_trait;
use cloud::octavia::{self, LoadBalancerEntry, Member};
use cloud::{Directory, Fault, Listed, Session};
use futures::future::join_all;

use super::balancers::{Balancer, BalancerService, Node, NodeState};
use super::rackspace_lb::no_reading;
use crate::known::Known;
use crate::memo::Memo;
use crate::model::NoReading;
use crate::tick::Tick;

/// The fact that a balancer's name is remembered under, since its statistics do not tell it.
const KNOWN_NAME: &str = "load_balancer_name";

/// The balancers of one project and region.
pub struct Octavia {
    session: Session,
    known: Arc<Known>,
    list: Memo<(), Result<Arc<Vec<LoadBalancerEntry>>, NoReading>>,
}

impl Octavia {
    /// Those that `session` signs in to.
    pub fn new(session: Session, known: Arc<Known>) -> Octavia {
        Octavia { session, known, list: Memo::new() }
    }

    /// The members of all pools behind a balancer; a server may be in several.
    async fn members(&self, tick: &Tick, id: &str) -> Result<Vec<Member>, Fault> {
        let pools = octavia::pools(&self.session, id, tick.deadline).await?;
        let asked = pools.iter().map(|pool| octavia::members(&self.session, pool.id(), tick.deadline));
        let members: Result<Vec<_>, _> = join_all(asked).await.into_iter().collect();
        Ok(members?.into_iter().flatten().collect())
    }
}

#[async_trait]
impl BalancerService for Octavia {
    async fn find(&self, tick: &Tick, reference: &str) -> Result<String, NoReading> {
        let ask =
            async { octavia::list(&self.session, tick.deadline).await.map(Arc::new).map_err(no_reading) };
        let list = self.list.get(tick, (), ask).await?;
        let directory = Directory::new(&list);
        let entry =
            directory.find(reference).map_err(|why| NoReading::Missing(format!("load balancer: {why}")))?;
        self.known.put(KNOWN_NAME, entry.id(), entry.name());
        Ok(entry.id().to_owned())
    }

    async fn balancer(&self, tick: &Tick, id: &str) -> Result<Option<Balancer>, NoReading> {
        let connections = octavia::connections(&self.session, id, tick.deadline);
        let (connections, members) = match futures::join!(connections, self.members(tick, id)) {
            (Err(Fault::NotFound { .. }), _) | (_, Err(Fault::NotFound { .. })) => return Ok(None),
            (connections, members) => (connections.map_err(no_reading)?, members.map_err(no_reading)?),
        };
        let nodes =
            members.iter().map(|member| Node { address: member.address.clone(), state: state(member) });
        let name = self.known.get(KNOWN_NAME, id).unwrap_or_else(|| id.to_owned());
        Ok(Some(Balancer { id: id.to_owned(), name, connections, nodes: nodes.collect() }))
    }
}

fn state(member: &Member) -> NodeState {
    if member.serves() {
        NodeState::Serving
    } else if member.admin_state_up && member.weight > 0 && !member.backup {
        NodeState::Offline
    } else {
        NodeState::Idle
    }
}
