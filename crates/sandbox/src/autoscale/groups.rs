//! The groups of a plan, founded through Autoscale's own API.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request};
use serde_json::{Value, json};
use tower::Service as _;

use crate::balancer::LoadBalancers;
use crate::cloud::NODE_PORT;
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

/// Founds all groups of a plan, each with its desired capacity; their servers are ordered, not booted.
///
/// # Errors
/// When a group names a balancer that is not planned, or Autoscale refuses it.
pub(crate) async fn found(
    plan: &Plan,
    balancers: &LoadBalancers,
    router: &Router,
) -> anyhow::Result<Vec<Group>> {
    let base = format!("/v1.0/{}/groups", plan.account.tenant);
    let mut founded = Vec::with_capacity(plan.groups.len());
    for planned in &plan.groups {
        let group = found_one(planned, balancers, router, &base).await;
        founded.push(group.with_context(|| format!("cannot found the group {:?}", planned.name))?);
    }
    Ok(founded)
}

async fn found_one(
    planned: &GroupPlan,
    balancers: &LoadBalancers,
    router: &Router,
    base: &str,
) -> anyhow::Result<Group> {
    // A new group wants its minimum, and keeps what it wants when the minimum is lowered: so the
    // desired capacity is set without an execution, which would start the cooldowns.
    let desired = planned.desired.unwrap_or(planned.min);
    let body = json!({
        "groupConfiguration": configuration(planned, desired),
        "launchConfiguration": launch(planned, balancers)?,
        "scalingPolicies": planned.policies.iter().map(policy).collect::<Vec<_>>(),
    });
    let created = call(router, Method::POST, base, &body).await?;
    let group = read(&created["group"], planned).context("Autoscale's answer cannot be read")?;
    if desired != planned.min {
        let config = format!("{base}/{}/config", group.id);
        call(router, Method::PUT, &config, &configuration(planned, planned.min)).await?;
    }
    Ok(group)
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

async fn call(router: &Router, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
    let request = Request::builder().method(method).uri(path).body(Body::from(body.to_string()))?;
    let Ok(response) = router.clone().call(request).await;
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await?;
    if !status.is_success() {
        bail!("Autoscale answers {status}: {}", String::from_utf8_lossy(&body));
    }
    if body.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(&body)?) }
}
