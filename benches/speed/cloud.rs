//! The sandbox in a process of its own, and what is told to it from here.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use loadscale::files::{self, Durability};
use sandbox::{Plan, Sandbox};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::{Connection, Request};

/// The word that makes this program the sandbox.
pub(crate) const SERVE: &str = "serve";

/// Where the services are, as one process tells the other.
#[derive(Serialize, Deserialize)]
pub(crate) struct Places {
    pub(crate) load_balancer: String,
    pub(crate) autoscale: String,
    control: String,
    settings: PathBuf,
}

/// Serves a crowd of groups until the other end of our input is closed.
pub(crate) fn serve(groups: usize, balancers: usize, folder: &Path) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let cloud = Sandbox::start(Plan::crowd(groups, balancers)).await?;
        let (settings, credentials) = (folder.join("settings.toml"), folder.join("credentials"));
        files::replace(&credentials, cloud.credentials().as_bytes(), Durability::Cache)?;
        let text = cloud.settings_toml(&credentials) + UNLIMITED;
        files::replace(&settings, text.as_bytes(), Durability::Cache)?;
        let places = Places {
            load_balancer: cloud.load_balancer_url(),
            autoscale: cloud.autoscale_url(),
            control: cloud.control_url(),
            settings,
        };
        println!("{}", serde_json::to_string(&places)?);
        tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await??;
        cloud.shutdown().await;
        Ok(())
    })
}

/// The services' documented rates would be all that is measured.
const UNLIMITED: &str =
    "\n[cloud.rates]\nautoscale = \"unlimited\"\nload_balancer = \"unlimited\"\ncompute = \"unlimited\"\n";

/// A sandbox; dropped, it ends with all its files.
pub(crate) struct Cloud {
    pub(crate) places: Places,
    pub(crate) folder: TempDir,
    process: Child,
}

impl Cloud {
    /// A cloud of `groups` groups on `balancers` balancers.
    pub(crate) fn start(groups: usize, balancers: usize) -> Result<Cloud> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let mut process = Command::new(std::env::current_exe()?)
            .args([SERVE, &groups.to_string(), &balancers.to_string()])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the sandbox cannot be started")?;
        let mut line = String::new();
        let output = process.stdout.take().context("the sandbox has no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let places = serde_json::from_str(&line).context("the sandbox did not say where it is")?;
        Ok(Cloud { places, folder, process })
    }

    /// Its settings file.
    pub(crate) fn settings(&self) -> &Path {
        &self.places.settings
    }

    /// Sets the connections that a balancer tells.
    pub(crate) fn set_connections(&self, balancer: &str, connections: u64) -> Result<()> {
        self.control(&format!("/load_balancers/{balancer}"), &json!({ "connections": [connections, 0] }))
            .map(drop)
    }

    /// Delays every answer from now on.
    pub(crate) fn set_latency(&self, delay: &str) -> Result<()> {
        self.control("/latency", &json!({ "delay": delay })).map(drop)
    }

    /// Waits until every server that was ordered runs.
    pub(crate) fn settle(&self) -> Result<()> {
        self.control("/clock", &json!({})).map(drop)
    }

    /// The requests it was sent from the `since`th on, and how many there were in all.
    pub(crate) fn requests(&self, since: u64) -> Result<Asked> {
        let request = Request::get(&format!("{}/requests?since={since}", self.places.control))?;
        Ok(serde_json::from_slice(&self.connection(&request)?.send(&request)?.body)?)
    }

    fn control(&self, path: &str, body: &Value) -> Result<Vec<u8>> {
        let request = Request::post(&format!("{}{path}", self.places.control), body)?;
        Ok(self.connection(&request)?.send(&request)?.body)
    }

    fn connection(&self, request: &Request) -> Result<Connection> {
        Connection::open(request.origin)
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // It ends with its input; nobody is left to be told if it does not.
        let _ended = self.process.wait();
    }
}

/// What the sandbox was asked.
#[derive(Deserialize)]
pub(crate) struct Asked {
    pub(crate) total: u64,
    pub(crate) requests: Vec<OneRequest>,
}

/// One request in the sandbox's log.
#[derive(Deserialize)]
pub(crate) struct OneRequest {
    pub(crate) path: String,
    pub(crate) ask: String,
}

impl Places {
    /// The service that `ask` of the log is put to.
    pub(crate) fn origin(&self, ask: &str) -> Result<SocketAddr> {
        let of_balancers = ["load_balancer", "load_balancer_list", "stats"].contains(&ask);
        let url = if of_balancers { &self.load_balancer } else { &self.autoscale };
        Ok(Request::get(url)?.origin)
    }
}
