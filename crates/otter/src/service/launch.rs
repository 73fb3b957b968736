//! Launch configurations: checked before they are kept, and replaced.

use serde_json::Value;

use crate::app::App;
use crate::error::Error;
use crate::model::{BalancerHold, GroupKey, Launch, Problems};

/// What a Cloud Load Balancer asks of the servers' networks.
pub(super) fn check_networks(launch: &Launch) -> Result<(), Error> {
    if launch.lacks_service_net() {
        return Err(Error::Validation(
            "ServiceNet network must be present if Cloud Load Balancers are configured.".to_owned(),
        ));
    }
    Ok(())
}

/// Asks the cloud whether it would build such servers or stacks, and tells all that is wrong together.
pub(super) async fn check(app: &App, tenant: &str, launch: &Launch) -> Result<(), Error> {
    let mut problems = launch.personality_problems();
    let rackconnect = launch.balancers().iter().any(|hold| matches!(hold, BalancerHold::RackConnect { .. }));
    if rackconnect && app.balancer().rackconnect().is_none() {
        problems.push("RackConnectV3 pools are not offered by this service's balancer".to_owned());
    }
    if let Some(server) = launch.server() {
        problems.extend(app.launcher().check(tenant, server).await?);
    }
    if let Some(stack) = launch.stack() {
        match app.launcher().stacks() {
            Some(stacks) => problems.extend(stacks.preview(tenant, stack).await?),
            None => problems.push("launch_stack is not offered by this service's launcher".to_owned()),
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::InvalidLaunchConfiguration(problems.join("; "))) }
}

/// Replaces a group's launch configuration. Servers that are there stay as they are, stacks are updated by the next
/// convergence, and what is of the other kind goes with it.
///
/// # Errors
/// When the cloud would refuse such servers or stacks, or there is no such group.
pub async fn replace(app: &App, key: GroupKey, body: &Value) -> Result<(), Error> {
    let mut problems = Problems::default();
    let launch = Launch::read("", body, &mut problems);
    let launch = problems.settle(launch).map_err(|problems| Error::Validation(problems.to_string()))?;
    check_networks(&launch)?;
    check(app, &key.tenant, &launch).await?;
    app.change(move |rows| {
        Box::pin(async move {
            if rows.save_launch(&key, &launch).await? { Ok(()) } else { Err(Error::NoSuchGroup(key.group)) }
        })
    })
    .await
}
