//! A group's manifest: state, limits, cooldown, launch configuration and policies in one answer.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;

use super::state::State;
use crate::fault::Fault;
use crate::json::{self, BadBody, Id, null_is_default};
use crate::names::Listed;
use crate::paging::escaped;
use crate::service::Service;
use crate::session::Session;

/// The service's own ceiling, in force where a group names none.
const MAX_ENTITIES: u32 = 1000;

/// All that one answer tells of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// Limits and cooldown.
    pub config: Config,
    /// What its servers are launched as.
    pub launch: Launch,
    /// Every policy; this list is never paged.
    pub policies: Vec<Policy>,
    /// What it has and wants.
    pub state: State,
    /// The ids of its active servers.
    pub servers: Vec<String>,
}

/// A group's own configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Between any two executions.
    pub cooldown: Duration,
    /// The fewest servers.
    pub min: u32,
    /// The most servers.
    pub max: u32,
}

/// What of a launch configuration concerns us; the rest, which may hold secrets, is not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Launch {
    /// The id of the servers' flavor; none for a group that launches stacks.
    pub flavor: Option<String>,
    /// The ids of the balancers that its servers are put on.
    pub load_balancers: Vec<String>,
}

/// A scaling policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// A UUID.
    pub id: String,
    /// Not unique.
    pub name: String,
    /// `webhook`, `schedule` or `cloud_monitoring`.
    pub kind: String,
    /// What it does; none for a kind of effect that is unknown here.
    pub effect: Option<Effect>,
    /// Between two executions of this policy.
    pub cooldown: Duration,
}

impl Listed for Policy {
    fn id(&self) -> &str {
        &self.id
    }
    fn name(&self) -> &str {
        &self.name
    }
}

/// What a policy does to the desired capacity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Effect {
    /// Adds so many servers.
    Change(i64),
    /// Adds so many percent, rounded away from zero.
    ChangePercent(f64),
    /// Sets it.
    DesiredCapacity(u64),
}

/// The manifest of a group.
///
/// # Errors
/// Those of [`Session::get`]; [`Fault::NotFound`] for a group that is gone.
pub async fn manifest(session: &Session, group: &str, deadline: Instant) -> Result<Manifest, Fault> {
    let path = format!("/groups/{}", escaped(group));
    let manifest = session.get(Service::Autoscale, &path, parse, deadline).await?;
    Ok(Manifest { state: manifest.state.redacted(session), ..manifest })
}

#[derive(Deserialize)]
struct Answer {
    group: Group,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    group_configuration: GroupConfiguration,
    #[serde(default, deserialize_with = "null_is_default")]
    launch_configuration: LaunchConfiguration,
    scaling_policies: Vec<ScalingPolicy>,
    state: StateWithServers,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupConfiguration {
    cooldown: f64,
    min_entities: u32,
    max_entities: Option<u32>,
}

#[derive(Default, Deserialize)]
struct LaunchConfiguration {
    #[serde(default, deserialize_with = "null_is_default")]
    args: Arguments,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    server: Option<Server>,
    #[serde(default, deserialize_with = "null_is_default")]
    load_balancers: Vec<Balancer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Server {
    flavor_ref: Option<Id>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Balancer {
    load_balancer_id: Id,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScalingPolicy {
    id: String,
    name: String,
    #[serde(rename = "type", default)]
    kind: String,
    cooldown: f64,
    change: Option<i64>,
    change_percent: Option<f64>,
    desired_capacity: Option<u64>,
}

#[derive(Deserialize)]
struct StateWithServers {
    #[serde(flatten)]
    state: State,
    #[serde(default, deserialize_with = "null_is_default")]
    active: Vec<ActiveServer>,
}

#[derive(Deserialize)]
struct ActiveServer {
    id: String,
}

fn parse(body: &[u8]) -> Result<Manifest, BadBody> {
    let Answer { group } = json::read(body)?;
    let GroupConfiguration { cooldown, min_entities, max_entities } = group.group_configuration;
    let cooldown = seconds("group.groupConfiguration.cooldown", cooldown)?;
    let max = max_entities.unwrap_or(MAX_ENTITIES);
    let args = group.launch_configuration.args;
    Ok(Manifest {
        config: Config { cooldown, min: min_entities, max },
        launch: Launch {
            flavor: args.server.and_then(|server| server.flavor_ref).map(String::from),
            load_balancers: args.load_balancers.into_iter().map(|lb| lb.load_balancer_id.into()).collect(),
        },
        policies: group.scaling_policies.into_iter().map(policy).collect::<Result<_, _>>()?,
        state: group.state.state,
        servers: group.state.active.into_iter().map(|server| server.id).collect(),
    })
}

fn policy(policy: ScalingPolicy) -> Result<Policy, BadBody> {
    let effect = match (policy.change, policy.change_percent, policy.desired_capacity) {
        (Some(change), None, None) => Some(Effect::Change(change)),
        (None, Some(percent), None) => Some(Effect::ChangePercent(percent)),
        (None, None, Some(desired)) => Some(Effect::DesiredCapacity(desired)),
        _ => None,
    };
    let cooldown = seconds("the cooldown of a policy", policy.cooldown)?;
    Ok(Policy { id: policy.id, name: policy.name, kind: policy.kind, effect, cooldown })
}

fn seconds(what: &str, seconds: f64) -> Result<Duration, BadBody> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| BadBody(format!("{what}: {seconds} is no length of time")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"group":{"id":"g1","links":[],
        "groupConfiguration":{"name":"web","cooldown":60,"minEntities":1,"maxEntities":10,"metadata":{}},
        "launchConfiguration":{"type":"launch_server","args":{
          "server":{"flavorRef":"general1-2","imageRef":"i","user_data":"c2VjcmV0"},
          "loadBalancers":[{"loadBalancerId":71,"port":80},{"loadBalancerId":"9f","type":"RackConnectV3"}]}},
        "scalingPolicies":[
          {"id":"p1","name":"add_on","type":"webhook","change":1,"cooldown":0.5,"links":[]},
          {"id":"p2","name":"half","type":"webhook","changePercent":-50.0,"cooldown":0,"links":[]},
          {"id":"p3","name":"four","type":"schedule","desiredCapacity":4,"cooldown":0,"args":{"cron":"0 0 * * *"}},
          {"id":"p4","name":"odd","type":"webhook","cooldown":0}],
        "scalingPolicies_links":[{"rel":"policies","href":"x"}],
        "state":{"name":"web","activeCapacity":2,"pendingCapacity":1,"desiredCapacity":3,"paused":false,
          "status":"ACTIVE","active":[{"id":"s1","links":[]},{"id":"s2","links":[]}]}}}"#;

    #[test]
    fn everything_in_one_answer() {
        let manifest = parse(BODY.as_bytes()).expect("a manifest");
        assert_eq!(manifest.config.cooldown, Duration::from_secs(60));
        assert_eq!((manifest.config.min, manifest.config.max), (1, 10));
        assert_eq!(manifest.launch.flavor.as_deref(), Some("general1-2"));
        assert_eq!(manifest.launch.load_balancers, ["71", "9f"]);
        assert_eq!((manifest.state.active, manifest.state.desired), (2, 3));
        assert_eq!(manifest.servers, ["s1", "s2"]);
        assert_eq!(manifest.policies[0].cooldown, Duration::from_millis(500));
        let effects: Vec<_> = manifest.policies.iter().map(|policy| policy.effect).collect();
        let expected = [
            Some(Effect::Change(1)),
            Some(Effect::ChangePercent(-50.0)),
            Some(Effect::DesiredCapacity(4)),
            None,
        ];
        assert_eq!(effects, expected);
    }

    #[test]
    fn a_group_without_a_maximum_has_the_services() {
        let manifest = parse(BODY.replace(r#""maxEntities":10"#, r#""maxEntities":null"#).as_bytes());
        assert_eq!(manifest.expect("a manifest").config.max, MAX_ENTITIES);
    }

    #[test]
    fn a_group_may_launch_stacks() {
        let stack = BODY.replace(r#""server":{"flavorRef""#, r#""stack":{"template""#);
        assert_eq!(parse(stack.as_bytes()).expect("a manifest").launch.flavor, None);
    }

    #[test]
    fn what_matters_must_be_there_and_of_its_type() {
        for (good, bad, named) in [
            (r#""cooldown":60"#, r#""cooldown":-1"#, "cooldown"),
            (r#""minEntities":1"#, r#""minEntities":"1""#, "minEntities"),
            (r#""desiredCapacity":3"#, r#""desired":3"#, "desiredCapacity"),
            (r#""scalingPolicies":["#, r#""policies":["#, "scalingPolicies"),
        ] {
            let BadBody(what) = parse(BODY.replace(good, bad).as_bytes()).expect_err(bad);
            assert!(what.contains(named), "{what}");
        }
    }

    #[test]
    fn launch_secrets_are_not_kept() {
        let manifest = parse(BODY.as_bytes()).expect("a manifest");
        assert!(!format!("{manifest:?}").contains("c2VjcmV0"));
    }
}
