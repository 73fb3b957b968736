//! How an answer is spoiled: a planned fault and the service's own answer in, what is sent out.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use axum::http::response::Parts;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse as _;
use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Value, json};

use super::envelope::Envelope;
use super::{Ask, Fault, RetryAfter};

/// The size of a huge body.
const HUGE: usize = 100_000_000;
/// How much of it is sent at a time.
const CHUNK: usize = 64 * 1024;
/// Long enough for what was written to leave before the connection is reset.
const FLUSH: Duration = Duration::from_millis(20);
const PAGE: &str = "<!DOCTYPE html><html><head><title>Maintenance</title></head>\
                    <body><h1>We will be back soon.</h1></body></html>\n";

/// The connection is to be reset; hyper ends a connection whose service fails or whose body breaks.
#[derive(Debug)]
pub(crate) struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the sandbox cuts this connection, as planned")
    }
}

impl std::error::Error for Cut {}

/// Spoils `answer`, the service's own, with `fault`.
pub(crate) async fn spoil(
    fault: &Fault,
    ask: Ask,
    envelope: Envelope,
    own: Response<Body>,
) -> Result<Response<Body>, Cut> {
    match fault {
        Fault::Drop => Err(Cut),
        Fault::NeverAnswer => std::future::pending().await,
        Fault::Status { status, retry_after } => Ok(error(envelope, *status, *retry_after)),
        Fault::Html => Ok(html()),
        Fault::ResetMidBody => edit(own, reset_mid_body).await,
        Fault::TruncatedJson => edit(own, |parts, body| whole(parts, body.slice(..body.len() / 2))).await,
        Fault::MissingField { pointer } => {
            edit(own, |parts, body| change(parts, &body, ask, pointer.as_deref(), remove)).await
        }
        Fault::WrongType { pointer } => {
            edit(own, |parts, body| change(parts, &body, ask, pointer.as_deref(), mistype)).await
        }
        Fault::HugeBody => edit(own, |parts, body| streamed(parts, None, huge(body))).await,
        Fault::OneByteASecond => {
            edit(own, |parts, body| streamed(parts, Some(body.len()), byte_by_byte(body))).await
        }
    }
}

/// The status of a `Status` fault, checked where it is planned from outside.
pub(crate) fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn error(envelope: Envelope, status: u16, retry_after: Option<RetryAfter>) -> Response<Body> {
    let status = status_code(status);
    let Some(retry_after) = retry_after else {
        return envelope.refuse(status, message(status)).into_response();
    };
    // What asks for patience is Repose, in front of every service, and it has its own form.
    let front = if status == StatusCode::PAYLOAD_TOO_LARGE { Envelope::Wrapped } else { envelope };
    let mut response = front.refuse(status, message(status)).into_response();
    let value = match retry_after {
        RetryAfter::Seconds(seconds) => HeaderValue::from(seconds),
        RetryAfter::Date(ahead) => http_date(Duration::from_secs(ahead)),
    };
    response.headers_mut().insert(RETRY_AFTER, value);
    response
}

fn http_date(ahead: Duration) -> HeaderValue {
    let when = Timestamp::now().checked_add(ahead).unwrap_or(Timestamp::MAX);
    DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&when)
        .ok()
        .and_then(|date| HeaderValue::from_str(&date).ok())
        .unwrap_or(HeaderValue::from_static("0"))
}

fn message(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "The request you have made requires authentication.",
        403 => "You are not authorized to perform this action.",
        404 => "Object not Found",
        409 | 422 => "Load Balancer has a status of 'PENDING_UPDATE' and is considered immutable.",
        413 | 429 => "OverLimit Retry...",
        503 => "Service Unavailable",
        _ => "The sandbox was told to fail here.",
    }
}

fn html() -> Response<Body> {
    let mut response = Response::new(Body::from(PAGE));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

/// Takes an answer apart, changes it, and puts the length right again.
async fn edit(
    own: Response<Body>,
    change: impl FnOnce(Parts, Bytes) -> Response<Body>,
) -> Result<Response<Body>, Cut> {
    let (mut parts, body) = own.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(|_| Cut)?;
    parts.headers.remove(CONTENT_LENGTH);
    Ok(change(parts, body))
}

fn whole(parts: Parts, body: Bytes) -> Response<Body> {
    Response::from_parts(parts, Body::from(body))
}

fn streamed<S, E>(mut parts: Parts, length: Option<usize>, body: S) -> Response<Body>
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: Into<axum::BoxError> + 'static,
{
    const LENGTH: HeaderName = CONTENT_LENGTH;
    if let Some(length) = length {
        parts.headers.insert(LENGTH, HeaderValue::from(length));
    }
    Response::from_parts(parts, Body::from_stream(body))
}

/// The first half of the promised body, then the end of the connection.
fn reset_mid_body(parts: Parts, body: Bytes) -> Response<Body> {
    // An empty body has no middle: two bytes are promised and none comes.
    let promised = body.len().max(2);
    let half = body.slice(..body.len() / 2);
    let cut = stream::once(async {
        tokio::time::sleep(FLUSH).await;
        Err(Cut)
    });
    streamed(parts, Some(promised), stream::iter([Ok(half)]).chain(cut))
}

fn huge(body: Bytes) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let blanks = Bytes::from(vec![b' '; CHUNK]);
    let count = HUGE.saturating_sub(body.len()).div_ceil(CHUNK);
    stream::iter(std::iter::once(body).chain(std::iter::repeat_n(blanks, count)).map(Ok))
}

fn byte_by_byte(body: Bytes) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold(body, |mut left| async move {
        if left.is_empty() {
            return None;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let byte = left.split_to(1);
        Some((Ok(byte), left))
    })
}

/// Changes one member of a JSON body. A plan that does not fit the answer is told as an error, or a
/// test would believe in a fault that never was.
fn change(
    parts: Parts,
    body: &[u8],
    ask: Ask,
    pointer: Option<&str>,
    change: fn(&mut Value, &str),
) -> Response<Body> {
    let Ok(mut json) = serde_json::from_slice::<Value>(body) else {
        return misplanned("the answer is no JSON");
    };
    let fits = |pointer: &&str| json.pointer(pointer).is_some();
    let found = match pointer {
        Some(pointer) => Some(pointer).filter(fits),
        None => matters(ask).iter().copied().find(fits),
    };
    let Some(pointer) = found else {
        return misplanned("the answer has no such member");
    };
    change(&mut json, pointer);
    whole(parts, Bytes::from(json.to_string()))
}

fn misplanned(why: &str) -> Response<Body> {
    let message = format!("the planned fault does not fit: {why}");
    Envelope::LoadBalancer.refuse(StatusCode::INTERNAL_SERVER_ERROR, message).into_response()
}

/// The members that matter most for a request, best first.
fn matters(ask: Ask) -> &'static [&'static str] {
    match ask {
        Ask::SignIn | Ask::TokenCheck => &["/access/token/id", "/token/catalog", "/token"],
        Ask::LoadBalancerList => &["/loadBalancers/0/id", "/loadBalancers"],
        Ask::LoadBalancer => &["/loadBalancer/nodes/0/address", "/loadBalancer/id"],
        Ask::Nodes => &["/nodes/0/address", "/nodes"],
        Ask::Stats => &["/currentConn"],
        Ask::OctaviaList => &["/loadbalancers/0/id", "/loadbalancers"],
        Ask::OctaviaLoadBalancer => &["/loadbalancer/id"],
        Ask::OctaviaStats => &["/stats/active_connections"],
        Ask::Pools => &["/pools/0/id", "/pools"],
        Ask::Members => &["/members/0/address", "/members"],
        Ask::GroupList => &["/groups/0/id", "/groups"],
        Ask::Manifest => &["/group/state/desiredCapacity"],
        Ask::GroupState => &["/group/desiredCapacity"],
        Ask::Policies => &["/policies/0/id", "/policy/id", "/policies"],
        Ask::Servers => &["/servers/0/id", "/servers"],
        Ask::Server => &["/server/flavor"],
        Ask::Flavors => &["/flavors/0/id", "/flavor/id", "/flavors"],
        Ask::Formation | Ask::Quantity => &["/quantity"],
        Ask::Dynos => &["/0/state"],
        // The empty object has no member: its type is all there is to change.
        Ask::Execute | Ask::Other => &[""],
    }
}

fn remove(json: &mut Value, pointer: &str) {
    let Some((parent, key)) = pointer.rsplit_once('/') else {
        *json = Value::Null;
        return;
    };
    match json.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(items)) => {
            if let Some(index) = key.parse().ok().filter(|&index: &usize| index < items.len()) {
                items.remove(index);
            }
        }
        _ => {}
    }
}

fn mistype(json: &mut Value, pointer: &str) {
    if let Some(value) = json.pointer_mut(pointer) {
        *value = match value {
            Value::String(_) => json!([7]),
            _ => json!("many"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_removed_or_mistyped_by_its_pointer() {
        let mut json = json!({ "group": { "state": { "desiredCapacity": 3 } }, "a": [1, 2] });
        remove(&mut json, "/a/0");
        mistype(&mut json, "/group/state/desiredCapacity");
        assert_eq!(json, json!({ "group": { "state": { "desiredCapacity": "many" } }, "a": [2] }));
        remove(&mut json, "/group/state");
        assert_eq!(json, json!({ "group": {}, "a": [2] }));
        remove(&mut json, "");
        assert_eq!(json, Value::Null);
    }
}
