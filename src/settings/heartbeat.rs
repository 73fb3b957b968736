//! A monitor of the kind `heartbeat`: the pages it asks for, and what it makes of their answers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::check::is_secret;
use super::duration;
use super::origin::Rows;
use super::place::{Place, is_exposed};
use super::problem::Report;
use super::schema::{Form, KIND, Key, join};

const METHODS: [&str; 3] = ["GET", "HEAD", "POST"];

/// Headers that carry credentials, beside those whose names say so.
const SECRET_HEADERS: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];

/// The keys of such a monitor.
pub(super) const KEYS: &[Key] = &[
    Key::required(KIND, Form::Text),
    Key::required("urls", Form::Urls),
    Key::new("high", Form::Duration),
    Key::new("low", Form::DurationOrZero),
    Key::new("timeout", Form::Duration),
    Key::new("method", Form::Choice(&METHODS)),
    Key::new("headers", Form::Headers),
    Key::new("credential", Form::Text),
    Key::new("status", Form::Count(100)),
    Key::new("body", Form::Text),
    Key::new("ca_file", Form::Text),
    Key::new("samples", Form::Count(1)),
    Key::new("percentile", Form::Number),
    Key::new("reuse", Form::Flag),
];

/// Pages and the times in which they should answer.
#[derive(Debug, Clone, PartialEq)]
pub struct HeartbeatSettings {
    /// The pages; the worst of them counts.
    pub urls: Vec<Url>,
    /// A slower answer is high.
    pub high: Duration,
    /// A faster answer is low.
    pub low: Duration,
    /// No answer is waited for longer.
    pub timeout: Duration,
    /// GET, HEAD or POST.
    pub method: String,
    /// More headers, by name; none that carries credentials.
    pub headers: BTreeMap<String, String>,
    /// The name under which headers with credentials are found.
    pub credential: Option<String>,
    /// The one status that is right; without it every success, 200 to 299.
    pub status: Option<u16>,
    /// Text that the body must hold.
    pub body: Option<String>,
    /// The authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// How often a page is asked in one pass.
    pub samples: u32,
    /// The percentile of those that counts.
    pub percentile: f64,
    /// Whether a connection may serve for several requests.
    pub reuse: bool,
}

/// The same as it stands in settings.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub(super) struct HeartbeatTable {
    urls: Vec<String>,
    #[serde(deserialize_with = "duration::deserialize")]
    high: Duration,
    #[serde(deserialize_with = "duration::deserialize")]
    low: Duration,
    #[serde(deserialize_with = "duration::deserialize_some")]
    timeout: Option<Duration>,
    method: String,
    headers: BTreeMap<String, String>,
    credential: Option<String>,
    status: Option<u32>,
    body: Option<String>,
    ca_file: Option<String>,
    samples: u32,
    percentile: f64,
    reuse: bool,
}

/// A band from 200 ms to 1 s, and one beat a pass on a connection of its own.
impl Default for HeartbeatTable {
    fn default() -> Self {
        HeartbeatTable {
            urls: Vec::new(),
            high: Duration::from_secs(1),
            low: Duration::from_millis(200),
            timeout: None,
            method: METHODS[0].to_owned(),
            headers: BTreeMap::new(),
            credential: None,
            status: None,
            body: None,
            ca_file: None,
            samples: 1,
            percentile: 50.0,
            reuse: false,
        }
    }
}

impl HeartbeatTable {
    /// Fills in what follows from the rest, and tells what does not go together.
    pub(super) fn resolve(self, at: &str, place: &Place<'_>, report: &mut Report) -> HeartbeatSettings {
        let ca_file = self.ca_file.and_then(|path| place.path(&path, &join(at, "ca_file"), report));
        let settings = HeartbeatSettings {
            // What is no URL has been told by the check.
            urls: self.urls.iter().filter_map(|url| Url::parse(url).ok()).collect(),
            high: self.high,
            low: self.low,
            timeout: self.timeout.unwrap_or(self.high),
            method: self.method,
            headers: self.headers,
            credential: self.credential,
            status: self.status.map(|status| u16::try_from(status).unwrap_or(u16::MAX)),
            body: self.body,
            ca_file,
            samples: self.samples,
            percentile: self.percentile,
            reuse: self.reuse,
        };
        settings.tell_contradictions(at, report);
        settings.tell_secrets(at, report);
        settings.tell_plain_http(at, place.allow_plain_http, report);
        settings
    }
}

impl HeartbeatSettings {
    fn tell_contradictions(&self, at: &str, report: &mut Report) {
        let mut tell =
            |key: &str, value: String, fault: String| report.tell(&join(at, key), Some(value), fault);
        let (low, high, timeout) = (self.low, self.high, self.timeout);
        if low >= high {
            let fault = format!(
                "must be below high, which is {}; between the two lies what is right",
                duration::show(high)
            );
            tell("low", duration::show(low), fault);
        }
        if timeout < high {
            let fault = format!(
                "must not be below high, which is {}: no slower answer would be seen",
                duration::show(high)
            );
            tell("timeout", duration::show(timeout), fault);
        }
        if let Some(status) = self.status.filter(|status| *status > 599) {
            tell("status", status.to_string(), "must be an HTTP status, from 100 to 599".to_owned());
        }
        if self.percentile > 100.0 {
            let fault = "must be at most 100, the slowest sample; 50 is the median".to_owned();
            tell("percentile", self.percentile.to_string(), fault);
        }
        if let Some(body) = self.body.as_ref().filter(|_| self.method == "HEAD") {
            let fault =
                "cannot be found: an answer to HEAD has no body; leave it out, or write method = \"GET\"";
            tell("body", format!("{body:?}"), fault.to_owned());
        }
    }

    /// Headers that carry credentials do not stand in settings, and what names them must be a plain word.
    fn tell_secrets(&self, at: &str, report: &mut Report) {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        for name in self.headers.keys() {
            let name_in_lower_case = name.to_lowercase();
            if SECRET_HEADERS.contains(&name_in_lower_case.as_str()) || is_secret(name) {
                let fault = "carries credentials, which do not stand in settings; write credential = \"NAME\" \
                    instead, and the header into the section [heartbeat NAME] of the credentials file (see \
                    credentials.example)";
                report.tell(&join(&join(at, "headers"), name), None, fault);
            }
        }
        if self.credential.as_ref().is_some_and(|name| !name.chars().all(is_plain)) {
            let fault = "must be a name of letters, digits, - and _; the secret itself stands in the \
                credentials file, in the section [heartbeat NAME]";
            // It is not repeated: somebody may have taken this for the place of the secret.
            report.tell(&join(at, "credential"), None, fault);
        }
    }

    fn tell_plain_http(&self, at: &str, allowed: bool, report: &mut Report) {
        for url in
            self.urls.iter().filter(|url| is_exposed(url)).filter(|_| self.credential.is_some() && !allowed)
        {
            let fault = "would send the credential in clear over the network; write https://, \
                or set cloud.allow_plain_http = true if that is meant";
            report.tell(&join(at, "urls"), Some(format!("{:?}", url.as_str())), fault);
        }
    }

    pub(super) fn rows(&self, at: &str, rows: &mut Rows<'_>) {
        let key = |name| join(at, name);
        let urls: Vec<&str> = self.urls.iter().map(Url::as_str).collect();
        rows.add(key("urls"), urls.join(", "));
        rows.add(key("high"), duration::show(self.high));
        rows.add(key("low"), duration::show(self.low));
        rows.add(key("timeout"), duration::show(self.timeout));
        rows.add(key("method"), &self.method);
        for (name, value) in &self.headers {
            rows.add(join(&key("headers"), name), value);
        }
        rows.add_some(key("credential"), self.credential.as_ref());
        rows.add_some(key("status"), self.status);
        rows.add_some(key("body"), self.body.as_ref());
        rows.add_some(key("ca_file"), self.ca_file.as_ref().map(|path| path.display()));
        rows.add(key("samples"), self.samples);
        rows.add(key("percentile"), self.percentile);
        rows.add(key("reuse"), self.reuse);
    }
}
