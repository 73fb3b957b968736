//! Taking one server out of a group.

use jiff::Timestamp;

use super::{line, trigger, visible};
use crate::app::App;
use crate::engine;
use crate::error::Error;
use crate::fault::Fault;
use crate::launcher::{Server, Tags};
use crate::model::history::Caller;
use crate::model::{Cause, Change, Group, GroupKey, tags};
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

/// Who wants what of which server.
#[derive(Clone)]
struct Wish {
    key: GroupKey,
    server: String,
    removal: Removal,
    by: Option<Caller>,
}

impl Wish {
    fn line(&self, group: &Group, now: Timestamp) -> Change {
        line(group, Cause::ServerDeleted { server_id: self.server.clone() }, self.by.clone(), now)
    }
}

/// Takes a server out of its group.
///
/// # Errors
/// When the group has no such server, would have too few, is suspended, or the launcher does not do as asked.
pub async fn remove(
    app: &App,
    key: GroupKey,
    id: &str,
    removal: Removal,
    by: Option<Caller>,
) -> Result<(), Error> {
    let wish = Wish { key, server: id.to_owned(), removal, by };
    App::to_its_end(take_out(app.clone(), wish)).await
}

/// A server that is marked is written down, too. Of callers who ask for the same server at the same time each
/// sees what the one before has done to it.
async fn take_out(app: App, mut wish: Wish) -> Result<(), Error> {
    visible(&mut *app.read().await?, &wish.key).await?;
    let _turn = app.turns().take(&wish.key).await;
    let server = member(&app, &wish.key, &wish.server).await?;
    // One that is on its way out has had its place decided on: asked for again, it takes no other with it.
    wish.removal.replace |= tags::is_draining(&server.metadata);
    let (asked, clock) = (wish.clone(), app.clock());
    app.change(move |rows| Box::pin(async move { check(rows, &asked, clock.now()).await })).await?;
    mark(&app, &wish.key, &server, wish.removal).await?;
    let clock = app.clock();
    app.command(move |rows| Box::pin(async move { write_down(rows, &wish, clock.now()).await })).await
}

/// Whether the server may go; if not, the group's history has it.
async fn check(rows: &mut dyn Rows, wish: &Wish, now: Timestamp) -> Result<(), Error> {
    let group = visible(rows, &wish.key).await?;
    let few = group.desired <= group.config.min_entities.into();
    let checked = match engine::in_good_standing(&group) {
        Err(refusal) => Err(refusal.into()),
        Ok(()) if !wish.removal.replace && few => Err(Error::BelowMin),
        Ok(()) => Ok(()),
    };
    if let Err(error) = &checked {
        let mut change = wish.line(&group, now);
        change.refuse(error.sort().1, error);
        rows.note(&wish.key, &change).await?;
    }
    checked
}

async fn write_down(rows: &mut dyn Rows, wish: &Wish, now: Timestamp) -> Result<(), Error> {
    let mut group = visible(rows, &wish.key).await?;
    let mut change = wish.line(&group, now);
    // Executions since the check may have brought the group to its minimum: it is kept.
    if !wish.removal.replace && group.desired > group.config.min_entities.into() {
        group.desired -= 1;
    }
    change.to = group.desired;
    trigger(&mut group, now);
    rows.save_state(&group).await?;
    Ok(rows.note(&wish.key, &change).await?)
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
    let marks: Tags = if removal.purge {
        tags::leaving()
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
    let when = app.now().saturating_add(pause).unwrap_or(Timestamp::MAX);
    app.clock().until(when).await;
    Ok(())
}
