//! The answer: `Beat` and the timings, or 503 and the part that failed.

use std::fmt::Write;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::probe::{Beat, Probes, Timing};

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The page, at every path.
pub(crate) fn page(probes: Probes) -> Router {
    Router::new().fallback(get(beat)).with_state(Arc::new(probes))
}

async fn beat(State(probes): State<Arc<Probes>>) -> Response {
    answer(&probes.beat().await)
}

/// Why a part failed stands in the log: the page is open to everybody.
fn answer(beat: &Beat) -> Response {
    let (status, body) = match beat.failed {
        None => (StatusCode::OK, "Beat".to_owned()),
        Some(part) => (StatusCode::SERVICE_UNAVAILABLE, format!("{part} failed")),
    };
    // An answer kept on the way would tell nothing of us.
    let mut answer = (status, [(CACHE_CONTROL, "no-store")], body).into_response();
    if let Ok(timings) = HeaderValue::from_str(&server_timing(&beat.timings)) {
        answer.headers_mut().insert(SERVER_TIMING, timings);
    }
    answer
}

/// `database;dur=1.234, cache;dur=0.456`, in milliseconds (W3C Server Timing).
fn server_timing(timings: &[Timing]) -> String {
    let mut header = String::new();
    for Timing { part, took } in timings {
        let comma = if header.is_empty() { "" } else { ", " };
        // Writing to a String cannot fail.
        let _ = write!(header, "{comma}{part};dur={:.3}", took.as_secs_f64() * 1000.0);
    }
    header
}
