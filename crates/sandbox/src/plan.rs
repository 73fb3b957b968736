//! The plan of a cloud: who may sign in, which balancers and groups there are, how fast servers boot.

use std::fmt;
use std::time::Duration;

use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;
use serde::{Deserialize, Serialize};

use crate::balancer::Algorithm;

/// The golden ratio's fractional part: its multiples, modulo 1, fill the unit interval more evenly than
/// those of any other number (Knuth, The Art of Computer Programming 3, section 6.4).
const GOLDEN: f64 = 0.618_033_988_749_894_8;

/// What a sandbox holds from the start. The default is a small cloud with one of everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plan {
    /// The one account.
    pub account: Account,
    /// The region in which everything stands. The catalog lists another one, where nothing does.
    pub region: String,
    /// How long a token is good, by the sandbox's clock.
    #[serde(with = "duration")]
    pub token_life: Duration,
    /// How long a server is in BUILD, by the sandbox's clock.
    #[serde(with = "duration")]
    pub boot_delay: Duration,
    /// The delay of every answer, in real time.
    #[serde(with = "duration")]
    pub latency: Duration,
    /// Whether balancers listen and servers answer. Without it a server is an entry in a table and a
    /// balancer's connections are what [`crate::LoadBalancer::set_connections`] says, which carries
    /// thousands of groups.
    pub real: bool,
    /// What a booted server does with connections.
    pub backend: BackendPlan,
    /// The load balancers.
    pub load_balancers: Vec<LoadBalancerPlan>,
    /// The scaling groups.
    pub groups: Vec<GroupPlan>,
    /// The app at Heroku.
    pub heroku: HerokuPlan,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            account: Account::default(),
            region: "DFW".to_owned(),
            token_life: Duration::from_secs(24 * 3600),
            boot_delay: Duration::from_secs(30),
            latency: Duration::ZERO,
            real: true,
            backend: BackendPlan::default(),
            load_balancers: vec![LoadBalancerPlan::default()],
            groups: vec![GroupPlan::default()],
            heroku: HerokuPlan::default(),
        }
    }
}

impl Plan {
    /// A cloud of `groups` groups, named `Group00001` and on, spread evenly over `load_balancers`
    /// balancers, named `lb-001` and on, without real connections.
    pub fn crowd(groups: usize, load_balancers: usize) -> Self {
        let name = |number: usize| format!("lb-{:03}", number + 1);
        let group = |number: usize| GroupPlan {
            name: format!("Group{:05}", number + 1),
            load_balancers: vec![name(number % load_balancers.max(1))],
            ..GroupPlan::default()
        };
        let balancer = |number| LoadBalancerPlan { name: name(number), ..LoadBalancerPlan::default() };
        Self {
            real: false,
            boot_delay: Duration::ZERO,
            load_balancers: (0..load_balancers).map(balancer).collect(),
            groups: (0..groups).map(group).collect(),
            ..Self::default()
        }
    }
}

/// Who may sign in, and as what. All of it is make-believe, yet kept out of `Debug` like the real thing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Account {
    /// The user.
    pub username: String,
    /// The user's key for identity v2.0.
    pub api_key: String,
    /// The user's password for v2.0 and v3.
    pub password: String,
    /// The id of the v3 application credential.
    pub application_credential_id: String,
    /// Its secret.
    pub application_credential_secret: String,
    /// The tenant of v2.0, the project's id in v3.
    pub tenant: String,
    /// The project's name in v3.
    pub project: String,
    /// The user's roles, on which Autoscale decides who may write.
    pub roles: Vec<String>,
}

impl Default for Account {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            username: text("sandbox"),
            api_key: text("5a4db0ca5e11aab0c0de5a4db0ca5e11"),
            password: text("s4ndb0x-p4ssw0rd"),
            application_credential_id: text("21dced0fd20347869b93710d2b98aae0"),
            application_credential_secret: text("s4ndb0x-application-secret"),
            tenant: text("123456"),
            project: text("sandbox-project"),
            roles: vec![text("identity:user-admin")],
        }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("username", &self.username)
            .field("tenant", &self.tenant)
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}

/// What a booted server does with connections. `workers` / `service_time` is its known limit in
/// requests a second, whatever the jitter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BackendPlan {
    /// Requests it works on at the same time.
    pub workers: usize,
    /// How long it works on each in the mean, in real time.
    #[serde(with = "duration")]
    pub service_time: Duration,
    /// By how much more or less than that, evenly spread; at most the service time itself.
    #[serde(with = "duration")]
    pub jitter: Duration,
    /// Connections it holds; one more is reset.
    pub connections: usize,
}

impl BackendPlan {
    /// How long the work on the request of this number takes, the same in every run.
    pub fn effort(&self, number: u32) -> Duration {
        let jitter = self.jitter.min(self.service_time);
        self.service_time - jitter + jitter.mul_f64(2.0 * (f64::from(number) * GOLDEN).fract())
    }
}

impl Default for BackendPlan {
    fn default() -> Self {
        Self { workers: 16, service_time: Duration::ZERO, jitter: Duration::ZERO, connections: 10_000 }
    }
}

/// An app at Heroku. Its key is make-believe, yet kept out of `Debug` like the real thing.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HerokuPlan {
    /// The app's name.
    pub app: String,
    /// The key of the account that owns it.
    pub key: String,
    /// Name, dyno size and quantity of each process type.
    pub processes: Vec<(String, String, u32)>,
    /// Requests a second that would keep one web dyno busy all the time.
    pub per_dyno: f64,
    /// How long an idle web dyno takes to answer, in real time.
    #[serde(with = "duration")]
    pub quickest: Duration,
    /// No answer takes longer: the requests that still wait are given up.
    #[serde(with = "duration")]
    pub slowest: Duration,
}

impl Default for HerokuPlan {
    fn default() -> Self {
        Self {
            app: "sandbox-app".to_owned(),
            key: "HRKU-5a4db0ca-5e11-aab0-c0de-5a4db0ca5e11".to_owned(),
            processes: vec![("web".to_owned(), "standard-1x".to_owned(), 1)],
            per_dyno: 10.0,
            quickest: Duration::from_millis(20),
            slowest: Duration::from_secs(2),
        }
    }
}

impl HerokuPlan {
    /// How long the app takes to answer with `load` requests a second on `up` dynos; none without a dyno. It
    /// is the time of a queue with one server (M/M/1: service time over the idle share), up to the slowest.
    pub(crate) fn response_time(&self, load: f64, up: usize) -> Option<Duration> {
        let idle = 1.0 - load / (self.per_dyno * up as f64);
        match up {
            0 => None,
            _ if idle <= 0.0 => Some(self.slowest),
            _ => Some(self.slowest.min(self.quickest.div_f64(idle))),
        }
    }
}

impl fmt::Debug for HerokuPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HerokuPlan")
            .field("app", &self.app)
            .field("processes", &self.processes)
            .finish_non_exhaustive()
    }
}

/// One load balancer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoadBalancerPlan {
    /// Its name; two may share one.
    pub name: String,
    /// How it chooses a node.
    pub algorithm: Algorithm,
    /// How long its statistics are cached, by the sandbox's clock; the real cloud has five minutes.
    #[serde(with = "duration")]
    pub stats_cache: Duration,
    /// Servers on it that belong to no group.
    pub fixed_servers: usize,
}

impl Default for LoadBalancerPlan {
    fn default() -> Self {
        Self {
            name: "load_balancer".to_owned(),
            algorithm: Algorithm::LeastConnections,
            stats_cache: Duration::ZERO,
            fixed_servers: 0,
        }
    }
}

/// One scaling group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GroupPlan {
    /// Its name.
    pub name: String,
    /// The flavor of its servers.
    pub flavor: String,
    /// The least desired capacity.
    pub min: u32,
    /// The greatest desired capacity.
    pub max: u32,
    /// The desired capacity from the start, all of it booted; `min` without it.
    pub desired: Option<u32>,
    /// The group's cooldown in seconds.
    pub cooldown: u32,
    /// The names of the balancers on which its servers stand.
    pub load_balancers: Vec<String>,
    /// How long a node drains before it is removed, in seconds from 30 to 3600; at once without it.
    pub draining_timeout: Option<u32>,
    /// Its policies.
    pub policies: Vec<PolicyPlan>,
}

impl Default for GroupPlan {
    fn default() -> Self {
        Self {
            name: "Group01".to_owned(),
            flavor: "general1-2".to_owned(),
            min: 1,
            max: 10,
            desired: None,
            cooldown: 0,
            load_balancers: vec!["load_balancer".to_owned()],
            draining_timeout: None,
            policies: vec![PolicyPlan::change("add_on", 1), PolicyPlan::change("remove_1", -1)],
        }
    }
}

/// One policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyPlan {
    /// Its name.
    pub name: String,
    /// Its cooldown in seconds.
    #[serde(default)]
    pub cooldown: f64,
    /// What it does.
    #[serde(flatten)]
    pub effect: Effect,
}

impl PolicyPlan {
    /// One without a cooldown that adds so many servers, or removes them if negative.
    pub fn change(name: &str, by: i64) -> Self {
        Self { name: name.to_owned(), cooldown: 0.0, effect: Effect::Change(by) }
    }
}

/// What a policy does to the desired capacity, worded as Autoscale words it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// Adds so many servers.
    Change(i64),
    /// Adds so many percent, rounded away from zero.
    ChangePercent(f64),
    /// Sets it.
    DesiredCapacity(u32),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_plan_reads_from_toml_and_fills_in_what_is_left_out() {
        let plan: Plan = toml::from_str(
            "boot_delay = \"5s\"\n\
             [[load_balancers]]\nname = \"web\"\nalgorithm = \"ROUND_ROBIN\"\n\
             [[groups]]\nname = \"g\"\nload_balancers = [\"web\"]\n\
             policies = [{ name = \"up\", changePercent = 50.0 }]\n",
        )
        .unwrap();
        assert_eq!(plan.boot_delay, Duration::from_secs(5));
        assert_eq!(plan.groups[0].policies[0].effect, Effect::ChangePercent(50.0));
        assert_eq!(plan.groups[0].max, 10);
        assert!(toml::from_str::<Plan>("boot_dealy = \"5s\"").is_err());
    }

    #[test]
    fn secrets_do_not_show() {
        let account = Account::default();
        let shown = format!("{:?}", Plan::default());
        let heroku = HerokuPlan::default().key;
        for secret in [&account.api_key, &account.password, &account.application_credential_secret, &heroku] {
            assert!(!shown.contains(secret));
        }
    }
}
