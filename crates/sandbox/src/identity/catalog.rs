//! The catalog in the forms of both identity versions, with the traps that real ones hold.

use serde_json::{Value, json};

/// Where the services of the sandbox listen, as URLs without a path.
#[derive(Debug, Clone)]
pub(crate) struct Endpoints {
    pub(crate) identity: String,
    pub(crate) load_balancer: String,
    pub(crate) octavia: String,
    pub(crate) compute: String,
    pub(crate) autoscale: String,
}

impl Endpoints {
    /// The URL of compute, with version and tenant.
    pub(crate) fn compute_url(&self, tenant: &str) -> String {
        format!("{}/v2/{tenant}", self.compute)
    }
}

/// Where nothing listens: the address of what a client is not to choose.
const NOWHERE: &str = "http://127.0.0.1:1";
/// The region that the account does not use.
const OTHER_REGION: &str = "ORD";
const INTERFACES: [&str; 3] = ["admin", "internal", "public"];

/// One service of the catalog.
struct Listed {
    name: &'static str,
    kind: &'static str,
    /// Whether its endpoint names a region; one that does not covers them all.
    regional: bool,
    url: String,
    path: String,
}

/// The catalog, ready to be sent.
pub(crate) struct Catalog {
    v2: Value,
    v3: Value,
}

impl Catalog {
    pub(crate) fn new(endpoints: &Endpoints, region: &str, tenant: &str) -> Self {
        let services = services(endpoints, tenant);
        Self {
            v2: services.iter().map(|service| v2(service, region, tenant)).collect(),
            v3: services.iter().map(|service| v3(service, region)).collect(),
        }
    }

    /// The `serviceCatalog` of v2.0.
    pub(crate) fn v2(&self) -> &Value {
        &self.v2
    }

    /// The `catalog` of v3.
    pub(crate) fn v3(&self) -> &Value {
        &self.v3
    }
}

fn services(at: &Endpoints, tenant: &str) -> Vec<Listed> {
    let listed = |name, kind, url: &str, path: String| Listed {
        name,
        kind,
        regional: true,
        url: url.to_owned(),
        path,
    };
    let everywhere = |name, kind, path| Listed { regional: false, ..listed(name, kind, NOWHERE, path) };
    let (v1, v2) = (format!("/v1.0/{tenant}"), format!("/v2/{tenant}"));
    vec![
        everywhere("cloudDNS", "rax:dns", v1.clone()),
        // The first generation comes before the one that is meant, under the same type.
        everywhere("cloudServers", "compute", v1.clone()),
        listed("cloudServersOpenStack", "compute", &at.compute, v2),
        listed("cloudLoadBalancers", "rax:load-balancer", &at.load_balancer, v1.clone()),
        listed("octavia", "load-balancer", &at.octavia, String::new()),
        listed("autoscale", "rax:autoscale", &at.autoscale, v1.clone()),
        listed("keystone", "identity", &at.identity, "/v3".to_owned()),
        everywhere("cloudMonitoring", "rax:monitor", v1),
    ]
}

fn v2(service: &Listed, region: &str, tenant: &str) -> Value {
    let endpoint = |origin: &str, region: Option<&str>| {
        let mut endpoint = json!({
            "tenantId": tenant,
            "publicURL": format!("{origin}{}", service.path),
            "internalURL": format!("{NOWHERE}{}", service.path),
        });
        if let Some(region) = region {
            endpoint["region"] = region.into();
        }
        endpoint
    };
    let endpoints = if service.regional {
        vec![endpoint(NOWHERE, Some(OTHER_REGION)), endpoint(&service.url, Some(region))]
    } else {
        vec![endpoint(&service.url, None)]
    };
    json!({ "name": service.name, "type": service.kind, "endpoints": endpoints })
}

fn v3(service: &Listed, region: &str) -> Value {
    let endpoint = |origin: &str, region: Option<&str>, interface: &str| {
        let id = format!("{}-{}-{interface}", service.name, region.unwrap_or("all"));
        let url = format!("{origin}{}", service.path);
        json!({ "id": id, "interface": interface, "region": region, "region_id": region, "url": url })
    };
    let mut endpoints = Vec::new();
    for interface in INTERFACES {
        let origin = if interface == "public" { service.url.as_str() } else { NOWHERE };
        if service.regional {
            endpoints.push(endpoint(NOWHERE, Some(OTHER_REGION), interface));
            endpoints.push(endpoint(origin, Some(region), interface));
        } else {
            endpoints.push(endpoint(origin, None, interface));
        }
    }
    json!({ "id": service.name, "name": service.name, "type": service.kind, "endpoints": endpoints })
}
