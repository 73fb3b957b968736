//! URLs in answers: all begin with the public URL and end with a slash.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::app::App;
use crate::launcher::Link;
use crate::model::{GroupKey, PolicyKey};

/// RFC 3986, section 2.3: what need not be escaped.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A name as a part of a URL.
pub fn escape(name: &str) -> String {
    utf8_percent_encode(name, RESERVED).to_string()
}

pub(super) fn groups(app: &App, tenant: &str) -> String {
    format!("{}/v1.0/{}/groups/", app.public_url(), escape(tenant))
}

pub(super) fn group(app: &App, key: &GroupKey) -> String {
    format!("{}{}/", groups(app, &key.tenant), escape(&key.group))
}

pub(super) fn policies(app: &App, key: &GroupKey) -> String {
    format!("{}policies/", group(app, key))
}

pub(super) fn policy(app: &App, key: &GroupKey, policy: &str) -> String {
    format!("{}{}/", policies(app, key), escape(policy))
}

pub(super) fn webhooks(app: &App, key: &PolicyKey) -> String {
    format!("{}webhooks/", policy(app, &key.group, &key.policy))
}

pub(super) fn history(app: &App, key: &GroupKey) -> String {
    format!("{}history/", group(app, key))
}

/// The URL with which anybody can execute a policy. The version has always been 1.
pub(super) fn capability(app: &App, capability: &str) -> String {
    format!("{}/v1.0/execute/1/{capability}/", app.public_url())
}

/// The link by which a thing names itself.
pub(super) fn to_self(href: String) -> Vec<Link> {
    vec![Link { href, rel: "self".to_owned() }]
}
