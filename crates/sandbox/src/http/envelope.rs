//! How each service words an error.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::Api;

/// The form of a service's errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Envelope {
    /// `{"<fault name>":{"code","message"}}`: identity v2.0, and Repose in front of the others.
    Wrapped,
    /// `{"error":{"code","title","message"}}`.
    Keystone,
    /// Flat `{"message","code"}`; a 401 has no body.
    LoadBalancer,
    /// `{"faultcode","faultstring","debuginfo"}`; a 401 comes from Keystone's middleware.
    Octavia,
    /// `{"<fault name>":{"code","message"}}` with Nova's names.
    Compute,
    /// `{"error":{"type","code","message","details"}}`.
    Autoscale,
    /// `{"id","message"}`.
    Heroku,
}

impl Envelope {
    /// The form in which `api` answers at `path`.
    pub(crate) fn of(api: Api, path: &str) -> Self {
        match api {
            Api::Identity if path.starts_with("/v3") => Self::Keystone,
            Api::Identity => Self::Wrapped,
            Api::LoadBalancer => Self::LoadBalancer,
            Api::Octavia => Self::Octavia,
            Api::Compute => Self::Compute,
            Api::Autoscale => Self::Autoscale,
            Api::Heroku => Self::Heroku,
        }
    }

    /// An error in this form.
    pub(crate) fn refuse(self, status: StatusCode, message: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal { envelope: self, status, message: message.into() }
    }
}

/// An error of a service, which is a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    envelope: Envelope,
    status: StatusCode,
    message: Cow<'static, str>,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        let Self { envelope, status, message } = self;
        let (code, unauthorized) = (status.as_u16(), status == StatusCode::UNAUTHORIZED);
        let body = match envelope {
            Envelope::LoadBalancer if unauthorized => return status.into_response(),
            Envelope::LoadBalancer => json!({ "message": message, "code": code }),
            Envelope::Wrapped | Envelope::Compute => {
                json!({ name(status): { "code": code, "message": message } })
            }
            Envelope::Octavia if !unauthorized => {
                let side = if status.is_server_error() { "Server" } else { "Client" };
                json!({ "faultcode": side, "faultstring": message, "debuginfo": null })
            }
            Envelope::Octavia | Envelope::Keystone => {
                let title = status.canonical_reason().unwrap_or_default();
                json!({ "error": { "code": code, "title": title, "message": message } })
            }
            Envelope::Heroku => json!({ "id": id(status), "message": message }),
            Envelope::Autoscale => {
                json!({ "error": { "type": kind(status), "code": code, "message": message, "details": "" } })
            }
        };
        answer(status, &body)
    }
}

/// An answer with a JSON body.
pub(crate) fn answer(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The fault names of identity v2.0 and Nova.
fn name(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "badRequest",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "itemNotFound",
        405 => "badMethod",
        409 => "conflictingRequest",
        413 | 429 => "overLimit",
        503 => "serviceUnavailable",
        _ => "computeFault",
    }
}

/// The error ids of the Platform API.
fn id(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "bad_request",
        401 => "unauthorized",
        402 => "delinquent",
        403 => "forbidden",
        404 => "not_found",
        409 => "conflict",
        422 => "invalid_params",
        429 => "rate_limit",
        _ => "internal_server_error",
    }
}

/// The error types that Autoscale and the proxy in front of it give.
fn kind(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "ValidationError",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NoSuchScalingGroupError",
        413 | 429 => "OverLimit",
        422 => "ScalingGroupOverLimitError",
        _ => "InternalError",
    }
}
