//! PURE: how RackConnect v3 pools come to know the servers that stay and forget those that go. Such a pool
//! takes servers by their ids, knows its port itself, and drains nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Plan, Step};
use crate::launcher::Server;
use crate::model::tags;

/// The ids of the servers in each pool; `None` for a pool that does not exist.
pub type Members = BTreeMap<String, Option<BTreeSet<String>>>;

/// Takes a server out of all pools that it is in.
pub(super) fn leave(members: &Members, server: &str) -> Vec<Step> {
    let within =
        members.iter().filter(|(_, there)| there.as_ref().is_some_and(|there| there.contains(server)));
    within.map(|(pool, _)| Step::Leave { pool: pool.clone(), server: server.to_owned() }).collect()
}

/// Sees to it that a server that stays is in all pools it is meant for. Whether it is.
pub(super) fn join(members: &Members, server: &Server, plan: &mut Plan) -> bool {
    let mut in_all = true;
    for pool in tags::pools_of(&server.metadata) {
        match members.get(&pool) {
            Some(Some(there)) if there.contains(&server.id) => continue,
            Some(Some(_)) => plan.steps.push(Step::Join { pool, server: server.id.clone() }),
            _ => plan.failures.push(format!("RackConnect v3 pool {pool} does not exist")),
        }
        in_all = false;
    }
    in_all
}

/// Whether a server is in all pools that it joined.
pub(super) fn serves(members: &Members, server: &Server) -> bool {
    let there = |pool: &String| {
        members.get(pool).is_some_and(|there| there.iter().flatten().any(|id| *id == server.id))
    };
    tags::pools_of(&server.metadata).iter().all(there)
}
