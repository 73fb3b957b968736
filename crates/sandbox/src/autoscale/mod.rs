//! Autoscale: the real service of this workspace, with the sandbox's compute and balancers behind it.

mod balancer;
mod groups;
mod launcher;

use std::sync::Arc;

use otter::settings::{Auth, Converge, Limits, Settings};
use otter::{App, Parts};

use crate::balancer::LoadBalancers;
use crate::clock::MovableClock;
use crate::compute::Compute;
use crate::plan::Plan;

pub(crate) use groups::Founder;
pub use groups::Group;

/// What Autoscale is started with.
pub(crate) struct Behind {
    pub(crate) clock: Arc<MovableClock>,
    pub(crate) compute: Arc<Compute>,
    /// The URL that links to servers start with.
    pub(crate) compute_url: String,
    pub(crate) load_balancers: LoadBalancers,
    /// The URL that Autoscale's own links start with.
    pub(crate) public_url: String,
}

/// Starts the service, with its groups in memory.
///
/// # Errors
/// When its store cannot be opened.
pub(crate) async fn start(plan: &Plan, behind: Behind) -> anyhow::Result<App> {
    let launcher = launcher::Launch { compute: behind.compute, url: behind.compute_url };
    App::start(Parts {
        settings: settings(plan, behind.public_url),
        clock: behind.clock,
        launcher: Arc::new(launcher),
        balancer: Arc::new(balancer::Balance(behind.load_balancers)),
    })
    .await
}

fn settings(plan: &Plan, public_url: String) -> Settings {
    let limits = Limits::default();
    Settings {
        public_url: Some(public_url),
        database: "sqlite::memory:".to_owned(),
        // The sandbox checks tokens before a request gets here, as a proxy did for the original.
        auth: Auth::None,
        limits: Limits {
            rates: false,
            max_groups: limits.max_groups.max(plan.groups.len() as u64),
            ..limits
        },
        converge: Converge::default(),
        ..Settings::default()
    }
}
