//! The seam to the database: row operations inside one transaction, and the promise that a
//! change is on disk before it is acknowledged. One folder for each kind.

mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;
use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::value::RawValue;
use std::sync::Mutex;

use crate::converge::Known;
use crate::model::state::ActiveServer;
use crate::model::{Change, Group, GroupKey, Launch, PolicyKey, StoredPolicy, Webhook};

pub use sqlite::{Durability, Inspection, Sqlite};

/// Why a row operation has no result.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not do as asked; nothing of the transaction has happened.
    #[error("the store is not available: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row is there and makes no sense, as when another version of the program or a person wrote it. Others
    /// can be read, and the transaction goes on.
    #[error("a row of the store cannot be read: {0}")]
    Unreadable(String),
}

/// What a row operation returns.
pub type Result<T> = std::result::Result<T, StoreError>;

/// A change to be made: it runs inside a transaction of which all or nothing happens.
pub type Job = Box<dyn for<'r> FnOnce(&'r mut dyn Rows) -> BoxFuture<'r, Result<()>> + Send>;

/// A transactional database.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// A connection for reading.
    ///
    /// # Errors
    /// When there is none to be had.
    async fn read(&self) -> Result<Box<dyn Rows>>;

    /// Runs a job and returns once its changes are durable. Jobs run one after the other and may
    /// share a commit, so a job that fails fails those beside it.
    ///
    /// # Errors
    /// When the job or the commit failed; the changes have not happened then.
    async fn write(&self, job: Job) -> Result<()>;

    /// Waits for what is in hand and closes the database.
    async fn close(&self);
}

/// Makes a change that has a result.
///
/// # Errors
/// Those of [`Store::write`].
pub async fn change<T, F>(store: &dyn Store, job: F) -> Result<T>
where
    T: Send + 'static,
    F: for<'r> FnOnce(&'r mut dyn Rows) -> BoxFuture<'r, Result<T>> + Send + 'static,
{
    let slot = Arc::new(Mutex::new(None));
    let filled = Arc::clone(&slot);
    let job: Job = Box::new(move |rows| {
        let work = job(rows);
        Box::pin(async move {
            let result = work.await?;
            *filled.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(result);
            Ok(())
        })
    });
    store.write(job).await?;
    let result = slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    result.ok_or_else(|| StoreError::Unavailable("a job was committed that did not run".into()))
}

/// A page of a list that is sorted by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Only ids greater than this.
    pub after: String,
    /// At most so many.
    pub limit: u32,
}

impl Page {
    /// Everything, on one page.
    pub const ALL: Self = Self { after: String::new(), limit: u32::MAX };
}

/// A group with its servers in service, as JSON.
pub type Shown = (Group, Box<RawValue>);

/// All row operations.
pub trait Rows: Groups + Duties + Policies + Webhooks + Histories {}

impl<T: Groups + Duties + Policies + Webhooks + Histories> Rows for T {}

/// What self-heal has to know of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idle {
    /// Which group.
    pub key: GroupKey,
    /// How many servers it should have.
    pub desired: i64,
    /// How many were in service when it was last looked at.
    pub active: i64,
    /// What is remembered of its servers.
    pub known: Vec<Known>,
}

/// Rows of groups. Those that are being deleted are included unless said otherwise.
#[async_trait]
pub trait Groups: Send {
    /// One group.
    async fn group(&mut self, key: &GroupKey) -> Result<Option<Group>>;
    /// One group with its servers.
    async fn group_shown(&mut self, key: &GroupKey) -> Result<Option<Shown>>;
    /// A page of a tenant's groups, without those that are being deleted.
    async fn groups_shown(&mut self, tenant: &str, page: &Page) -> Result<Vec<Shown>>;
    /// The launch configuration of a group.
    async fn launch(&mut self, key: &GroupKey) -> Result<Option<Launch>>;
    /// How many groups a tenant has, without those that are being deleted.
    async fn count_groups(&mut self, tenant: &str) -> Result<u64>;
    /// Adds a group.
    async fn insert_group(&mut self, group: &Group, launch: &Launch, now: Timestamp) -> Result<()>;
    /// Writes all of a group but its configuration, launch configuration and servers.
    async fn save_state(&mut self, group: &Group) -> Result<()>;
    /// Writes a group's configuration.
    async fn save_config(&mut self, group: &Group) -> Result<()>;
    /// Writes a group's launch configuration; whether there was such a group.
    async fn save_launch(&mut self, key: &GroupKey, launch: &Launch) -> Result<bool>;
    /// A group's servers in service, as last seen.
    async fn active_servers(&mut self, key: &GroupKey) -> Result<Vec<ActiveServer>>;
    /// What was remembered of a group's servers.
    async fn known_servers(&mut self, key: &GroupKey) -> Result<Vec<Known>>;
    /// Writes a group's servers in service, and what is to be remembered of all.
    async fn save_servers(&mut self, key: &GroupKey, active: &[ActiveServer], known: &[Known]) -> Result<()>;
    /// Removes a group and all that belongs to it, but for its history.
    async fn remove_group(&mut self, key: &GroupKey) -> Result<()>;
}

/// What is looked for across groups, by the worker and by the operator.
#[async_trait]
pub trait Duties: Send {
    /// Groups that are due to be converged, the longest due first.
    async fn due_groups(&mut self, now: Timestamp) -> Result<Vec<GroupKey>>;
    /// Makes groups that wait for something due now, those excepted that something hinders
    /// ([`Group::errors`]).
    async fn hasten_groups(&mut self, now: Timestamp) -> Result<()>;
    /// The first instant after `now` at which a group or a schedule is due.
    async fn next_due(&mut self, now: Timestamp) -> Result<Option<Timestamp>>;
    /// Tenants that have groups.
    async fn tenants(&mut self) -> Result<Vec<String>>;
    /// The tenant's groups that self-heal looks at: healthy ones with nothing due.
    async fn idle_groups(&mut self, tenant: &str) -> Result<Vec<Idle>>;
    /// Groups of all tenants that are being deleted.
    async fn deleting_groups(&mut self) -> Result<Vec<Group>>;
    /// Writes what changes nothing, to learn whether anything can be written.
    async fn try_writing(&mut self) -> Result<()>;
    /// How many rows there are.
    async fn totals(&mut self) -> Result<Totals>;
}

/// Numbers of rows in the whole database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Groups, without those that are being deleted.
    pub groups: i64,
    /// Policies.
    pub policies: i64,
    /// Webhooks.
    pub webhooks: i64,
    /// Groups in ERROR.
    pub errors: i64,
    /// Groups that are being deleted.
    pub deleting: i64,
}

/// Rows of policies.
#[async_trait]
pub trait Policies: Send {
    /// One policy.
    async fn policy(&mut self, key: &PolicyKey) -> Result<Option<StoredPolicy>>;
    /// A page of a group's policies.
    async fn policies(&mut self, key: &GroupKey, page: &Page) -> Result<Vec<StoredPolicy>>;
    /// How many policies a group has.
    async fn count_policies(&mut self, key: &GroupKey) -> Result<u64>;
    /// Adds a policy.
    async fn insert_policy(&mut self, key: &GroupKey, policy: &StoredPolicy) -> Result<()>;
    /// Writes all of a policy.
    async fn save_policy(&mut self, key: &GroupKey, policy: &StoredPolicy) -> Result<()>;
    /// Notes that a policy was executed.
    async fn touch_policy(&mut self, key: &PolicyKey, now: Timestamp) -> Result<()>;
    /// Sets when a policy's schedule is due next.
    async fn save_policy_due(&mut self, key: &PolicyKey, due: Option<Timestamp>) -> Result<()>;
    /// Removes a policy and its webhooks; whether there was one.
    async fn remove_policy(&mut self, key: &PolicyKey) -> Result<bool>;
    /// Policies whose time has come, the longest due first, at most `limit`.
    async fn due_policies(&mut self, now: Timestamp, limit: u32) -> Result<Vec<(PolicyKey, Timestamp)>>;
    /// Takes a policy that cannot be run off the calendar and remembers the time for which it was due.
    async fn set_policy_aside(&mut self, key: &PolicyKey, due: Timestamp) -> Result<()>;
    /// Policies that were set aside, each with the time for which it was due.
    async fn policies_set_aside(&mut self) -> Result<Vec<(PolicyKey, Timestamp)>>;
    /// Puts all that were set aside back on the calendar.
    async fn take_policies_up(&mut self) -> Result<()>;
    /// Takes all schedules of a group off the calendar.
    async fn unschedule(&mut self, key: &GroupKey) -> Result<()>;
}

/// A webhook as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredWebhook {
    /// Its id.
    pub id: String,
    /// The policy it executes.
    pub policy: String,
    /// What the user said of it.
    pub webhook: Webhook,
    /// Its capability, sealed.
    pub sealed: String,
}

/// Rows of webhooks.
#[async_trait]
pub trait Webhooks: Send {
    /// One webhook.
    async fn webhook(&mut self, key: &PolicyKey, id: &str) -> Result<Option<StoredWebhook>>;
    /// A page of a policy's webhooks.
    async fn webhooks(&mut self, key: &PolicyKey, page: &Page) -> Result<Vec<StoredWebhook>>;
    /// All webhooks of a group, by policy and id.
    async fn webhooks_of_group(&mut self, key: &GroupKey) -> Result<Vec<StoredWebhook>>;
    /// How many webhooks a policy has.
    async fn count_webhooks(&mut self, key: &PolicyKey) -> Result<u64>;
    /// Adds a webhook with the hash of its capability.
    async fn insert_webhook(&mut self, key: &PolicyKey, webhook: &StoredWebhook, hash: &str) -> Result<()>;
    /// Writes a webhook's name and metadata; whether there was one.
    async fn save_webhook(&mut self, key: &PolicyKey, id: &str, webhook: &Webhook) -> Result<bool>;
    /// Removes a webhook; whether there was one.
    async fn remove_webhook(&mut self, key: &PolicyKey, id: &str) -> Result<bool>;
    /// The policy that a capability executes, and the webhook it belongs to.
    async fn capability(&mut self, hash: &str) -> Result<Option<(PolicyKey, String)>>;
}

/// Rows of history.
#[async_trait]
pub trait Histories: Send {
    /// Adds a line.
    async fn note(&mut self, key: &GroupKey, change: &Change) -> Result<()>;
    /// Lines of a group with ids below `before`, the newest first.
    async fn history(&mut self, key: &GroupKey, before: i64, limit: u32) -> Result<Vec<(i64, Change)>>;
    /// Forgets lines older than `before`.
    async fn forget(&mut self, before: Timestamp) -> Result<()>;
}
