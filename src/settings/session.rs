//! From settings and credentials to what a session of the `cloud` crate is built from.

use std::path::Path;

use ::cloud::{Config, Credentials, Kind};

use super::cloud::{CloudKind, CloudSettings, Rate, Rates};
use super::origin::Origin;
use super::schema::join;
use super::{Settings, cloud as section};

impl Settings {
    /// Takes the identity service and the region from where the credentials came from, if nobody wrote others.
    pub fn adopt(&mut self, identity_url: Option<&str>, region: Option<&str>, source: &str) {
        let (url_key, region_key) =
            (join(section::SECTION, "identity_url"), join(section::SECTION, "region"));
        let origin = || Origin::Credentials(source.to_owned());
        if let Some(url) = identity_url.filter(|_| !self.origins.has(&url_key)) {
            self.cloud.identity_url = Some(url.to_owned());
            self.origins.record(&url_key, origin());
        }
        if let Some(region) = region.filter(|_| !self.origins.has(&region_key)) {
            self.cloud.region = Some(region.to_owned());
            self.origins.record(&region_key, origin());
        }
    }
}

impl CloudSettings {
    /// What a session is built from; the token is kept in `state_dir` for the next process.
    pub fn config(&self, credentials: Credentials, state_dir: &Path) -> Config {
        Config {
            identity_url: self.identity_url.clone(),
            region: self.region.clone(),
            endpoints: ::cloud::Endpoints {
                autoscale: self.endpoints.autoscale.clone(),
                load_balancer: self.endpoints.load_balancer.clone(),
                compute: self.endpoints.compute.clone(),
            },
            ca_file: self.ca_file.clone(),
            allow_plain_http: self.allow_plain_http,
            rates: self.rates.for_session(),
            token_folder: Some(state_dir.to_owned()),
            ..Config::new(self.kind.for_session(), credentials)
        }
    }
}

impl CloudKind {
    fn for_session(self) -> Kind {
        match self {
            CloudKind::Rackspace => Kind::Rackspace,
            CloudKind::Openstack => Kind::OpenStack,
            CloudKind::None => Kind::None,
        }
    }
}

impl Rates {
    fn for_session(&self) -> ::cloud::Rates {
        let documented = ::cloud::Rates::documented();
        ::cloud::Rates {
            autoscale: self.autoscale.or(documented.autoscale),
            load_balancers: self.load_balancer.or(documented.load_balancers),
            octavia: self.load_balancer.or(documented.octavia),
            compute: self.compute.or(documented.compute),
        }
    }
}

impl Rate {
    fn or(self, documented: Vec<::cloud::Rate>) -> Vec<::cloud::Rate> {
        match self {
            Rate::Documented => documented,
            Rate::PerSecond(rate) => ::cloud::Rate::per_second(rate).into_iter().collect(),
            Rate::Unlimited => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_reaches_the_session_as_it_was_meant() {
        let rates =
            Rates { load_balancer: Rate::PerSecond(2.5), compute: Rate::Unlimited, ..Rates::default() };
        let session = rates.for_session();
        assert_eq!(session.autoscale, ::cloud::Rates::documented().autoscale);
        assert_eq!(session.load_balancers, Vec::from_iter(::cloud::Rate::per_second(2.5)));
        assert_eq!(session.octavia, session.load_balancers);
        assert_eq!(session.compute, []);
    }

    #[test]
    fn every_rate_that_settings_allow_is_a_limit() {
        use crate::settings::scalar::RATES;
        for rate in [*RATES.start(), *RATES.end()] {
            assert_eq!(Rate::PerSecond(rate).or(Vec::new()).len(), 1, "{rate}");
        }
    }
}
