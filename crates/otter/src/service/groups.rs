//! Commands on groups.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::policies::{check_times, stored};
use super::{launch, line, trigger, visible};
use crate::app::App;
use crate::clock::Clock;
use crate::engine;
use crate::error::Error;
use crate::model::history::Caller;
use crate::model::state::{Group, Progress};
use crate::model::{Cause, GroupConfig, GroupKey, Launch, Policy, Problems, StoredPolicy};
use crate::store::Rows;

/// What a user sends to create a group.
pub struct NewGroup {
    config: GroupConfig,
    launch: Launch,
    policies: Vec<Policy>,
}

impl NewGroup {
    /// Reads the body.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(body: &Value, now: Timestamp) -> Result<Self, Error> {
        const KEYS: [&str; 3] = ["groupConfiguration", "launchConfiguration", "scalingPolicies"];
        let mut problems = Problems::default();
        if let Some(unknown) =
            body.as_object().and_then(|body| body.keys().find(|key| !KEYS.contains(&key.as_str())))
        {
            problems.tell(unknown, "unknown");
        }
        let part = |key: &str, problems: &mut Problems| {
            let part = body.get(key);
            if part.is_none() {
                problems.tell(key, "is required");
            }
            part
        };
        let config =
            part(KEYS[0], &mut problems).and_then(|part| GroupConfig::read_new(KEYS[0], part, &mut problems));
        let launch = part(KEYS[1], &mut problems).and_then(|part| Launch::read(KEYS[1], part, &mut problems));
        let policies = match body.get(KEYS[2]) {
            None => Some(Vec::new()),
            Some(part) => Policy::read_list(KEYS[2], part, 0, &mut problems),
        };
        if let Some(policies) = &policies {
            check_times(policies, KEYS[2], now, &mut problems);
        }
        let new = config.zip(launch).zip(policies);
        let ((config, launch), policies) =
            problems.settle(new).map_err(|problems| Error::Validation(problems.to_string()))?;
        check_limits(&config)?;
        launch::check_networks(&launch)?;
        Ok(Self { config, launch, policies })
    }
}

fn check_limits(config: &GroupConfig) -> Result<(), Error> {
    if config.limits_in_order() { Ok(()) } else { Err(Error::InvalidMinEntities) }
}

/// A group that was just created.
pub struct Created {
    /// The group.
    pub group: Group,
    /// Its launch configuration.
    pub launch: Launch,
    /// Its policies, in the order in which they were sent.
    pub policies: Vec<StoredPolicy>,
}

/// Creates a group with its policies and has it converged.
///
/// # Errors
/// When the cloud would refuse such servers, or the tenant has too many groups.
pub async fn create(app: &App, tenant: &str, new: NewGroup, by: Option<Caller>) -> Result<Created, Error> {
    launch::check(app, tenant, &new.launch).await?;
    let key = GroupKey { tenant: tenant.to_owned(), group: Uuid::new_v4().to_string() };
    let (clock, most) = (app.clock(), app.settings().limits.max_groups);
    app.command(move |rows| Box::pin(insert(rows, key, new, by, clock, most))).await
}

async fn insert(
    rows: &mut dyn Rows,
    key: GroupKey,
    new: NewGroup,
    by: Option<Caller>,
    clock: Arc<dyn Clock>,
    most: u64,
) -> Result<Created, Error> {
    if rows.count_groups(&key.tenant).await? >= most {
        return Err(Error::GroupsOverLimit { tenant: key.tenant, most });
    }
    let now = clock.now();
    let group = Group {
        progress: Progress { wanted: 1, due: Some(now), ..Progress::default() },
        ..Group::new(key, new.config)
    };
    rows.insert_group(&group, &new.launch, now).await?;
    let mut policies = Vec::new();
    for policy in new.policies {
        let policy = stored(policy, now);
        rows.insert_policy(&group.key, &policy).await?;
        policies.push(policy);
    }
    let mut change = line(&group, Cause::Created, by, now);
    change.from = 0;
    rows.note(&group.key, &change).await?;
    Ok(Created { group, launch: new.launch, policies })
}

/// Replaces a group's configuration and brings desired capacity inside the new limits.
///
/// # Errors
/// When the limits are not in order, the group is suspended or not there.
pub async fn replace_config(
    app: &App,
    key: GroupKey,
    config: GroupConfig,
    by: Option<Caller>,
) -> Result<(), Error> {
    check_limits(&config)?;
    change_group(app, key, Cause::Config, by, move |group, now| {
        engine::in_good_standing(group)?;
        group.desired = engine::clamp(&config, group.desired);
        group.config = config;
        trigger(group, now);
        Ok(())
    })
    .await
}

/// Pauses a group: what is under way ends with the present round.
///
/// # Errors
/// When there is no such group.
pub async fn pause(app: &App, key: GroupKey, by: Option<Caller>) -> Result<(), Error> {
    change_group(app, key, Cause::Paused, by, |group, _| {
        group.paused = true;
        group.progress.due = None;
        Ok(())
    })
    .await
}

/// Resumes a group.
///
/// # Errors
/// When there is no such group.
pub async fn resume(app: &App, key: GroupKey, by: Option<Caller>) -> Result<(), Error> {
    change_group(app, key, Cause::Resumed, by, |group, now| {
        group.paused = false;
        trigger(group, now);
        Ok(())
    })
    .await
}

/// Has a group converged now.
///
/// # Errors
/// When it is paused or suspended, or not there.
pub async fn converge(app: &App, key: GroupKey) -> Result<(), Error> {
    let clock = app.clock();
    app.command(move |rows| {
        Box::pin(async move {
            let mut group = visible(rows, &key).await?;
            engine::may_act(&group)?;
            trigger(&mut group, clock.now());
            Ok(rows.save_state(&group).await?)
        })
    })
    .await
}

/// Has the deletion of a group tried now, whatever pause it is in.
///
/// # Errors
/// When no such group is being deleted.
pub async fn hurry_deletion(app: &App, key: GroupKey) -> Result<(), Error> {
    let clock = app.clock();
    app.command(move |rows| {
        Box::pin(async move {
            let group = rows.group(&key).await?.filter(|group| group.deleting);
            let mut group = group.ok_or(Error::NoSuchGroup(key.group))?;
            trigger(&mut group, clock.now());
            Ok(rows.save_state(&group).await?)
        })
    })
    .await
}

/// Deletes a group: its tenant sees it no more, its servers go, then its rows.
///
/// # Errors
/// When it wants servers and `force` is not set, or it is not there.
pub async fn delete(app: &App, key: GroupKey, force: bool, by: Option<Caller>) -> Result<(), Error> {
    change_group(app, key, Cause::Deleted, by, move |group, now| {
        if group.desired > 0 && !force {
            return Err(Error::GroupNotEmpty(group.key.group.clone()));
        }
        group.desired = 0;
        group.deleting = true;
        trigger(group, now);
        Ok(())
    })
    .await
}

/// Changes a group's row in a transaction; what came of it is noted in its history.
async fn change_group<F>(
    app: &App,
    key: GroupKey,
    cause: Cause,
    by: Option<Caller>,
    alter: F,
) -> Result<(), Error>
where
    F: FnOnce(&mut Group, Timestamp) -> Result<(), Error> + Send + 'static,
{
    let clock = app.clock();
    app.command(move |rows| {
        Box::pin(async move {
            let now = clock.now();
            let mut group = visible(rows, &key).await?;
            let mut change = line(&group, cause, by, now);
            let before = group.clone();
            let altered = alter(&mut group, now);
            match &altered {
                Ok(()) => {
                    change.to = group.desired;
                    save(rows, &before, &group).await?;
                }
                Err(error) => change.refuse(error.sort().1, error),
            }
            rows.note(&key, &change).await?;
            altered
        })
    })
    .await
}

async fn save(rows: &mut dyn Rows, before: &Group, after: &Group) -> Result<(), Error> {
    rows.save_state(after).await?;
    if after.config != before.config {
        rows.save_config(after).await?;
    }
    if after.deleting {
        rows.unschedule(&after.key).await?;
    }
    Ok(())
}
