//! The service catalog that comes with a token, and how an endpoint is picked from it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::service::Service;

/// Rackspace's first-generation servers share the type `compute` and have no region, so the
/// rules below would fall back to them; they are another API.
const FIRST_GENERATION: &str = "cloudServers";

/// One public endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Endpoint {
    #[serde(rename = "type")]
    pub(crate) service_type: String,
    pub(crate) name: String,
    pub(crate) region: Option<String>,
    pub(crate) url: String,
}

/// All public endpoints of a project.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Catalog(pub(crate) Vec<Endpoint>);

impl Catalog {
    /// The regions that `service` is offered in.
    pub(crate) fn regions(&self, service: Service) -> BTreeSet<String> {
        self.listed(service).iter().filter_map(|endpoint| endpoint.region.clone()).collect()
    }

    /// The endpoint of `service`: by type, then, where several services share it, by name, then by
    /// region without regard to case, then one that serves all regions.
    ///
    /// # Errors
    /// A sentence that says what the catalog has instead.
    pub(crate) fn pick(&self, service: Service, region: Option<&str>) -> Result<&str, String> {
        let listed = self.listed(service);
        if listed.is_empty() {
            return Err(self.has_no(service));
        }
        let region = self.region(service, region)?;
        let of_region = |wanted: &str| {
            let in_region = move |endpoint: &&&Endpoint| {
                endpoint.region.as_deref().is_some_and(|has| has.eq_ignore_ascii_case(wanted))
            };
            listed.iter().find(in_region)
        };
        let found = region.as_deref().and_then(of_region);
        let everywhere = || listed.iter().find(|endpoint| endpoint.region.is_none());
        let picked = found.or_else(everywhere);
        picked.map(|endpoint| endpoint.url.as_str()).ok_or_else(|| {
            let (region, regions) = (region.unwrap_or_default(), join(self.regions(service)));
            format!("the catalog has no {service} in region {region:?}; it has them in {regions}")
        })
    }

    /// The region asked for, or the only one there is; none if the service knows no regions.
    fn region(&self, service: Service, asked: Option<&str>) -> Result<Option<String>, String> {
        if let Some(region) = asked {
            return Ok(Some(region.to_owned()));
        }
        let mut regions = self.regions(service);
        if regions.len() > 1 {
            let regions = join(regions);
            return Err(format!("no region is given and the user has no default one; choose from {regions}"));
        }
        Ok(regions.pop_first())
    }

    fn listed(&self, service: Service) -> Vec<&Endpoint> {
        let of_type = |endpoint: &&Endpoint| {
            endpoint.service_type == service.catalog_type() && endpoint.name != FIRST_GENERATION
        };
        let all: Vec<_> = self.0.iter().filter(of_type).collect();
        let named = |endpoint: &Endpoint| service.catalog_names().contains(&endpoint.name.as_str());
        if all.iter().any(|endpoint| named(endpoint)) {
            return all.into_iter().filter(|endpoint| named(endpoint)).collect();
        }
        all
    }

    fn has_no(&self, service: Service) -> String {
        let wanted = service.catalog_type();
        let key = service.endpoint_key();
        if self.0.is_empty() {
            return format!(
                "the token came without a service catalog (was a project named?), so nobody says where \
                 the {service} service is; {key} can"
            );
        }
        let types = join(self.0.iter().map(|endpoint| endpoint.service_type.clone()).collect());
        format!("the catalog has no service of type {wanted:?}, only {types}; {key} can say where it is")
    }
}

fn join(words: BTreeSet<String>) -> String {
    words.into_iter().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog(endpoints: &[(&str, &str, &str, &str)]) -> Catalog {
        let endpoint = |&(service_type, name, region, url): &(&str, &str, &str, &str)| Endpoint {
            service_type: service_type.into(),
            name: name.into(),
            region: (!region.is_empty()).then(|| region.into()),
            url: url.into(),
        };
        Catalog(endpoints.iter().map(endpoint).collect())
    }

    fn rackspace() -> Catalog {
        catalog(&[
            ("compute", "cloudServers", "", "old"),
            ("compute", "mimic", "DFW", "mimic"),
            ("compute", "cloudServersOpenStack", "DFW", "dfw"),
            ("compute", "cloudServersOpenStack", "IAD", "iad"),
            ("rax:load-balancer", "cloudLoadBalancers", "DFW", "lb"),
            ("rax:autoscale", "autoscale", "", "everywhere"),
        ])
    }

    #[test]
    fn by_type_then_name_then_region() {
        assert_eq!(rackspace().pick(Service::Compute, Some("iad")), Ok("iad"));
        assert_eq!(rackspace().pick(Service::Compute, Some("DFW")), Ok("dfw"));
    }

    #[test]
    fn an_endpoint_without_a_region_serves_all() {
        assert_eq!(rackspace().pick(Service::Autoscale, Some("SYD")), Ok("everywhere"));
        assert_eq!(rackspace().pick(Service::Autoscale, None), Ok("everywhere"));
    }

    #[test]
    fn the_only_region_need_not_be_named() {
        assert_eq!(rackspace().pick(Service::LoadBalancers, None), Ok("lb"));
    }

    #[track_caller]
    fn fails(service: Service, region: Option<&str>, expected: &[&str]) {
        let message = rackspace().pick(service, region).expect_err("nothing to pick");
        assert!(expected.iter().all(|word| message.contains(word)), "{message}");
    }

    #[test]
    fn what_is_there_instead_is_named() {
        fails(Service::Compute, Some("LON"), &["LON", "DFW, IAD"]);
        fails(Service::Compute, None, &["no region", "DFW, IAD"]);
        fails(
            Service::Octavia,
            Some("DFW"),
            &["\"load-balancer\"", "rax:load-balancer", "endpoints.load_balancer"],
        );
    }

    #[test]
    fn first_generation_servers_are_never_picked() {
        let old = catalog(&[("compute", "cloudServers", "", "old")]);
        assert!(old.pick(Service::Compute, Some("DFW")).is_err());
    }

    #[test]
    fn a_token_without_a_project_has_no_catalog() {
        let message = Catalog::default().pick(Service::Compute, None).expect_err("empty");
        assert!(message.contains("was a project named?"), "{message}");
    }
}
