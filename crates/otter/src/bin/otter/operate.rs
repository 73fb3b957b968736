//! The operator's view and levers, through the same API that everybody uses.

use anyhow::Context;
use otter::api::escape;
use reqwest::Method;
use serde_json::{Value, json};

use crate::cli::{Admin, Remote};
use crate::client::{ask, put};
use crate::tables::{aligned, print};

/// What to look at when the operator's listener does not do as asked.
const NO_LISTENER: &str = "the operator's listener is where admin_listen in the settings says";

fn home(remote: &Remote) -> String {
    format!("{}/v1.0/{}/groups", remote.url.trim_end_matches('/'), escape(&remote.tenant))
}

async fn get(remote: &Remote, url: &str) -> anyhow::Result<Value> {
    ask(Method::GET, url, remote.token.as_deref()).await
}

pub(crate) async fn groups(remote: &Remote) -> anyhow::Result<()> {
    let mut rows = vec![["ID", "NAME", "ACTIVE", "DESIRED", "STATUS"].map(str::to_owned)];
    let mut next = Some(home(remote));
    while let Some(url) = next {
        let page = get(remote, &url).await?;
        let listed = page["groups"].as_array().cloned().unwrap_or_default();
        rows.extend(listed.iter().map(row));
        // A full page has a next one; the marker is asked for here, since the link has the public URL.
        let last = listed.last().and_then(|group| group["id"].as_str());
        let more = page["groups_links"].as_array().is_some_and(|links| !links.is_empty());
        next = last.filter(|_| more).map(|last| format!("{}?marker={last}", home(remote)));
    }
    Ok(print(&aligned(&rows))?)
}

fn row(group: &Value) -> [String; 5] {
    let state = &group["state"];
    let paused = if state["paused"] == true { ", paused" } else { "" };
    [
        text(&group["id"]),
        text(&state["name"]),
        text(&state["activeCapacity"]),
        text(&state["desiredCapacity"]),
        text(&state["status"]) + paused,
    ]
}

pub(crate) async fn group(remote: &Remote, group: &str) -> anyhow::Result<()> {
    let manifest = get(remote, &format!("{}/{}", home(remote), escape(group))).await?;
    Ok(print(&[serde_json::to_string_pretty(&manifest["group"])?])?)
}

pub(crate) async fn deleting(admin: &Admin) -> anyhow::Result<()> {
    let url = format!("{}/deleting", admin.admin_url.trim_end_matches('/'));
    let page = ask(Method::GET, &url, None).await.context(NO_LISTENER)?;
    let mut rows = vec![["TENANT", "ID", "NAME", "STATUS", "WHY"].map(str::to_owned)];
    for group in page["groups"].as_array().into_iter().flatten() {
        let why: Vec<String> = group["errors"].as_array().into_iter().flatten().map(text).collect();
        let [tenant, id, name, status] = ["tenant", "id", "name", "status"].map(|key| text(&group[key]));
        rows.push([tenant, id, name, status, why.join("; ")]);
    }
    Ok(print(&aligned(&rows))?)
}

pub(crate) async fn history(remote: &Remote, group: &str, lines: u32) -> anyhow::Result<()> {
    let page = get(remote, &format!("{}/{}/history?limit={lines}", home(remote), escape(group))).await?;
    let mut rows = vec![["TIME", "FROM", "TO", "CAUSE", "BY", "OUTCOME"].map(str::to_owned)];
    for line in page["history"].as_array().into_iter().flatten() {
        let by = ["user", "agent"].map(|key| text(&line["by"][key]));
        let outcome = ["refused", "message"].map(|key| text(&line[key]));
        rows.push([
            to_the_second(&text(&line["at"])),
            text(&line["from"]),
            text(&line["to"]),
            cause(&line["cause"]),
            by.join(" ").trim().to_owned(),
            outcome.join(" ").trim().to_owned(),
        ]);
    }
    Ok(print(&aligned(&rows))?)
}

/// What it was, and which.
fn cause(cause: &Value) -> String {
    let which = ["policyId", "serverId"].map(|key| text(&cause[key])).concat();
    format!("{} {which}", text(&cause["kind"])).trim_end().to_owned()
}

/// An instant in UTC without the parts of its second.
fn to_the_second(at: &str) -> String {
    at.split_once('.').map_or_else(|| at.to_owned(), |(second, _)| format!("{second}Z"))
}

pub(crate) async fn converge(remote: &Remote, group: &str) -> anyhow::Result<()> {
    let url = format!("{}/{}/converge", home(remote), escape(group));
    ask(Method::POST, &url, remote.token.as_deref()).await?;
    Ok(print(&[format!("group {group} is being converged")])?)
}

pub(crate) async fn hurry_deletion(admin: &Admin, tenant: &str, group: &str) -> anyhow::Result<()> {
    let home = admin.admin_url.trim_end_matches('/');
    let url = format!("{home}/deleting/{}/{}/converge", escape(tenant), escape(group));
    ask(Method::POST, &url, None).await.context(NO_LISTENER)?;
    Ok(print(&[format!("the deletion of group {group} is tried again")])?)
}

pub(crate) async fn suspend(admin: &Admin, tenant: &str, suspended: bool) -> anyhow::Result<()> {
    let url = format!("{}/tenants/{}", admin.admin_url.trim_end_matches('/'), escape(tenant));
    let answer = put(&url, &json!({"suspended": suspended})).await.context(NO_LISTENER)?;
    let how = if suspended { "suspended" } else { "not suspended" };
    Ok(print(&[format!("tenant {tenant}: {} groups are {how}", answer["groups"])])?)
}

/// A value without quotation marks; nothing for null.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
