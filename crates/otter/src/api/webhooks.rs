//! Handlers for webhooks and for the capabilities behind them.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::json;

use super::answer::{self, Answer};
use super::ask::{Body, Names, Query};
use super::{links, page, view};
use crate::app::App;
use crate::error::Error;
use crate::model::{Problems, Webhook};
use crate::service::{policies, webhooks};

pub(super) async fn list(State(app): State<App>, names: Names, query: Query) -> Answer {
    let page = page::read(&query, app.settings().limits.page)?;
    let key = names.policy();
    let mut rows = app.read().await?;
    policies::find(&mut *rows, &key).await?;
    let listed = rows.webhooks(&key, &page).await?;
    let last = listed.last().map(|webhook| webhook.id.as_str());
    let next = page::next(&links::webhooks(&app, &key), &page, listed.len(), last);
    let shown = view::webhooks(&app, &key, &listed)?;
    answer::json(StatusCode::OK, &json!({"webhooks": shown, "webhooks_links": next}))
}

pub(super) async fn create(State(app): State<App>, names: Names, Body(body): Body) -> Answer {
    let key = names.policy();
    let new = Webhook::read_list(&body).map_err(invalid)?;
    let added = webhooks::create(&app, key.clone(), new).await?;
    let answer = answer::json(StatusCode::CREATED, &json!({"webhooks": view::webhooks(&app, &key, &added)?}));
    answer::located(answer, &links::webhooks(&app, &key))
}

pub(super) async fn show(State(app): State<App>, names: Names) -> Answer {
    let key = names.policy();
    let mut rows = app.read().await?;
    policies::find(&mut *rows, &key).await?;
    let found = rows.webhook(&key, &names.webhook).await?;
    let found = found.ok_or_else(|| Error::NoSuchWebhook(names.webhook.clone()))?;
    answer::json(StatusCode::OK, &json!({"webhook": view::webhook(&app, &key, &found)?}))
}

pub(super) async fn replace(State(app): State<App>, names: Names, Body(body): Body) -> Answer {
    let webhook = Webhook::read_replacement(&body).map_err(invalid)?;
    webhooks::replace(&app, names.policy(), names.webhook, webhook).await?;
    answer::empty(StatusCode::NO_CONTENT)
}

pub(super) async fn delete(State(app): State<App>, names: Names) -> Answer {
    webhooks::delete(&app, names.policy(), names.webhook).await?;
    answer::empty(StatusCode::NO_CONTENT)
}

/// Executes a policy without a token; the version in the path has never meant anything.
pub(super) async fn execute(
    State(app): State<App>,
    capability: Result<Path<(String, String)>, axum::extract::rejection::PathRejection>,
) -> Answer {
    if let Ok(Path((_, capability))) = capability {
        app.rates().check_capability(&capability)?;
        webhooks::use_capability(&app, &capability).await?;
    }
    answer::empty(StatusCode::ACCEPTED)
}

fn invalid(problems: Problems) -> Error {
    Error::Validation(problems.to_string())
}
