//! Handlers for groups.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use super::answer::{self, Answer};
use super::ask::{Body, Names, Query};
use super::view::{GroupPage, GroupView, Manifest, StateView, UnderGroup};
use super::{links, page, view};
use crate::app::App;
use crate::error::Error;
use crate::model::history::Caller;
use crate::model::{GroupConfig, GroupKey, PolicyKey};
use crate::service::{self, groups, launch};
use crate::store::{Page, Rows, Shown};

pub(super) async fn list(State(app): State<App>, names: Names, query: Query) -> Answer {
    let page = page::read(&query, app.settings().limits.page)?;
    let shown = app.read().await?.groups_shown(&names.tenant, &page).await?;
    let last = shown.last().map(|(group, _)| group.key.group.as_str());
    let groups_links = page::next(&links::groups(&app, &names.tenant), &page, shown.len(), last);
    let groups = shown.iter().map(|shown| GroupView::of(&app, shown)).collect();
    answer::json(StatusCode::OK, &GroupPage { groups, groups_links })
}

pub(super) async fn create(
    State(app): State<App>,
    names: Names,
    Extension(caller): Extension<Caller>,
    Body(body): Body,
) -> Answer {
    let new = groups::NewGroup::read(&body, app.now())?;
    let created = groups::create(&app, &names.tenant, new, Some(caller)).await?;
    let key = &created.group.key;
    let policies = created.policies.iter().map(|policy| view::policy(&app, key, policy)).collect();
    let none = serde_json::value::to_raw_value(&[(); 0]).map_err(|error| Error::Internal(error.into()))?;
    let state = StateView::of_new(&created.group, &none);
    let manifest = Manifest::new(&app, &created.group, &created.launch, policies, state);
    let answer = answer::json(StatusCode::CREATED, &UnderGroup { group: manifest });
    answer::located(answer, &links::group(&app, key))
}

/// With `?webhooks=true` the policies come with their webhooks; any other value means nothing.
pub(super) async fn show(State(app): State<App>, names: Names, query: Query) -> Answer {
    let key = names.group();
    let mut rows = app.read().await?;
    let shown = find(&mut *rows, &key).await?;
    let launch = rows.launch(&key).await?.ok_or_else(|| Error::NoSuchGroup(key.group.clone()))?;
    let stored = rows.policies(&key, &Page::ALL).await?;
    let mut policies: Vec<_> = stored.iter().map(|policy| view::policy(&app, &key, policy)).collect();
    if query.webhooks() {
        let webhooks = rows.webhooks_of_group(&key).await?;
        for (document, policy) in policies.iter_mut().zip(&stored) {
            let of_policy: Vec<_> =
                webhooks.iter().filter(|webhook| webhook.policy == policy.id).cloned().collect();
            let key = PolicyKey { group: key.clone(), policy: policy.id.clone() };
            view::add_webhooks(&app, &key, document, &of_policy)?;
        }
    }
    let manifest = Manifest::new(&app, &shown.0, &launch, policies, StateView::of(&shown));
    answer::json(StatusCode::OK, &UnderGroup { group: manifest })
}

pub(super) async fn delete(
    State(app): State<App>,
    names: Names,
    query: Query,
    Extension(caller): Extension<Caller>,
) -> Answer {
    let force = query.flag("force", false)?;
    groups::delete(&app, names.group(), force, Some(caller)).await?;
    answer::empty(StatusCode::NO_CONTENT)
}

pub(super) async fn state(State(app): State<App>, names: Names) -> Answer {
    let mut rows = app.read().await?;
    let shown = find(&mut *rows, &names.group()).await?;
    answer::json(StatusCode::OK, &UnderGroup { group: StateView::of(&shown) })
}

pub(super) async fn config(State(app): State<App>, names: Names) -> Answer {
    let mut rows = app.read().await?;
    let group = service::visible(&mut *rows, &names.group()).await?;
    answer::json(StatusCode::OK, &json!({"groupConfiguration": group.config}))
}

pub(super) async fn replace_config(
    State(app): State<App>,
    names: Names,
    Extension(caller): Extension<Caller>,
    Body(body): Body,
) -> Answer {
    let config = GroupConfig::read_replacement(&body);
    let config = config.map_err(|problems| Error::Validation(problems.to_string()))?;
    groups::replace_config(&app, names.group(), config, Some(caller)).await?;
    answer::empty(StatusCode::NO_CONTENT)
}

pub(super) async fn launch(State(app): State<App>, names: Names) -> Answer {
    let key = names.group();
    let mut rows = app.read().await?;
    service::visible(&mut *rows, &key).await?;
    let launch = rows.launch(&key).await?.ok_or(Error::NoSuchGroup(key.group))?;
    answer::json(StatusCode::OK, &json!({"launchConfiguration": launch.document()}))
}

pub(super) async fn replace_launch(State(app): State<App>, names: Names, Body(body): Body) -> Answer {
    launch::replace(&app, names.group(), &body).await?;
    answer::empty(StatusCode::NO_CONTENT)
}

pub(super) async fn pause(
    State(app): State<App>,
    names: Names,
    Extension(caller): Extension<Caller>,
) -> Answer {
    groups::pause(&app, names.group(), Some(caller)).await?;
    answer::empty(StatusCode::NO_CONTENT)
}

pub(super) async fn resume(
    State(app): State<App>,
    names: Names,
    Extension(caller): Extension<Caller>,
) -> Answer {
    groups::resume(&app, names.group(), Some(caller)).await?;
    answer::empty(StatusCode::NO_CONTENT)
}

pub(super) async fn converge(State(app): State<App>, names: Names) -> Answer {
    groups::converge(&app, names.group()).await?;
    answer::empty(StatusCode::NO_CONTENT)
}

async fn find(rows: &mut dyn Rows, key: &GroupKey) -> Result<Shown, Error> {
    let shown = rows.group_shown(key).await?.filter(|(group, _)| !group.deleting);
    shown.ok_or_else(|| Error::NoSuchGroup(key.group.clone()))
}
