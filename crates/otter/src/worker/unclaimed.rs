//! Servers of groups that do not exist, as after a database was put back from a backup: the operator is told. They
//! are left alone, since what those groups were meant to be nobody here knows.

use std::collections::BTreeSet;

use super::gather::Gathered;
use crate::app::App;
use crate::error::Error;
use crate::launcher::Server;
use crate::model::{GroupKey, tags};

/// Tells of a tenant's servers without a group.
pub(super) async fn tell(app: &App, tenant: &str, gathered: &Gathered) -> Result<(), Error> {
    for server in find(app, tenant, gathered).await? {
        let group = tags::group_of(&server.metadata);
        tracing::warn!(tenant, server = server.id, group, "a server belongs to a group that does not exist");
    }
    Ok(())
}

/// The servers that say to belong to groups which do not exist.
async fn find(app: &App, tenant: &str, gathered: &Gathered) -> Result<Vec<Server>, Error> {
    let missing = missing(app, tenant, gathered).await?;
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    // The last servers of a group may have gone since, and the group with them. If this cannot be read, the next
    // look tells.
    let mut there = app.launcher().servers(tenant).await.unwrap_or_default();
    there.retain(|server| {
        !server.deleting && tags::group_of(&server.metadata).is_some_and(|group| missing.contains(group))
    });
    Ok(there)
}

/// Groups that servers name and that do not exist.
async fn missing(app: &App, tenant: &str, gathered: &Gathered) -> Result<BTreeSet<String>, Error> {
    let mut rows = app.read().await?;
    let mut missing = BTreeSet::new();
    for group in gathered.others() {
        let key = GroupKey { tenant: tenant.to_owned(), group: group.to_owned() };
        if rows.group(&key).await?.is_none() {
            missing.insert(key.group);
        }
    }
    Ok(missing)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Map;

    use super::*;
    use crate::launcher::Order;
    use crate::worker::{desk, gather};

    #[tokio::test]
    async fn servers_of_groups_that_do_not_exist_are_found_and_others_are_not() {
        let app = desk::tests::app().await;
        let group = desk::tests::empty_group(&app).await;
        let mut ids = Vec::new();
        for owner in [Some(group.group.as_str()), Some("lost"), None] {
            let owner = owner.map(|group| (tags::GROUP.to_owned(), group.to_owned()));
            let metadata = BTreeMap::from_iter(owner);
            let order = Order { name: "s".to_owned(), server: Map::new(), metadata };
            ids.push(app.launcher().create(&group.tenant, &order).await.unwrap());
        }
        let gathered = gather::for_idle(&app, &group.tenant, &[]).await;
        let found = find(&app, &group.tenant, &gathered).await.unwrap();
        assert_eq!(found.iter().map(|server| &server.id).collect::<Vec<_>>(), [&ids[1]]);
    }
}
