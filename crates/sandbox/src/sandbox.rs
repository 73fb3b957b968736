//! The sandbox: a cloud, and a control path into it for other processes.

use std::io;
use std::net::Ipv4Addr;
use std::ops::Deref;
use std::sync::Arc;

use anyhow::Context as _;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use crate::cloud::Cloud;
use crate::control;
use crate::plan::Plan;

/// A running sandbox: a [`Cloud`] with a control path. Dropped, it stops.
pub struct Sandbox {
    cloud: Arc<Cloud>,
    control_url: String,
    _control: AbortOnDropHandle<io::Result<()>>,
}

impl Sandbox {
    /// Starts a cloud on free loopback ports, and returns when the servers of all groups are booted. As
    /// a connection through it takes four file descriptors of this process, the soft limit on them is
    /// raised to the hard one.
    ///
    /// # Errors
    /// When no more ports or file descriptors are to be had, or the plan contradicts itself.
    pub async fn start(plan: Plan) -> anyhow::Result<Self> {
        raise_open_files();
        let cloud = Arc::new(Cloud::start(plan).await?);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free loopback port")?;
        let control_url = format!("http://{}/control", listener.local_addr()?);
        let control = axum::serve(listener, control::routes(Arc::clone(&cloud))).into_future();
        Ok(Self { cloud, control_url, _control: AbortOnDropHandle::new(tokio::spawn(control)) })
    }

    /// The URL of the control path.
    pub fn control_url(&self) -> String {
        self.control_url.clone()
    }

    /// Stops everything and returns when it has stopped.
    pub async fn shutdown(self) {
        self.cloud.stop().await;
    }
}

impl Deref for Sandbox {
    type Target = Cloud;

    fn deref(&self) -> &Cloud {
        &self.cloud
    }
}

fn raise_open_files() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, ?current, "cannot raise the limit on open files");
    }
}
