//! Changing the cloud: carries out the steps of a plan and collects what went wrong.
//!
//! Balancers come first: a server is deleted after its nodes are out, and marked as draining when they are. Where
//! a balancer does not let its nodes go, the servers on it stay, and the next round plans that again.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use rand::Rng;

use super::stacks;
use crate::app::App;
use crate::balancer::Condition;
use crate::converge::{Plan, Step};
use crate::fault::Fault;
use crate::launcher::Order;
use crate::model::{GroupKey, Launch, tags};

/// A step at a balancer or pool, and how it went.
type Tried<'p> = (&'p Step, Result<(), Fault>);

/// Carries out the steps; returns the faults. What is already gone when it is to be removed is none.
pub(super) async fn carry_out(app: &App, key: &GroupKey, launch: &Launch, plan: &Plan) -> Vec<Fault> {
    let mut pools: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
    let (mut balancers, mut servers, mut stacks) = (Vec::new(), Vec::new(), Vec::new());
    for step in &plan.steps {
        match step {
            Step::Add { .. } | Step::Change { .. } | Step::Remove { .. } => {
                balancers.push(change_balancer(app, &key.tenant, step));
            }
            Step::Join { pool, .. } | Step::Leave { pool, .. } => pools.entry(pool).or_default().push(step),
            Step::Create | Step::Drain { .. } | Step::Delete { .. } => servers.push(step),
            Step::Stack(step) => stacks.push(stacks::take(app, key, launch, step)),
        }
    }
    let pools = pools.values().map(|steps| change_pool(app, &key.tenant, steps));
    let (balanced, pooled, stacked) = tokio::join!(join_all(balancers), join_all(pools), join_all(stacks));
    let tried: Vec<Tried<'_>> = balanced.into_iter().chain(pooled.into_iter().flatten()).collect();
    let holding: BTreeSet<&str> = tried.iter().filter_map(holds).collect();
    servers.retain(|step| !is_held(step, plan, &holding));
    let ordered = join_all(servers.into_iter().map(|step| change_server(app, key, launch, step))).await;
    let results = tried.into_iter().map(|(_, result)| result).chain(ordered).chain(stacked);
    results.filter_map(Result::err).collect()
}

/// The balancer or pool, if it was to let nodes or members go and did not.
fn holds<'p>((step, result): &Tried<'p>) -> Option<&'p str> {
    match step {
        Step::Remove { balancer: id, .. } | Step::Leave { pool: id, .. } => result.is_err().then_some(id),
        Step::Change { condition: Condition::Enabled, .. } => None,
        Step::Change { balancer: id, .. } => result.is_err().then_some(id),
        _ => None,
    }
}

/// Whether a step is about the end of a server that one of these holds.
fn is_held(step: &Step, plan: &Plan, holding: &BTreeSet<&str>) -> bool {
    let (Step::Drain { server } | Step::Delete { server }) = step else { return false };
    let joined = plan.known.iter().filter(|known| known.id == *server);
    joined
        .flat_map(|known| known.balancers.iter().chain(&known.pools))
        .any(|id| holding.contains(id.as_str()))
}

async fn change_balancer<'p>(app: &App, tenant: &str, step: &'p Step) -> Tried<'p> {
    let balancers = app.balancer();
    let result = match step {
        Step::Add { balancer, nodes } => balancers.add(tenant, balancer, nodes).await,
        Step::Change { balancer, node, condition } => {
            balancers.change(tenant, balancer, node, *condition).await
        }
        Step::Remove { balancer, nodes } => gone_is_fine(balancers.remove(tenant, balancer, nodes).await),
        _ => Ok(()),
    };
    (step, result)
}

/// A pool gets one change at a time.
async fn change_pool<'p>(app: &App, tenant: &str, steps: &[&'p Step]) -> Vec<Tried<'p>> {
    let mut tried = Vec::new();
    for step in steps {
        tried.push((*step, change_member(app, tenant, step).await));
    }
    tried
}

async fn change_member(app: &App, tenant: &str, step: &Step) -> Result<(), Fault> {
    match (step, app.balancer().rackconnect()) {
        (Step::Join { pool, server }, Some(rackconnect)) => rackconnect.join(tenant, pool, server).await,
        (Step::Join { pool, .. }, None) => Err(Fault::Gone(format!("RackConnect v3 pool {pool}"))),
        (Step::Leave { pool, server }, Some(rackconnect)) => {
            gone_is_fine(rackconnect.leave(tenant, pool, server).await)
        }
        _ => Ok(()),
    }
}

async fn change_server(app: &App, key: &GroupKey, launch: &Launch, step: &Step) -> Result<(), Fault> {
    match step {
        Step::Create => {
            let id = app.launcher().create(&key.tenant, &order(key, launch)?).await?;
            tracing::info!(group = key.group, server = id, "ordered a server");
            Ok(())
        }
        Step::Drain { server } => {
            gone_is_fine(app.launcher().tag(&key.tenant, server, &tags::draining(app.now())).await)
        }
        Step::Delete { server } => {
            tracing::info!(group = key.group, server, "deleting a server");
            gone_is_fine(app.launcher().delete(&key.tenant, server).await)
        }
        _ => Ok(()),
    }
}

pub(super) fn gone_is_fine(result: Result<(), Fault>) -> Result<(), Fault> {
    match result {
        Err(Fault::Gone(_)) => Ok(()),
        result => result,
    }
}

/// An order for a server named `{name}-as{8 hex}`.
fn order(key: &GroupKey, launch: &Launch) -> Result<Order, Fault> {
    let server = launch.server();
    let mut server = server
        .cloned()
        .ok_or_else(|| Fault::Terminal("the launch configuration is not about servers".to_owned()))?;
    let suffix = format!("as{:08x}", rand::rng().random::<u32>());
    let name = match server.remove("name").and_then(|name| name.as_str().map(str::to_owned)) {
        Some(name) if !name.is_empty() => format!("{name}-{suffix}"),
        _ => suffix,
    };
    server.remove("metadata");
    Ok(Order { name, server, metadata: tags::of_new_server(&key.group, launch) })
}
