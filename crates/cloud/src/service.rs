//! The services one can talk to, and the names under which a catalog lists them.

use std::fmt;

/// A service of the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Autoscale v1.0 (Otter).
    Autoscale,
    /// Rackspace Cloud Load Balancers v1.0.
    LoadBalancers,
    /// OpenStack's load balancers, v2.
    Octavia,
    /// Servers and flavors, v2.
    Compute,
}

impl Service {
    /// Its `type` in a service catalog.
    pub(crate) fn catalog_type(self) -> &'static str {
        match self {
            Self::Autoscale => "rax:autoscale",
            Self::LoadBalancers => "rax:load-balancer",
            Self::Octavia => "load-balancer",
            Self::Compute => "compute",
        }
    }

    /// The names that settle which service is meant where several share the type.
    pub(crate) fn catalog_names(self) -> &'static [&'static str] {
        match self {
            Self::Autoscale => &["autoscale"],
            Self::LoadBalancers => &["cloudLoadBalancers"],
            Self::Octavia => &["octavia"],
            Self::Compute => &["cloudServersOpenStack", "nova"],
        }
    }

    /// The setting that overrides its endpoint, for messages.
    pub(crate) fn endpoint_key(self) -> &'static str {
        match self {
            Self::Autoscale => "endpoints.autoscale",
            Self::LoadBalancers | Self::Octavia => "endpoints.load_balancer",
            Self::Compute => "endpoints.compute",
        }
    }

    /// An endpoint as the service's paths are appended to it: no closing slash, and for Octavia,
    /// whose endpoint may or may not name its version, none of that either.
    pub(crate) fn base(self, endpoint: &str) -> &str {
        let base = endpoint.trim_end_matches('/');
        match self {
            Self::Octavia => base.strip_suffix("/v2.0").or(base.strip_suffix("/v2")).unwrap_or(base),
            _ => base,
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Autoscale => "autoscale",
            Self::LoadBalancers => "load balancers",
            Self::Octavia => "load balancers (Octavia)",
            Self::Compute => "compute",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octavia_endpoints_lose_their_version() {
        for endpoint in ["http://lb", "http://lb/", "http://lb/v2", "http://lb/v2.0/"] {
            assert_eq!(Service::Octavia.base(endpoint), "http://lb");
        }
        assert_eq!(Service::Octavia.base("http://lb/load-balancer/v2.0"), "http://lb/load-balancer");
    }

    #[test]
    fn other_endpoints_keep_their_version() {
        assert_eq!(Service::Compute.base("http://c/v2/"), "http://c/v2");
    }
}
