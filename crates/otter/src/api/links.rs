//! URLs in answers: all begin with the public URL and end with a slash.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::app::App;
use crate::launcher::Link;
use crate::model::GroupKey;

/// RFC 3986, section 2.3: what need not be escaped.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A name as a part of a URL.
pub(super) fn escape(name: &str) -> String {
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

/// The link by which a thing names itself.
pub(super) fn to_self(href: String) -> Vec<Link> {
    vec![Link { href, rel: "self".to_owned() }]
}
