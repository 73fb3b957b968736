//! The groups of a plan, founded through Autoscale's own API.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request};
use otter::model::{Launch, tags};
use serde_json::{Value, json};
use tower::Service as _;

use crate::balancer::{Condition, LoadBalancers};
use crate::cloud::NODE_PORT;
use crate::compute::{Compute, Order};
use crate::plan::{Effect, GroupPlan, Plan, PolicyPlan};

/// The one image, whose id is made up.
const IMAGE: &str = "5cc098a5-7286-4b96-b3a2-49f4c4f82537";

/// A scaling group that the sandbox started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its id in Autoscale.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The ids of its policies, by their names.
    pub policies: BTreeMap<String, String>,
}

/// What founding takes.
pub(crate) struct Founder<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) balancers: &'a LoadBalancers,
    pub(crate) compute: &'a Arc<Compute>,
    /// Autoscale's routes.
    pub(crate) router: &'a Router,
}

impl Founder<'_> {
    /// Founds all groups of the plan, each with the servers that it desires, which may still boot. So
    /// Autoscale finds everything in order when it first looks at the servers, once for all groups.
    ///
    /// # Errors
    /// When a group names a balancer that is not planned, or Autoscale refuses it.
    pub(crate) async fn found(&self) -> anyhow::Result<Vec<Group>> {
        let mut founded = Vec::with_capacity(self.plan.groups.len());
        for planned in &self.plan.groups {
            let group = self.found_one(planned).await;
            founded.push(group.with_context(|| format!("cannot found the group {:?}", planned.name))?);
        }
        Ok(founded)
    }

    async fn found_one(&self, planned: &GroupPlan) -> anyhow::Result<Group> {
        // A new group wants its minimum, and keeps what it wants when the minimum is lowered: so the
        // desired capacity is set without an execution, which would start the cooldowns.
        let desired = planned.desired.unwrap_or(planned.min);
        let launch = launch(planned, self.balancers)?;
        let body = json!({
            "groupConfiguration": configuration(planned, desired),
            "launchConfiguration": launch,
            "scalingPolicies": planned.policies.iter().map(policy).collect::<Vec<_>>(),
        });
        let base = format!("/v1.0/{}/groups", self.plan.account.tenant);
        let created = self.call(Method::POST, &base, &body).await?;
        let group = read(&created["group"], planned).context("Autoscale's answer cannot be read")?;
        if desired != planned.min {
            let config = format!("{base}/{}/config", group.id);
            self.call(Method::PUT, &config, &configuration(planned, planned.min)).await?;
        }
        self.place(planned, &group, desired, &Launch::stored(launch));
        Ok(group)
    }

    /// Orders a group's servers and puts them on its balancers, as Autoscale would.
    fn place(&self, planned: &GroupPlan, group: &Group, desired: u32, launch: &Launch) {
        for number in 0..desired {
            let order = Order {
                name: format!("{}-as{number:08x}", planned.name),
                flavor: planned.flavor.clone(),
                metadata: tags::of_new_server(&group.id, launch),
            };
            // No failure can be planned yet.
            let Ok(server) = self.compute.create(order) else { continue };
            for balancer in planned.load_balancers.iter().filter_map(|name| self.balancers.by_name(name)) {
                balancer.add(server.address, NODE_PORT, Condition::Enabled);
            }
        }
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = Request::builder().method(method).uri(path).body(Body::from(body.to_string()))?;
        let Ok(response) = self.router.clone().call(request).await;
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await?;
        if !status.is_success() {
            bail!("Autoscale answers {status}: {}", String::from_utf8_lossy(&body));
        }
        if body.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(&body)?) }
    }
}

fn configuration(planned: &GroupPlan, min: u32) -> Value {
    json!({
        "name": planned.name,
        "cooldown": planned.cooldown,
        "minEntities": min,
        "maxEntities": planned.max,
        "metadata": {},
    })
}

fn launch(planned: &GroupPlan, balancers: &LoadBalancers) -> anyhow::Result<Value> {
    let mut holds = Vec::new();
    for name in &planned.load_balancers {
        let Some(balancer) = balancers.by_name(name) else { bail!("no load balancer {name:?} is planned") };
        holds.push(json!({ "loadBalancerId": balancer.id(), "port": NODE_PORT }));
    }
    let mut args = json!({
        "server": { "name": planned.name, "flavorRef": planned.flavor, "imageRef": IMAGE },
        "loadBalancers": holds,
    });
    if let Some(seconds) = planned.draining_timeout {
        args["draining_timeout"] = seconds.into();
    }
    Ok(json!({ "type": "launch_server", "args": args }))
}

fn policy(planned: &PolicyPlan) -> Value {
    let (key, value) = match planned.effect {
        Effect::Change(change) => ("change", json!(change)),
        Effect::ChangePercent(percent) => ("changePercent", json!(percent)),
        Effect::DesiredCapacity(desired) => ("desiredCapacity", json!(desired)),
    };
    json!({ "name": planned.name, "cooldown": planned.cooldown, "type": "webhook", key: value })
}

fn read(created: &Value, planned: &GroupPlan) -> Option<Group> {
    let policies = created["scalingPolicies"].as_array()?.iter();
    let policies: Option<_> =
        policies.map(|it| Some((it["name"].as_str()?.to_owned(), it["id"].as_str()?.to_owned()))).collect();
    Some(Group { id: created["id"].as_str()?.to_owned(), name: planned.name.clone(), policies: policies? })
}
