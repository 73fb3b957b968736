//! Handlers for policies.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use super::answer::{self, Answer};
use super::ask::{Body, Names, Query};
use super::{links, page, view};
use crate::app::App;
use crate::model::Cause;
use crate::model::history::Caller;
use crate::service::{self, policies};

pub(super) async fn list(State(app): State<App>, names: Names, query: Query) -> Answer {
    let page = page::read(&query, app.settings().limits.page)?;
    let key = names.group();
    let mut rows = app.read().await?;
    service::visible(&mut *rows, &key).await?;
    let listed = rows.policies(&key, &page).await?;
    let last = listed.last().map(|policy| policy.id.as_str());
    let next = page::next(&links::policies(&app, &key), &page, listed.len(), last);
    let shown: Vec<_> = listed.iter().map(|policy| view::policy(&app, &key, policy)).collect();
    answer::json(StatusCode::OK, &json!({"policies": shown, "policies_links": next}))
}

pub(super) async fn create(State(app): State<App>, names: Names, Body(body): Body) -> Answer {
    let key = names.group();
    let added = policies::create(&app, key.clone(), &body).await?;
    let shown: Vec<_> = added.iter().map(|policy| view::policy(&app, &key, policy)).collect();
    let answer = answer::json(StatusCode::CREATED, &json!({"policies": shown}));
    answer::located(answer, &links::policies(&app, &key))
}

pub(super) async fn show(State(app): State<App>, names: Names) -> Answer {
    let key = names.policy();
    let mut rows = app.read().await?;
    let found = policies::find(&mut *rows, &key).await?;
    answer::json(StatusCode::OK, &json!({"policy": view::policy(&app, &key.group, &found)}))
}

pub(super) async fn replace(State(app): State<App>, names: Names, Body(body): Body) -> Answer {
    policies::replace(&app, names.policy(), &body).await?;
    answer::empty(StatusCode::NO_CONTENT)
}

pub(super) async fn delete(State(app): State<App>, names: Names) -> Answer {
    policies::delete(&app, names.policy()).await?;
    answer::empty(StatusCode::NO_CONTENT)
}

pub(super) async fn execute(
    State(app): State<App>,
    names: Names,
    Extension(caller): Extension<Caller>,
) -> Answer {
    let key = names.policy();
    let cause = Cause::Policy { policy_id: key.policy.clone() };
    service::execute::execute(&app, key, cause, Some(caller)).await?;
    answer::json(StatusCode::ACCEPTED, &json!({}))
}
