//! Settings and credentials for loadscale that fit a running cloud.

use std::path::Path;

use toml::{Table, Value};

use crate::cloud::Cloud;
use crate::plan::{Effect, GroupPlan};

/// What a server carries well, unless its user knows better.
const CAPACITY: i64 = 50;

impl Cloud {
    /// A `settings.toml` for the Rackspace side of this cloud, with all its groups; `credentials` is where
    /// the user will have put [`Cloud::credentials`].
    pub fn settings_toml(&self, credentials: &Path) -> String {
        self.settings("rackspace", &self.identity_url(), credentials)
    }

    /// The same for its OpenStack side: Keystone v3 and Octavia.
    pub fn openstack_settings_toml(&self, credentials: &Path) -> String {
        self.settings("openstack", &self.keystone_url(), credentials)
    }

    /// The credentials file that fits both.
    pub fn credentials(&self) -> String {
        let account = &self.plan().account;
        let (user, key, password, tenant) =
            (&account.username, &account.api_key, &account.password, &account.tenant);
        format!(
            "[rackspace_cloud]\nusername = {user}\napi_key = {key}\n\n\
             [keystone]\nusername = {user}\npassword = {password}\ntenant_id = {tenant}\n"
        )
    }

    fn settings(&self, kind: &str, url: &str, credentials: &Path) -> String {
        let cloud = table([
            ("kind", kind.into()),
            ("identity_url", url.into()),
            ("region", self.plan().region.as_str().into()),
            ("credentials", credentials.display().to_string().into()),
        ]);
        let groups: Vec<Value> = self.plan().groups.iter().map(|group| self.group_settings(group)).collect();
        let settings = table([
            ("cloud", cloud.into()),
            ("capacity", table([("default", CAPACITY.into())]).into()),
            ("group", groups.into()),
        ]);
        settings.to_string()
    }

    fn group_settings(&self, group: &GroupPlan) -> Value {
        let balancers = self.plan().load_balancers.iter();
        let cache = balancers
            .filter(|balancer| group.load_balancers.contains(&balancer.name))
            .map(|balancer| balancer.stats_cache)
            .max()
            .unwrap_or_default();
        let policies = |up| {
            let of_kind = group.policies.iter().filter(|policy| raises(policy.effect, group) == up);
            of_kind.map(|policy| policy.name.clone()).collect::<Vec<_>>()
        };
        let settings = [
            ("name", group.name.as_str().into()),
            ("load_balancers", group.load_balancers.clone().into()),
            ("stats_cache", format!("{}s", cache.as_secs()).into()),
            ("scale_up", policies(true).into()),
            ("scale_down", policies(false).into()),
        ];
        table(settings).into()
    }
}

fn table<const N: usize>(entries: [(&str, Value); N]) -> Table {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Whether a policy is meant to get more servers; one that sets a number is if that is the larger half.
fn raises(effect: Effect, group: &GroupPlan) -> bool {
    match effect {
        Effect::Change(change) => change > 0,
        Effect::ChangePercent(percent) => percent > 0.0,
        Effect::DesiredCapacity(desired) => desired > group.min.midpoint(group.max),
    }
}
