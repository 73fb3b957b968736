//! How groups and policies are shown.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::{links, page};
use crate::app::App;
use crate::error::Error;
use crate::launcher::Link;
use crate::model::state::{Group, Status};
use crate::model::{GroupConfig, GroupKey, Launch, PolicyKey, StoredPolicy, Webhook};
use crate::store::{Shown, StoredWebhook};

/// The state of a group.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StateView<'g> {
    name: &'g str,
    active_capacity: i64,
    pending_capacity: i64,
    desired_capacity: i64,
    paused: bool,
    status: Status,
    active: &'g RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<Value>>,
}

impl<'g> StateView<'g> {
    /// As it is. Pending is negative while servers that are no longer wanted are still in service.
    pub(super) fn of((group, servers): &'g Shown) -> Self {
        Self {
            name: &group.config.name,
            active_capacity: group.active,
            pending_capacity: group.desired - group.active,
            desired_capacity: group.desired,
            paused: group.paused,
            status: group.status,
            active: servers,
            errors: errors(group),
        }
    }

    /// As the answer to its creation has it: all capacities are 0 there, whatever is wanted.
    pub(super) fn of_new(group: &'g Group, no_servers: &'g RawValue) -> Self {
        Self {
            name: &group.config.name,
            active_capacity: 0,
            pending_capacity: 0,
            desired_capacity: 0,
            paused: group.paused,
            status: group.status,
            active: no_servers,
            errors: None,
        }
    }
}

fn errors(group: &Group) -> Option<Vec<Value>> {
    let shown = group.errors.iter().map(|message| json!({"message": message}));
    (group.status == Status::Error).then(|| shown.collect())
}

/// A group in a list.
#[derive(Serialize)]
pub(super) struct GroupView<'g> {
    id: &'g str,
    links: Vec<Link>,
    state: StateView<'g>,
}

impl<'g> GroupView<'g> {
    pub(super) fn of(app: &App, shown: &'g Shown) -> Self {
        let key = &shown.0.key;
        Self { id: &key.group, links: links::to_self(links::group(app, key)), state: StateView::of(shown) }
    }
}

/// A page of groups, written straight out: clients that look after many groups read it all the time.
#[derive(Serialize)]
pub(super) struct GroupPage<'g> {
    pub(super) groups: Vec<GroupView<'g>>,
    pub(super) groups_links: Vec<Link>,
}

/// One thing under the key `group`, as manifests and states are.
#[derive(Serialize)]
pub(super) struct UnderGroup<T> {
    pub(super) group: T,
}

/// All of a group.
#[derive(Serialize)]
pub(super) struct Manifest<'g> {
    id: &'g str,
    links: Vec<Link>,
    #[serde(rename = "groupConfiguration")]
    config: &'g GroupConfig,
    #[serde(rename = "launchConfiguration")]
    launch: &'g Value,
    #[serde(rename = "scalingPolicies")]
    policies: Vec<Map<String, Value>>,
    #[serde(rename = "scalingPolicies_links")]
    policies_links: Vec<Link>,
    state: StateView<'g>,
}

impl<'g> Manifest<'g> {
    pub(super) fn new(
        app: &App,
        group: &'g Group,
        launch: &'g Launch,
        policies: Vec<Map<String, Value>>,
        state: StateView<'g>,
    ) -> Self {
        let collection = links::policies(app, &group.key);
        let nth = |at: usize| policies.get(at - 1).and_then(|policy| policy.get("id")?.as_str());
        let policies_links = part_links("policies", collection, app.settings().limits.page, nth);
        Self {
            id: &group.key.group,
            links: links::to_self(links::group(app, &group.key)),
            config: &group.config,
            launch: launch.document(),
            policies,
            policies_links,
            state,
        }
    }
}

/// The `links` and `webhooks` that policies get when a manifest is asked for with webhooks.
pub(super) fn add_webhooks(
    app: &App,
    key: &PolicyKey,
    document: &mut Map<String, Value>,
    of_policy: &[StoredWebhook],
) -> Result<(), Error> {
    let nth = |at: usize| of_policy.get(at - 1).map(|webhook| webhook.id.as_str());
    let links = part_links("webhooks", links::webhooks(app, key), app.settings().limits.page, nth);
    document.insert("webhooks".to_owned(), json!(webhooks(app, key, of_policy)?));
    document.insert("webhooks_links".to_owned(), json!(links));
    Ok(())
}

/// The links of a part of a manifest, which is never paged: one to the list, and one to its second
/// page if it has as many items as a page. `nth` is the id of an item, counted from 1.
fn part_links<'i>(
    rel: &str,
    collection: String,
    page: u32,
    nth: impl Fn(usize) -> Option<&'i str>,
) -> Vec<Link> {
    let next = usize::try_from(page).ok().and_then(nth).map(|last| page::next_link(&collection, page, last));
    let list = Link { href: collection, rel: rel.to_owned() };
    std::iter::once(list).chain(next).collect()
}

/// A policy with its id and links.
pub(super) fn policy(app: &App, key: &GroupKey, policy: &StoredPolicy) -> Map<String, Value> {
    let mut document = policy.policy.document();
    document.insert("id".to_owned(), policy.id.clone().into());
    let links = links::to_self(links::policy(app, key, &policy.id));
    document.insert("links".to_owned(), json!(links));
    document
}

/// Webhooks with their ids and links.
pub(super) fn webhooks(app: &App, key: &PolicyKey, listed: &[StoredWebhook]) -> Result<Vec<Value>, Error> {
    listed.iter().map(|stored| webhook(app, key, stored)).collect()
}

/// A webhook with its id and links; one of them is the capability.
pub(super) fn webhook(app: &App, key: &PolicyKey, stored: &StoredWebhook) -> Result<Value, Error> {
    let capability = app.sealer().open(&stored.sealed, &stored.id).map_err(Error::Internal)?;
    let mut links = links::to_self(format!("{}{}/", links::webhooks(app, key), links::escape(&stored.id)));
    links.push(Link { href: links::capability(app, &capability), rel: "capability".to_owned() });
    let Webhook { name, metadata } = &stored.webhook;
    Ok(json!({"id": stored.id, "name": name, "metadata": metadata, "links": links}))
}
