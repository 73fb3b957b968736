//! Taking one server out of a group.

use std::collections::BTreeMap;

use super::{line, trigger, visible};
use crate::app::App;
use crate::error::Error;
use crate::fault::Fault;
use crate::launcher::Server;
use crate::model::history::Caller;
use crate::model::{Cause, GroupKey, tags};
use crate::store::Rows;

/// Times that the launcher is asked before it is given up.
const ATTEMPTS: u32 = 3;

/// What becomes of the server and of its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removal {
    /// Whether another one takes its place.
    pub replace: bool,
    /// Whether it is deleted; else it is only let go, with its places on load balancers.
    pub purge: bool,
}

/// Takes a server out of its group.
///
/// # Errors
/// When the group has no such server, would have too few, or the launcher does not do as asked.
pub async fn remove(
    app: &App,
    key: GroupKey,
    id: &str,
    removal: Removal,
    by: Option<Caller>,
) -> Result<(), Error> {
    visible(&mut *app.read().await?, &key).await?;
    let server = member(app, &key, id).await?;
    check(&mut *app.read().await?, &key, removal).await?;
    mark(app, &key, &server, removal).await?;
    let (clock, cause) = (app.clock(), Cause::ServerDeleted { server_id: server.id });
    let done = app
        .change(move |rows| {
            Box::pin(async move {
                let now = clock.now();
                let mut group = visible(rows, &key).await?;
                let mut change = line(&group, cause, by, now);
                // Executions since the check may have brought the group to its minimum: it is kept.
                if !removal.replace && group.desired > group.config.min_entities.into() {
                    group.desired -= 1;
                }
                change.to = group.desired;
                trigger(&mut group, now);
                rows.save_state(&group).await?;
                Ok(rows.note(&key, &change).await?)
            })
        })
        .await;
    app.ring();
    done
}

async fn check(rows: &mut dyn Rows, key: &GroupKey, removal: Removal) -> Result<(), Error> {
    let group = visible(rows, key).await?;
    if !removal.replace && group.desired <= group.config.min_entities.into() {
        return Err(Error::BelowMin);
    }
    Ok(())
}

async fn member(app: &App, key: &GroupKey, id: &str) -> Result<Server, Error> {
    for attempt in 1.. {
        match app.launcher().servers(&key.tenant).await {
            Ok(servers) => {
                let found = servers
                    .into_iter()
                    .find(|server| server.id == id && tags::group_of(&server.metadata) == Some(&key.group));
                return found.ok_or_else(|| Error::ServerNotFound(id.to_owned()));
            }
            Err(fault) => again(app, attempt, fault).await?,
        }
    }
    Err(Error::ServerNotFound(id.to_owned()))
}

/// Marks the server as on its way out, or strips what makes it a member.
async fn mark(app: &App, key: &GroupKey, server: &Server, removal: Removal) -> Result<(), Error> {
    let marks: BTreeMap<String, Option<String>> = if removal.purge {
        tags::draining(app.now())
    } else {
        tags::ownership(&server.metadata).into_iter().map(|key| (key, None)).collect()
    };
    for attempt in 1.. {
        match app.launcher().tag(&key.tenant, &server.id, &marks).await {
            Ok(()) => break,
            Err(Fault::Gone(_)) => return Err(Error::ServerNotFound(server.id.clone())),
            Err(fault) => again(app, attempt, fault).await?,
        }
    }
    Ok(())
}

/// Pauses before another attempt, if it may help and there is one left.
async fn again(app: &App, attempt: u32, fault: Fault) -> Result<(), Error> {
    if attempt >= ATTEMPTS || !matches!(fault, Fault::Retryable(_)) {
        return Err(Error::Cloud(fault));
    }
    tracing::warn!(attempt, %fault, "the launcher is asked again");
    let pause = std::time::Duration::from_millis(200 << attempt);
    let when = app.now().saturating_add(pause).unwrap_or(jiff::Timestamp::MAX);
    app.clock().until(when).await;
    Ok(())
}
