//! The handler for what a tenant may have and how often it may ask, in JSON or, for old clients, in XML.
//!
//! The list of rates is the one that the original's front merged in; its form in JSON and XML is that of
//! OpenStack's common limits (namespace `http://docs.openstack.org/common/api/v1.0`).

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use jiff::{Timestamp, ToSpan};
use serde_json::{Map, Value, json};

use super::answer::{self, Answer};
use super::ask::accepts;
use crate::app::App;
use crate::rates::Allowance;
use crate::settings::Limits;

const XML: HeaderValue = HeaderValue::from_static("application/xml");

/// How often something may be asked for.
struct Rate {
    uri: &'static str,
    regex: &'static str,
    value: u32,
    remaining: u32,
    unit: &'static str,
    next: Timestamp,
}

pub(super) async fn show(
    State(app): State<App>,
    Extension(allowance): Extension<Allowance>,
    headers: HeaderMap,
) -> Answer {
    let limits = &app.settings().limits;
    let (absolute, rates) = (absolute(limits), rates(limits, allowance, app.now()));
    if accepts(&headers, "xml") {
        return Ok(([(header::CONTENT_TYPE, XML)], xml(&absolute, &rates)).into_response());
    }
    let absolute: Map<String, Value> =
        absolute.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let rates: Vec<Value> = rates.iter().map(rate_json).collect();
    answer::json(StatusCode::OK, &json!({"limits": {"rate": rates, "absolute": absolute}}))
}

fn absolute(limits: &Limits) -> [(&'static str, u64); 3] {
    [
        ("maxGroups", limits.max_groups),
        ("maxPoliciesPerGroup", limits.max_policies_per_group),
        ("maxWebhooksPerPolicy", limits.max_webhooks_per_policy),
    ]
}

/// The rates that are limited. Each capability has its own, so none of it is used up here.
fn rates(limits: &Limits, Allowance(left): Allowance, now: Timestamp) -> Vec<Rate> {
    let mut rates = Vec::new();
    if limits.rates && limits.executions_per_second > 0 {
        let value = limits.executions_per_second;
        let (uri, regex) = ("/v1.0/execute/*", r"/v1\.0/execute/(.*)");
        rates.push(Rate { uri, regex, value, remaining: value, unit: "SECOND", next: now });
    }
    if let Some(remaining) = left {
        let value = limits.requests_per_minute;
        // One more is allowed after every such part of a minute.
        let pause = (60_000 / i64::from(value.max(1))).milliseconds();
        let next = if remaining > 0 { now } else { now.saturating_add(pause).unwrap_or(now) };
        rates.push(Rate {
            uri: "/v1.0/*",
            regex: r"/v1\.0/([^/]+)/.+",
            value,
            remaining,
            unit: "MINUTE",
            next,
        });
    }
    rates
}

fn rate_json(rate: &Rate) -> Value {
    json!({"uri": rate.uri, "regex": rate.regex, "limit": [{
        "verb": "ALL", "value": rate.value, "remaining": rate.remaining, "unit": rate.unit,
        "next-available": instant(rate.next),
    }]})
}

/// Names, numbers and patterns of ours: nothing here needs escaping.
fn xml(absolute: &[(&str, u64)], rates: &[Rate]) -> String {
    let absolute = absolute.iter().map(|(name, value)| format!("<limit name=\"{name}\" value=\"{value}\"/>"));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <limits xmlns=\"http://docs.openstack.org/common/api/v1.0\">\
         <rates>{}</rates><absolute>{}</absolute></limits>\n",
        rates.iter().map(rate_xml).collect::<String>(),
        absolute.collect::<String>()
    )
}

fn rate_xml(rate: &Rate) -> String {
    let Rate { uri, regex, value, remaining, unit, next } = rate;
    format!(
        "<rate uri=\"{uri}\" regex=\"{regex}\"><limit verb=\"ALL\" value=\"{value}\" remaining=\"{remaining}\" \
         unit=\"{unit}\" next-available=\"{}\"/></rate>",
        instant(*next)
    )
}

/// In UTC with milliseconds.
fn instant(when: Timestamp) -> String {
    format!("{when:.3}")
}
