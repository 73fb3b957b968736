//! The handler for what a tenant may have, in JSON or, for old clients, in XML.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};

use super::answer::{self, Answer};
use crate::app::App;

const XML: HeaderValue = HeaderValue::from_static("application/xml");

pub(super) async fn show(State(app): State<App>, headers: HeaderMap) -> Answer {
    let limits = &app.settings().limits;
    let absolute = [
        ("maxGroups", limits.max_groups),
        ("maxPoliciesPerGroup", limits.max_policies_per_group),
        ("maxWebhooksPerPolicy", limits.max_webhooks_per_policy),
    ];
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("xml")) {
        return Ok(([(header::CONTENT_TYPE, XML)], xml(&absolute)).into_response());
    }
    let absolute: Map<String, Value> =
        absolute.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    answer::json(StatusCode::OK, &json!({"limits": {"absolute": absolute}}))
}

/// Names and numbers only: nothing here needs escaping.
fn xml(absolute: &[(&str, u64)]) -> String {
    let limits = absolute.iter().map(|(name, value)| format!("<limit name=\"{name}\" value=\"{value}\"/>"));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <limits xmlns=\"http://docs.openstack.org/common/api/v1.0\"><absolute>{}</absolute></limits>\n",
        limits.collect::<String>()
    )
}
