//! HAProxy through its runtime socket: a balancer is a backend, a node is a server of it.
//!
//! Nodes are made and removed while HAProxy runs (`add server`, `del server`; HAProxy 2.6 and later),
//! so the backend needs an algorithm that allows it, such as `balance roundrobin`. What is in
//! HAProxy's own configuration file is left alone unless it has the address of one of our servers.
//! Commands and columns: HAProxy's management guide, sections 9.1 and 9.3.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use csv::StringRecord;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::{Balancer, Condition, Fault, NewNode, Node, Pool};

/// How long HAProxy may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer that is read.
const LONGEST: u64 = 16 << 20;
/// How often a node is asked to go while its last connections are being closed, and the pause between.
const GOODBYES: u32 = 20;
const GOODBYE: Duration = Duration::from_millis(50);

/// The command that shows all backends with their nodes.
const STATISTICS: &str = "show stat";
/// What every node weighs.
const WEIGHT: &str = "1";

/// Where HAProxy is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HaproxySettings {
    /// Its runtime socket, with `level admin`.
    pub socket: PathBuf,
}

impl Default for HaproxySettings {
    /// Where Debian's package puts it.
    fn default() -> Self {
        Self { socket: PathBuf::from("/run/haproxy/admin.sock") }
    }
}

/// A HAProxy.
pub struct Haproxy {
    settings: HaproxySettings,
}

impl Haproxy {
    /// One at this socket; it is first talked to when it is first needed.
    pub fn new(settings: HaproxySettings) -> Self {
        Self { settings }
    }

    /// Whether it answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn check(&self) -> Result<(), Fault> {
        self.ask("show info").await.map(|_| ())
    }

    /// Sends one command and reads the whole answer.
    async fn ask(&self, command: &str) -> Result<String, Fault> {
        let talk = async {
            let mut socket = UnixStream::connect(&self.settings.socket).await?;
            socket.write_all(format!("{command}\n").as_bytes()).await?;
            let mut answer = String::new();
            socket.take(LONGEST).read_to_string(&mut answer).await?;
            Ok::<_, io::Error>(answer)
        };
        let path = self.settings.socket.display();
        match timeout(PATIENCE, talk).await {
            // Even an answer that says nothing is a line; nothing at all comes from a process that is just ending.
            Ok(Ok(answer)) if !answer.ends_with('\n') => Err(cut_off(command)),
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Fault::Retryable(format!("HAProxy at {path} cannot be asked: {error}"))),
            Err(_) => Err(Fault::Retryable(format!("HAProxy at {path} does not answer"))),
        }
    }

    /// Sends a command that says nothing when it succeeds, or one of these.
    async fn tell(&self, command: &str, success: &[&str]) -> Result<(), Fault> {
        let answer = self.ask(command).await?;
        let answer = answer.trim();
        if answer.is_empty() || success.iter().any(|word| answer.contains(word)) {
            return Ok(());
        }
        Err(read_refusal(command, answer))
    }

    async fn set_state(&self, balancer: &str, node: &str, state: &str) -> Result<(), Fault> {
        self.tell(&format!("set server {balancer}/{node} state {state}"), &[]).await
    }

    async fn add_one(&self, balancer: &str, node: &NewNode) -> Result<(), Fault> {
        let (address, port) = (checked(&node.address)?, node.port);
        let id = format!("otter-{}-{port}", address.replace(':', "_"));
        let add = format!("add server {balancer}/{id} {address}:{port} weight {WEIGHT}");
        self.tell(&add, &["New server registered"]).await?;
        // A new server is in maintenance until it is told otherwise.
        self.set_state(balancer, &id, word(node.condition)).await
    }

    async fn remove_one(&self, balancer: &str, node: &str) -> Result<(), Fault> {
        self.set_state(balancer, node, "maint").await?;
        self.tell(&format!("shutdown sessions server {balancer}/{node}"), &[]).await?;
        let mut refused = Ok(());
        // Sessions end a moment after they are told to.
        for _ in 0..GOODBYES {
            refused = self.tell(&format!("del server {balancer}/{node}"), &["Server deleted"]).await;
            if !matches!(refused, Err(Fault::Retryable(_))) {
                break;
            }
            tokio::time::sleep(GOODBYE).await;
        }
        refused
    }
}

/// A name that HAProxy takes as it is; anything else could be a second command.
fn checked(name: &str) -> Result<&str, Fault> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    if !name.is_empty() && name.chars().all(plain) {
        return Ok(name);
    }
    Err(Fault::Gone(format!("Backend {name:?} of HAProxy")))
}

fn cut_off(command: &str) -> Fault {
    Fault::Retryable(format!("HAProxy breaks off in its answer to {:?}", verb(command)))
}

/// What a command does, without what it does that to.
fn verb(command: &str) -> String {
    command.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

fn read_refusal(command: &str, answer: &str) -> Fault {
    let lower = answer.to_lowercase();
    if lower.contains("no such") || lower.contains("not found") || lower.contains("can't find") {
        return Fault::Gone(answer.to_owned());
    }
    let passing = ["still has connections", "already exists", "in maintenance mode"];
    if passing.iter().any(|word| lower.contains(word)) {
        return Fault::Retryable(format!("HAProxy: {answer}"));
    }
    Fault::Terminal(format!("HAProxy refuses to {}: {answer}", verb(command)))
}

/// The nodes of a backend in the answer to `show stat`: CSV with a header, ended by an empty line.
///
/// A backend is not there only if the whole answer does not have it: servers whose backend is gone have no
/// connections to lose.
fn read_pool(answer: &str, backend: &str) -> Result<Pool, Fault> {
    let cut_off = || cut_off(STATISTICS);
    let text = answer.strip_prefix("# ").filter(|text| text.ends_with("\n\n")).ok_or_else(cut_off)?;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|_| cut_off())?.clone();
    let column = |name: &str| {
        let found = header.iter().position(|there| there == name);
        let missing =
            || format!("HAProxy's statistics have no column {name}; version 2.6 or later is needed");
        found.ok_or_else(|| Fault::Terminal(missing()))
    };
    let (proxy, server) = (column("pxname")?, column("svname")?);
    let columns = Columns {
        status: column("status")?,
        weight: column("uweight")?,
        open: column("scur")?,
        address: column("addr")?,
    };
    let mut pool = Pool::default();
    let mut known = false;
    for row in reader.records() {
        let row = row.map_err(|_| cut_off())?;
        if row.get(proxy) == Some(backend) {
            let name = row.get(server).unwrap_or_default();
            known |= name == "BACKEND";
            pool.nodes.extend(read_node(name, &row, &columns));
        }
    }
    if known { Ok(pool) } else { Err(Fault::Gone(format!("Backend {backend} of HAProxy"))) }
}

/// Where the columns of a node are.
struct Columns {
    status: usize,
    weight: usize,
    open: usize,
    address: usize,
}

/// A row of the statistics; `None` for what has no address with a port, such as the sum of a backend.
fn read_node(name: &str, row: &StringRecord, columns: &Columns) -> Option<Node> {
    let (host, port) = row.get(columns.address)?.rsplit_once(':')?;
    let status = row.get(columns.status).unwrap_or_default();
    Some(Node {
        id: name.to_owned(),
        address: host.to_owned(),
        port: port.parse().ok()?,
        condition: read_condition(status),
        online: !status.starts_with("DOWN"),
        ordinary: row.get(columns.weight) == Some(WEIGHT),
        connections: row.get(columns.open).and_then(|open| open.parse().ok()),
    })
}

fn read_condition(status: &str) -> Condition {
    match status.split([' ', '(']).next().unwrap_or_default() {
        "DRAIN" => Condition::Draining,
        "MAINT" => Condition::Disabled,
        _ => Condition::Enabled,
    }
}

fn word(condition: Condition) -> &'static str {
    match condition {
        Condition::Enabled => "ready",
        Condition::Draining => "drain",
        Condition::Disabled => "maint",
    }
}

#[async_trait]
impl Balancer for Haproxy {
    async fn pool(&self, _tenant: &str, balancer: &str) -> Result<Pool, Fault> {
        let balancer = checked(balancer)?;
        read_pool(&self.ask(STATISTICS).await?, balancer)
    }

    async fn add(&self, _tenant: &str, balancer: &str, nodes: &[NewNode]) -> Result<(), Fault> {
        let balancer = checked(balancer)?;
        for node in nodes {
            self.add_one(balancer, node).await?;
        }
        Ok(())
    }

    async fn change(
        &self,
        _tenant: &str,
        balancer: &str,
        node: &str,
        condition: Condition,
    ) -> Result<(), Fault> {
        let (balancer, node) = (checked(balancer)?, checked(node)?);
        self.tell(&format!("set server {balancer}/{node} weight {WEIGHT}"), &[]).await?;
        self.set_state(balancer, node, word(condition)).await
    }

    async fn remove(&self, _tenant: &str, balancer: &str, nodes: &[String]) -> Result<(), Fault> {
        let balancer = checked(balancer)?;
        for node in nodes {
            match self.remove_one(balancer, checked(node)?).await {
                Err(Fault::Gone(_)) | Ok(()) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
