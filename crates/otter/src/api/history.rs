//! The handler for a group's history: who changed desired capacity, when, and why something was
//! refused. The original never had it.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::answer::{self, Answer};
use super::ask::{Names, Query};
use super::{links, page};
use crate::app::App;
use crate::error::Error;
use crate::service;

/// The newest line comes first; a marker is the id of the last line seen.
pub(super) async fn list(State(app): State<App>, names: Names, query: Query) -> Answer {
    let page = page::read(&query, app.settings().limits.page)?;
    let before = match page.after.as_str() {
        "" => i64::MAX,
        text => text
            .parse()
            .map_err(|_| Error::InvalidQueryArgument { name: "marker", wanted: "the id of a line" })?,
    };
    let key = names.group();
    let mut rows = app.read().await?;
    service::visible(&mut *rows, &key).await?;
    let lines = rows.history(&key, before, page.limit).await?;
    let last = lines.last().map(|(id, _)| id.to_string());
    let next = page::next(&links::history(&app, &key), &page, lines.len(), last.as_deref());
    let shown: Vec<Value> = lines
        .into_iter()
        .map(|(id, change)| {
            let mut line = json!(change);
            line["id"] = id.to_string().into();
            line
        })
        .collect();
    answer::json(StatusCode::OK, &json!({"history": shown, "history_links": next}))
}
