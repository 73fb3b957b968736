//! `[cloud]`: which cloud, where it is, and how it may be spoken to.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::Url;

use super::group::{Flavors, GroupSettings};
use super::origin::Rows;
use super::place::{Place, is_exposed};
use super::problem::Report;
use super::scalar::UNLIMITED;
use super::schema::{Form, Key, join};
use super::surroundings::Surroundings;

/// The section's name.
pub(super) const SECTION: &str = "cloud";

const KINDS: [&str; 3] = ["rackspace", "openstack", "none"];

/// The keys of `[cloud]`.
pub(super) const KEYS: &[Key] = &[
    Key::new("kind", Form::Choice(&KINDS)),
    Key::new("identity_url", Form::Url),
    Key::new("region", Form::Text),
    Key::new("credentials", Form::Text),
    Key::new("ca_file", Form::Text),
    Key::new("allow_plain_http", Form::Flag),
    Key::new("endpoints", Form::Table(ENDPOINTS)),
    Key::new("rates", Form::Table(RATES)),
];

const ENDPOINTS: &[Key] = &[
    Key::new("autoscale", Form::Url),
    Key::new("load_balancer", Form::Url),
    Key::new("compute", Form::Url),
    Key::new("heroku", Form::Url),
];

const RATES: &[Key] = &[
    Key::new("autoscale", Form::Rate),
    Key::new("load_balancer", Form::Rate),
    Key::new("compute", Form::Rate),
];

/// Where to sign in and whom to ask.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudSettings {
    /// How one signs in.
    pub kind: CloudKind,
    /// The identity service; none if credentials must tell it, or nobody signs in.
    pub identity_url: Option<String>,
    /// The region; none leaves it to the credentials and then to the account's own.
    pub region: Option<String>,
    /// The credentials file that the settings name.
    pub credentials: Option<PathBuf>,
    /// Addresses that override the catalog.
    pub endpoints: Endpoints,
    /// A PEM file with the certificate authorities to trust.
    pub ca_file: Option<PathBuf>,
    /// Whether credentials may go over plain http to other than loopback addresses.
    pub allow_plain_http: bool,
    /// How fast each service may be asked.
    pub rates: Rates,
}

/// How one signs in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloudKind {
    /// Rackspace identity v2.0.
    #[default]
    Rackspace,
    /// OpenStack Keystone v3.
    Openstack,
    /// Nowhere: the endpoints are given, a token may be.
    None,
}

impl CloudKind {
    /// Where one signs in unless something else is said.
    fn identity_url(self) -> Option<String> {
        (self == CloudKind::Rackspace).then(|| ::cloud::RACKSPACE_IDENTITY.to_owned())
    }

    /// As it stands in settings.
    pub fn name(self) -> &'static str {
        KINDS[self as usize]
    }
}

/// Addresses that override the catalog, per service.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Endpoints {
    /// Autoscale v1.0.
    pub autoscale: Option<String>,
    /// Cloud Load Balancers v1.0 or Octavia v2.
    pub load_balancer: Option<String>,
    /// Servers (Nova) v2.
    pub compute: Option<String>,
    /// Heroku's Platform API, which no catalog lists.
    pub heroku: Option<String>,
}

/// Requests a second, per service.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Rates {
    /// Autoscale v1.0.
    pub autoscale: Rate,
    /// Cloud Load Balancers v1.0 or Octavia v2.
    pub load_balancer: Rate,
    /// Servers (Nova) v2.
    pub compute: Rate,
}

/// How often a service may be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(try_from = "WrittenRate")]
pub enum Rate {
    /// Just below what the service documents, where it documents a rate.
    #[default]
    Documented,
    /// At most so many requests a second.
    PerSecond(f64),
    /// As often as there is something to ask.
    Unlimited,
}

/// A rate as it stands in settings.
#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenRate {
    Number(f64),
    Word(String),
}

impl TryFrom<WrittenRate> for Rate {
    type Error = String;

    fn try_from(written: WrittenRate) -> Result<Self, String> {
        match written {
            WrittenRate::Number(number) => Ok(Rate::PerSecond(number)),
            WrittenRate::Word(word) if word == UNLIMITED => Ok(Rate::Unlimited),
            WrittenRate::Word(_) => Err(Form::Rate.wanted()),
        }
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Rate::Documented => f.write_str("as documented by the service"),
            Rate::PerSecond(rate) => write!(f, "{rate} a second"),
            Rate::Unlimited => f.write_str(UNLIMITED),
        }
    }
}

/// The section after the layering, before its values are put together.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CloudTable {
    pub(super) kind: CloudKind,
    identity_url: Option<String>,
    region: Option<String>,
    credentials: Option<String>,
    ca_file: Option<String>,
    allow_plain_http: bool,
    endpoints: Endpoints,
    rates: Rates,
}

impl CloudTable {
    /// Fills in what depends on the kind, and tells what does not go together.
    pub(super) fn resolve(self, base: &Path, around: &Surroundings, report: &mut Report) -> CloudSettings {
        let place = Place { base, around, allow_plain_http: self.allow_plain_http };
        let mut path = |written: Option<String>, key| {
            written.and_then(|path| place.path(&path, &join(SECTION, key), report))
        };
        let credentials = path(self.credentials, "credentials");
        let ca_file = path(self.ca_file, "ca_file");
        let settings = CloudSettings {
            kind: self.kind,
            identity_url: self.identity_url.or_else(|| self.kind.identity_url()),
            region: self.region,
            credentials,
            endpoints: self.endpoints,
            ca_file,
            allow_plain_http: self.allow_plain_http,
            rates: self.rates,
        };
        tell_useless(self.kind, report);
        settings.tell_plain_http(report);
        settings
    }
}

/// Nobody signs in to a cloud of the kind `none`, so what only a sign-in needs is not meant.
fn tell_useless(kind: CloudKind, report: &mut Report) {
    let key = join(SECTION, "identity_url");
    if kind == CloudKind::None && report.origins.has(&key) {
        let fault = "has no use with cloud.kind = \"none\": nobody signs in; leave it out, or write the \
            cloud.kind that signs in there";
        report.tell(&key, None, fault);
    }
}

impl CloudSettings {
    /// Every address that was set, by its key.
    fn addresses(&self) -> impl Iterator<Item = (String, &String)> {
        let addresses = [
            ("identity_url", &self.identity_url),
            ("endpoints.autoscale", &self.endpoints.autoscale),
            ("endpoints.load_balancer", &self.endpoints.load_balancer),
            ("endpoints.compute", &self.endpoints.compute),
            ("endpoints.heroku", &self.endpoints.heroku),
        ];
        addresses.into_iter().filter_map(|(key, url)| Some((format!("{SECTION}.{key}"), url.as_ref()?)))
    }

    /// Tokens and credentials in clear over a network are refused before anything is sent.
    fn tell_plain_http(&self, report: &mut Report) {
        for (key, url) in self
            .addresses()
            .filter(|(_, url)| !self.allow_plain_http && Url::parse(url).is_ok_and(|url| is_exposed(&url)))
        {
            let fault = "would send credentials or tokens in clear over the network; write https://, \
                or set cloud.allow_plain_http = true if that is meant";
            report.tell(&key, Some(format!("{url:?}")), fault);
        }
    }

    /// Without a sign-in there is no catalog: what the groups need must be given.
    pub(super) fn tell_missing_endpoints(&self, groups: &[GroupSettings], report: &mut Report) {
        if self.kind != CloudKind::None {
            return;
        }
        let any = |needs: fn(&GroupSettings) -> bool| groups.iter().any(needs);
        for (name, url, needed) in [
            ("autoscale", &self.endpoints.autoscale, any(|group| group.scaler.is_the_clouds())),
            ("load_balancer", &self.endpoints.load_balancer, any(|group| group.monitor.is_the_clouds())),
            (
                "compute",
                &self.endpoints.compute,
                any(|group| group.flavors == Flavors::Servers && group.scaler.is_the_clouds()),
            ),
        ] {
            let key = format!("{SECTION}.endpoints.{name}");
            if needed && url.is_none() && !report.origins.has(&key) {
                let fault = "is missing; with cloud.kind = \"none\" there is no catalog to find it in, so write its URL";
                report.tell(&key, None, fault);
            }
        }
    }

    pub(super) fn rows(&self, rows: &mut Rows<'_>) {
        let key = |name| join(SECTION, name);
        rows.add(key("kind"), self.kind.name());
        rows.add_some(key("identity_url"), self.identity_url.as_ref());
        rows.add_some(key("region"), self.region.as_ref());
        rows.add_some(key("credentials"), self.credentials.as_ref().map(|path| path.display()));
        rows.add_some(key("ca_file"), self.ca_file.as_ref().map(|path| path.display()));
        rows.add(key("allow_plain_http"), self.allow_plain_http);
        for (name, url) in [
            ("endpoints.autoscale", &self.endpoints.autoscale),
            ("endpoints.load_balancer", &self.endpoints.load_balancer),
            ("endpoints.compute", &self.endpoints.compute),
            ("endpoints.heroku", &self.endpoints.heroku),
        ] {
            rows.add_some(format!("{SECTION}.{name}"), url.as_ref());
        }
        rows.add(format!("{SECTION}.rates.autoscale"), self.rates.autoscale);
        rows.add(format!("{SECTION}.rates.load_balancer"), self.rates.load_balancer);
        rows.add(format!("{SECTION}.rates.compute"), self.rates.compute);
    }
}
