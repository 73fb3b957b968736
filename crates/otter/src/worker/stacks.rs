//! Changing the cloud: the steps that are about stacks.

use rand::Rng;
use serde_json::{Map, Value};

use super::effects::gone_is_fine;
use crate::app::App;
use crate::converge::StackStep;
use crate::fault::Fault;
use crate::launcher::{StackOrder, Stacks};
use crate::model::{GroupKey, Launch, tags};

/// Takes one step.
pub(super) async fn take(app: &App, key: &GroupKey, launch: &Launch, step: &StackStep) -> Result<(), Fault> {
    let stacks = app.launcher().stacks().ok_or_else(|| not_offered("no stacks are built here"))?;
    match step {
        StackStep::Create => create(stacks, key, launch).await,
        StackStep::Delete { stack } => {
            tracing::info!(group = key.group, stack, "deleting a stack");
            gone_is_fine(stacks.delete_stack(&key.tenant, stack).await)
        }
        StackStep::Check { stack } => stacks.check_stack(&key.tenant, stack).await,
        StackStep::Mend { stack } | StackStep::Finish { stack } => {
            stacks.update_stack(&key.tenant, stack, ordered(launch)?).await
        }
    }
}

async fn create(stacks: &dyn Stacks, key: &GroupKey, launch: &Launch) -> Result<(), Fault> {
    let tag = tags::of_stack(&key.group);
    let name = format!("{tag}_{:08x}", rand::rng().random::<u32>());
    let order = StackOrder { name, tag, stack: ordered(launch)?.clone() };
    let id = stacks.create_stack(&key.tenant, &order).await?;
    tracing::info!(group = key.group, stack = id, "ordered a stack");
    Ok(())
}

/// What the launch configuration says of stacks.
fn ordered(launch: &Launch) -> Result<&Map<String, Value>, Fault> {
    launch.stack().ok_or_else(|| not_offered("the launch configuration is not about stacks"))
}

fn not_offered(why: &str) -> Fault {
    Fault::Terminal(why.to_owned())
}
