//! What a request asks for: the kinds that faults are addressed to and requests counted by.

use axum::http::Method;
use serde::{Deserialize, Serialize};

/// The services of the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Api {
    /// Identity v2.0 and Keystone v3.
    Identity,
    /// Cloud Load Balancers v1.0.
    LoadBalancer,
    /// Octavia v2.
    Octavia,
    /// Compute v2.
    Compute,
    /// Autoscale v1.0.
    Autoscale,
    /// Heroku's Platform API v3.
    Heroku,
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// A token, of identity v2.0 or v3.
    SignIn,
    /// Whether a token is good, of either identity.
    TokenCheck,
    /// A page of load balancers.
    LoadBalancerList,
    /// One load balancer with its nodes.
    LoadBalancer,
    /// The nodes of one load balancer.
    Nodes,
    /// The statistics of one load balancer.
    Stats,
    /// A page of Octavia's load balancers.
    OctaviaList,
    /// One of Octavia's load balancers.
    OctaviaLoadBalancer,
    /// The statistics of one of Octavia's load balancers.
    OctaviaStats,
    /// A page of pools.
    Pools,
    /// A page of a pool's members.
    Members,
    /// A page of scaling groups.
    GroupList,
    /// One group's manifest.
    Manifest,
    /// One group's state.
    GroupState,
    /// A page of one group's policies, or one of them.
    Policies,
    /// The execution of a policy.
    Execute,
    /// A page of servers.
    Servers,
    /// One server.
    Server,
    /// A page of flavors, or one of them.
    Flavors,
    /// The formation of one process type of a Heroku app.
    Formation,
    /// The dynos of a Heroku app.
    Dynos,
    /// The change of a formation.
    Quantity,
    /// Anything else.
    Other,
}

impl Ask {
    /// How many kinds there are.
    pub(crate) const COUNT: usize = Self::Other as usize + 1;

    /// What a request to `api` asks for, by its method and path.
    pub fn of(api: Api, method: &Method, path: &str) -> Self {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match (api, method.as_str(), segments.as_slice()) {
            (Api::Identity, "POST", ["v2.0", "tokens"] | ["v3", "auth", "tokens"]) => Self::SignIn,
            (Api::Identity, "GET" | "HEAD", ["v2.0", "tokens", _] | ["v3", "auth", "tokens"]) => {
                Self::TokenCheck
            }
            (Api::LoadBalancer, "GET", ["v1.0", _, "loadbalancers", rest @ ..]) => {
                Self::of_load_balancer(rest)
            }
            (Api::Octavia, "GET", [_, "lbaas", rest @ ..]) => Self::of_octavia(rest),
            (Api::Compute, "GET", [_, _, rest @ ..]) => Self::of_compute(rest),
            (Api::Autoscale, method, ["v1.0", _, "groups", rest @ ..]) => Self::of_group(method, rest),
            (Api::Heroku, "GET", ["apps", _, "formation", _]) => Self::Formation,
            (Api::Heroku, "PATCH", ["apps", _, "formation", _]) => Self::Quantity,
            (Api::Heroku, "GET", ["apps", _, "dynos"]) => Self::Dynos,
            _ => Self::Other,
        }
    }

    /// Whether it changes something.
    pub(crate) fn acts(self) -> bool {
        matches!(self, Self::Execute | Self::Quantity)
    }

    fn of_load_balancer(rest: &[&str]) -> Self {
        match rest {
            [] => Self::LoadBalancerList,
            [_] => Self::LoadBalancer,
            [_, "nodes", ..] => Self::Nodes,
            [_, "stats"] => Self::Stats,
            _ => Self::Other,
        }
    }

    fn of_octavia(rest: &[&str]) -> Self {
        match rest {
            ["loadbalancers"] => Self::OctaviaList,
            ["loadbalancers", _] => Self::OctaviaLoadBalancer,
            ["loadbalancers", _, "stats"] => Self::OctaviaStats,
            ["pools", _, "members", ..] => Self::Members,
            ["pools", ..] => Self::Pools,
            _ => Self::Other,
        }
    }

    fn of_compute(rest: &[&str]) -> Self {
        match rest {
            ["flavors", ..] => Self::Flavors,
            ["servers"] | ["servers", "detail"] => Self::Servers,
            ["servers", _] => Self::Server,
            _ => Self::Other,
        }
    }

    fn of_group(method: &str, rest: &[&str]) -> Self {
        match (method, rest) {
            ("GET", []) => Self::GroupList,
            ("GET", [_]) => Self::Manifest,
            ("GET", [_, "state"]) => Self::GroupState,
            ("GET", [_, "policies"] | [_, "policies", _]) => Self::Policies,
            ("POST", [_, "policies", _, "execute"]) => Self::Execute,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_of_a_pass_has_its_kind() {
        let get = [
            (Api::LoadBalancer, "/v1.0/123456/loadbalancers", Ask::LoadBalancerList),
            (Api::LoadBalancer, "/v1.0/123456/loadbalancers/71", Ask::LoadBalancer),
            (Api::LoadBalancer, "/v1.0/123456/loadbalancers/71/stats", Ask::Stats),
            (Api::LoadBalancer, "/v1.0/123456/loadbalancers/71/nodes", Ask::Nodes),
            (Api::Octavia, "/v2/lbaas/loadbalancers", Ask::OctaviaList),
            (Api::Octavia, "/v2.0/lbaas/loadbalancers/x/stats", Ask::OctaviaStats),
            (Api::Octavia, "/v2/lbaas/pools", Ask::Pools),
            (Api::Octavia, "/v2/lbaas/pools/x/members", Ask::Members),
            (Api::Compute, "/v2/123456/flavors/detail", Ask::Flavors),
            (Api::Compute, "/v2/123456/servers/x", Ask::Server),
            (Api::Autoscale, "/v1.0/123456/groups/", Ask::GroupList),
            (Api::Autoscale, "/v1.0/123456/groups/g/", Ask::Manifest),
            (Api::Autoscale, "/v1.0/123456/groups/g/state", Ask::GroupState),
            (Api::Autoscale, "/v1.0/123456/groups/g/policies", Ask::Policies),
            (Api::Identity, "/v3/auth/tokens", Ask::TokenCheck),
            (Api::Heroku, "/apps/a/formation/web", Ask::Formation),
            (Api::Heroku, "/apps/a/dynos", Ask::Dynos),
        ];
        for (api, path, ask) in get {
            assert_eq!(Ask::of(api, &Method::GET, path), ask, "{path}");
        }
        let post = [
            (Api::Identity, "/v2.0/tokens", Ask::SignIn),
            (Api::Identity, "/v3/auth/tokens", Ask::SignIn),
            (Api::Autoscale, "/v1.0/123456/groups/g/policies/p/execute", Ask::Execute),
            (Api::Autoscale, "/v1.0/123456/groups", Ask::Other),
        ];
        for (api, path, ask) in post {
            assert_eq!(Ask::of(api, &Method::POST, path), ask, "{path}");
        }
        assert_eq!(Ask::of(Api::Heroku, &Method::PATCH, "/apps/a/formation/web"), Ask::Quantity);
    }
}
