//! PURE: which servers count, which stay, which go, and how those that go are seen off.

use std::cmp::Reverse;
use std::time::Duration;

use jiff::Timestamp;

use super::calls::Errand;
use super::nodes::Nodes;
use super::plan::{active, delete};
use super::{Plan, Step, Wanted};
use crate::launcher::{Server, ServerStatus};
use crate::model::tags;
use crate::settings::Converge;

/// A group's servers by what becomes of them.
#[derive(Default)]
pub(super) struct Sorted<'g> {
    /// Deleted, or about to be: only their nodes are left to be removed.
    pub(super) gone: Vec<&'g Server>,
    /// Of no use: deleted at once and replaced.
    pub(super) failed: Vec<&'g Server>,
    /// To be drained and deleted.
    pub(super) leaving: Vec<&'g Server>,
    /// To stay.
    pub(super) kept: Vec<&'g Server>,
    /// How many there are too few.
    pub(super) missing: usize,
    /// How many of those kept are building.
    pub(super) building: usize,
    /// How many of those kept are in the midst of something.
    pub(super) busy: usize,
}

pub(super) fn sort<'g>(
    wanted: &Wanted,
    servers: &[&'g Server],
    now: Timestamp,
    rules: &Converge,
) -> Sorted<'g> {
    let mut sorted = Sorted::default();
    for server in servers {
        match fate(server, wanted, now, rules) {
            Fate::Gone => sorted.gone.push(server),
            Fate::Failed => sorted.failed.push(server),
            Fate::Leaving => sorted.leaving.push(server),
            Fate::Counts => sorted.kept.push(server),
            Fate::Ignored => {}
        }
    }
    sorted.kept.sort_by_key(|server| (worth(server.status), Reverse(server.created), &server.id));
    let keep = wanted.desired.min(sorted.kept.len());
    sorted.leaving.extend(sorted.kept.split_off(keep));
    sorted.missing = wanted.desired - keep;
    sorted.building = count(&sorted.kept, ServerStatus::Build);
    sorted.busy = count(&sorted.kept, ServerStatus::Wait);
    sorted
}

enum Fate {
    Gone,
    Failed,
    Leaving,
    Counts,
    Ignored,
}

fn fate(server: &Server, wanted: &Wanted, now: Timestamp, rules: &Converge) -> Fate {
    use ServerStatus as S;
    if is_gone(server) {
        return Fate::Gone;
    }
    let over_age = server.status == S::Build && age(server, now) > rules.build_timeout;
    match server.status {
        S::Error | S::Shutoff => Fate::Failed,
        S::Build if over_age => Fate::Failed,
        // A group that is to be gone leaves nothing behind, whatever it is.
        S::Unknown if wanted.deleting => Fate::Failed,
        S::Unknown => Fate::Ignored,
        _ if tags::is_draining(&server.metadata) => Fate::Leaving,
        _ => Fate::Counts,
    }
}

/// Whether a server is deleted, or about to be.
pub(super) fn is_gone(server: &Server) -> bool {
    server.deleting || server.status == ServerStatus::Deleted
}

pub(super) fn age(server: &Server, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(server.created)).unwrap_or_default()
}

/// Surplus is cut from the end of this order: the building ones first, the newest active ones last.
fn worth(status: ServerStatus) -> u8 {
    match status {
        ServerStatus::Active => 0,
        ServerStatus::AvoidReplacing => 1,
        ServerStatus::Wait => 2,
        _ => 3,
    }
}

fn count(servers: &[&Server], status: ServerStatus) -> usize {
    servers.iter().filter(|server| server.status == status).count()
}

/// Drains a server, if there is anything to drain and time for it, and deletes it after that. Its time begins when
/// all its nodes are being drained.
pub(super) fn see_off(
    server: &Server,
    wanted: &Wanted,
    nodes: &Nodes<'_>,
    now: Timestamp,
    plan: &mut Plan,
) -> Errand {
    let (Some(timeout), false) = (wanted.draining, server.status == ServerStatus::Build) else {
        return Errand { first: nodes.remove_all_of(server), then: Some(delete(server)) };
    };
    let since = draining_since(server);
    let until = since.unwrap_or(now).saturating_add(timeout).unwrap_or(Timestamp::MAX);
    let (first, left) = nodes.drain(server, now >= until);
    if left == 0 {
        return Errand { first, then: Some(delete(server)) };
    }
    // It still serves the connections that it has.
    if nodes.serves(server) {
        plan.active.push(active(server));
    }
    plan.waits.push(format!("server {} is draining", server.id));
    plan.look_again = plan.look_again.into_iter().chain([until]).min();
    let unmarked = since.is_none() || !tags::is_draining(&server.metadata);
    Errand { first, then: unmarked.then(|| Step::Drain { server: server.id.clone() }) }
}

fn draining_since(server: &Server) -> Option<Timestamp> {
    server.metadata.get(tags::DRAINING_SINCE)?.parse().ok()
}
