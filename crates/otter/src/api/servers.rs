//! Handlers for a group's servers: declared by the original as three, offered as one.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;

use super::answer::{self, Answer};
use super::ask::{Names, Query};
use crate::app::App;
use crate::error::Error;
use crate::model::history::Caller;
use crate::service::servers::{self, Removal};

pub(super) async fn not_offered() -> Error {
    Error::NotImplemented
}

pub(super) async fn delete(
    State(app): State<App>,
    names: Names,
    query: Query,
    Extension(caller): Extension<Caller>,
) -> Answer {
    let removal = Removal { replace: query.flag("replace", true)?, purge: query.flag("purge", true)? };
    servers::remove(&app, names.group(), &names.server, removal, Some(caller)).await?;
    answer::empty(StatusCode::ACCEPTED)
}
