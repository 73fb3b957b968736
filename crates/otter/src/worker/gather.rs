//! Reading the cloud once for many groups of one tenant: its servers, and the balancers that those
//! groups are on.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use futures::{StreamExt, stream};
use jiff::Timestamp;

use crate::app::App;
use crate::balancer::Pool;
use crate::converge::{Known, Seen};
use crate::error::Error;
use crate::fault::Fault;
use crate::launcher::{Server, Stack};
use crate::model::{GroupKey, tags};
use crate::store::Idle;

/// Balancers read at the same time.
const AT_ONCE: usize = 8;

/// The cloud as it was at one time.
pub(super) struct Gathered {
    /// The tenant's servers and balancers, or why they could not be read.
    cloud: Result<Cloud, Fault>,
    /// When it began: what was seen is judged as of then, also if the clock jumps meanwhile.
    pub(super) at: Timestamp,
    /// The launcher's count of changes when the gathering began.
    pub(super) changes: Option<u64>,
    /// What the groups that were due wanted before the cloud was read, by their ids. `None` for self-heal, and
    /// when it could not be read.
    wishes: Option<HashMap<String, Wish>>,
}

/// What a group wanted at one time.
#[derive(Clone, Copy)]
pub(super) struct Wish {
    /// [`crate::model::state::Progress::wanted`]
    pub(super) wanted: i64,
    /// Its desired capacity.
    pub(super) desired: i64,
}

#[derive(Default)]
struct Cloud {
    /// The ids of all the tenant's servers, those that were let go included: none of them has vanished.
    there: HashSet<String>,
    servers: BTreeMap<String, Vec<Server>>,
    /// The groups, none of those that were gathered for, that other servers name.
    others: BTreeSet<String>,
    stacks: BTreeMap<String, Vec<Stack>>,
    /// Why no stacks could be read, if so: the trouble of the groups that have or want some.
    unread_stacks: Option<Fault>,
    /// Where all of them are.
    inhabited: HashSet<Place>,
    /// One that cannot be read is the trouble of the groups that are on it, and of no others.
    pools: BTreeMap<String, Result<Option<Pool>, Fault>>,
    members: BTreeMap<String, Result<Option<BTreeSet<String>>, Fault>>,
}

/// An address, and a port if it is the server's own.
type Place = (String, Option<u16>);

/// Gathers what the rounds of these groups of one tenant need.
pub(super) async fn for_groups(app: &App, tenant: &str, keys: &[GroupKey]) -> Gathered {
    let (at, changes) = (app.now(), changes(app));
    let (wishes, known) = match remembered(app, keys, at).await {
        Ok(remembered) => remembered,
        Err(error) => {
            // Read without it, the cloud would not show the nodes of servers that vanished.
            let reason = format!("what is known of servers: {:#}", anyhow::Error::from(error));
            return Gathered { cloud: Err(Fault::Retryable(reason)), at, changes, wishes: None };
        }
    };
    let wanted: HashSet<&str> = wishes.keys().map(String::as_str).collect();
    let cloud =
        if wanted.is_empty() { Ok(Cloud::default()) } else { read(app, tenant, &wanted, known.iter()).await };
    Gathered { cloud, at, changes, wishes: Some(wishes) }
}

/// The same for groups that self-heal looks at, of which more is known already.
pub(super) async fn for_idle(app: &App, tenant: &str, idle: &[Idle]) -> Gathered {
    let (at, changes) = (app.now(), changes(app));
    let wanted = idle.iter().map(|idle| idle.key.group.as_str()).collect();
    let cloud = read(app, tenant, &wanted, idle.iter().flat_map(|idle| &idle.known)).await;
    Gathered { cloud, at, changes, wishes: None }
}

/// The launcher's count of changes.
pub(super) fn changes(app: &App) -> Option<u64> {
    app.launcher().changes().map(|changes| *changes.borrow())
}

/// What the groups want that are due, and what is remembered of their servers.
async fn remembered(
    app: &App,
    keys: &[GroupKey],
    now: Timestamp,
) -> Result<(HashMap<String, Wish>, Vec<Known>), Error> {
    let mut rows = app.read().await?;
    let (mut wishes, mut known) = (HashMap::new(), Vec::new());
    for key in keys {
        let group = rows.group(key).await?;
        if let Some(group) = group.filter(|group| group.progress.due.is_some_and(|due| due <= now)) {
            let wish = Wish { wanted: group.progress.wanted, desired: group.desired };
            wishes.insert(key.group.clone(), wish);
            known.extend(rows.known_servers(key).await?);
        }
    }
    Ok((wishes, known))
}

async fn read(
    app: &App,
    tenant: &str,
    wanted: &HashSet<&str>,
    known: impl Iterator<Item = &Known> + Clone,
) -> Result<Cloud, Fault> {
    let mut servers: BTreeMap<String, Vec<Server>> = BTreeMap::new();
    let (mut there, mut inhabited, mut others) = (HashSet::new(), HashSet::new(), BTreeSet::new());
    for server in app.launcher().servers(tenant).await? {
        there.insert(server.id.clone());
        inhabited.extend(server.address.clone().map(|address| (address, server.port)));
        match tags::group_of(&server.metadata) {
            Some(group) if wanted.contains(group) => {
                servers.entry(group.to_owned()).or_default().push(server);
            }
            Some(group) => _ = others.insert(group.to_owned()),
            None => {}
        }
    }
    let joined = servers.values().flatten().flat_map(|server| tags::balancers_of(&server.metadata));
    let joined = joined.map(|(balancer, _)| balancer);
    let once_joined = known.clone().flat_map(|known| known.balancers.iter().cloned());
    let balancers: BTreeSet<String> = joined.chain(once_joined).collect();
    let pools = stream::iter(balancers).map(|balancer| pool(app, tenant, balancer));
    let pools = pools.buffer_unordered(AT_ONCE).collect().await;
    let joined = servers.values().flatten().flat_map(|server| tags::pools_of(&server.metadata));
    let once_joined = known.flat_map(|known| known.pools.iter().cloned());
    let members = stream::iter(joined.chain(once_joined).collect::<BTreeSet<_>>());
    let members = members.map(|pool| members_of(app, tenant, pool)).buffer_unordered(AT_ONCE);
    let members = members.collect().await;
    let (stacks, unread_stacks) = match stacks(app, tenant, wanted).await {
        Ok(stacks) => (stacks, None),
        Err(fault) => (BTreeMap::new(), Some(fault)),
    };
    Ok(Cloud { there, servers, others, stacks, unread_stacks, inhabited, pools, members })
}

/// The stacks of these groups; where there are none to be had, of none.
async fn stacks(
    app: &App,
    tenant: &str,
    wanted: &HashSet<&str>,
) -> Result<BTreeMap<String, Vec<Stack>>, Fault> {
    let mut stacks: BTreeMap<String, Vec<Stack>> = BTreeMap::new();
    let Some(builder) = app.launcher().stacks() else { return Ok(stacks) };
    for stack in builder.stacks(tenant).await? {
        if let Some(group) = tags::group_of_stack(&stack.tags).filter(|group| wanted.contains(group)) {
            stacks.entry(group.to_owned()).or_default().push(stack);
        }
    }
    Ok(stacks)
}

async fn members_of(
    app: &App,
    tenant: &str,
    pool: String,
) -> (String, Result<Option<BTreeSet<String>>, Fault>) {
    let Some(rackconnect) = app.balancer().rackconnect() else { return (pool, Ok(None)) };
    let members = rackconnect.members(tenant, &pool).await;
    (pool, if_there(members))
}

async fn pool(app: &App, tenant: &str, balancer: String) -> (String, Result<Option<Pool>, Fault>) {
    let pool = app.balancer().pool(tenant, &balancer).await;
    (balancer, if_there(pool))
}

/// What was read, or `None` if it does not exist.
fn if_there<T>(read: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(Fault::Gone(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}

impl Gathered {
    /// What a group wanted before the cloud was read.
    pub(super) fn wish(&self, group: &str) -> Option<Wish> {
        self.wishes.as_ref()?.get(group).copied()
    }

    /// Whether a group was due when it was gathered for, as far as could be told.
    pub(super) fn is_due(&self, group: &str) -> bool {
        self.wishes.as_ref().is_none_or(|wishes| wishes.contains_key(group))
    }

    /// Groups that were not gathered for and that servers name.
    pub(super) fn others(&self) -> impl Iterator<Item = &str> {
        self.cloud.iter().flat_map(|cloud| &cloud.others).map(String::as_str)
    }

    /// Why no stacks could be read, if the servers could.
    pub(super) fn unread_stacks(&self) -> Option<&Fault> {
        self.cloud.as_ref().ok()?.unread_stacks.as_ref()
    }

    /// What was seen of one group; no stacks, if there are [`Gathered::unread_stacks`].
    ///
    /// # Errors
    /// When the servers could not be read, or a balancer that the group is on.
    pub(super) fn of(&self, group: &str, known: Vec<Known>) -> Result<Seen<'_>, Fault> {
        let cloud = self.cloud.as_ref().map_err(Clone::clone)?;
        let servers: Vec<&Server> = cloud.servers.get(group).into_iter().flatten().collect();
        let stacks = cloud.stacks.get(group).into_iter().flatten().collect();
        let mut vanished = known;
        vanished.retain(|known| !cloud.there.contains(&known.id));
        let mut balancers: BTreeSet<String> =
            vanished.iter().flat_map(|known| known.balancers.iter().cloned()).collect();
        let mut pools: BTreeSet<String> =
            vanished.iter().flat_map(|known| known.pools.iter().cloned()).collect();
        for server in &servers {
            balancers.extend(tags::balancers_of(&server.metadata).into_iter().map(|(balancer, _)| balancer));
            pools.extend(tags::pools_of(&server.metadata));
        }
        let inherits = |known: &&Known| cloud.inhabited.contains(&(known.address.clone(), known.port));
        let inherited = vanished.iter().filter(inherits).map(|known| known.id.clone()).collect();
        let (members, pools) = (some_of(&cloud.members, pools)?, some_of(&cloud.pools, balancers)?);
        Ok(Seen { servers, stacks, vanished, inherited, pools, members, ..Seen::default() })
    }
}

/// The entries of a map with these keys, or the fault of one of them.
fn some_of<T: Clone>(
    all: &BTreeMap<String, Result<T, Fault>>,
    keys: BTreeSet<String>,
) -> Result<BTreeMap<String, T>, Fault> {
    keys.into_iter().filter_map(|key| all.get(&key).cloned().map(|value| Ok((key, value?)))).collect()
}
