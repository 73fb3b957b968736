//! The command `check`: tries each part by itself, so that one which fails hides no other. What it lets pass
//! `serve` starts with.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

use anyhow::{Context, bail, ensure};
use otter::balancer::Haproxy;
use otter::settings::{BalancerSettings, LauncherSettings, Settings};
use otter::store::{Inspection, Sqlite};

use crate::tables;

/// Prints a table of the parts; `file` is where the settings came from.
///
/// # Errors
/// When a part is not well.
pub(crate) async fn run(settings: &Settings, file: String) -> anyhow::Result<()> {
    let database = Sqlite::inspect(&settings.database).await;
    let sealed = database.as_ref().map_or(0, |seen| seen.webhooks);
    let mut rows = vec![
        ("settings", Ok(file)),
        ("listen", check_listen(settings)),
        ("database", database.map(|seen| tell(settings, &seen)).map_err(Into::into)),
        ("key", otter::key::check(settings, sealed)),
        ("auth", otter::auth::check(settings).await),
        ("launcher", check_launcher(settings)),
        ("balancer", check_balancer(settings).await),
    ];
    if let Some(admin) = settings.admin_listen {
        rows.insert(2, ("admin_listen", check_admin_listen(settings, admin)));
    }
    show(rows)
}

fn show(rows: Vec<(&str, anyhow::Result<String>)>) -> anyhow::Result<()> {
    let failed = rows.iter().filter(|(_, result)| result.is_err()).count();
    let shown: Vec<_> = rows
        .into_iter()
        .map(|(part, result)| match result {
            Ok(details) => [part.to_owned(), "ok".to_owned(), details],
            Err(error) => [part.to_owned(), "FAILED".to_owned(), format!("{error:#}")],
        })
        .collect();
    tables::print(&tables::aligned(&shown))?;
    if failed > 0 { bail!("{failed} of {} are not well", shown.len()) } else { Ok(()) }
}

fn check_listen(settings: &Settings) -> anyhow::Result<String> {
    otter::auth::check_listener(settings.auth, settings.listen)?;
    bindable(settings.listen)
}

fn check_admin_listen(settings: &Settings, admin: SocketAddr) -> anyhow::Result<String> {
    ensure!(admin != settings.listen, "{admin} is the API's own: give the operator another port");
    bindable(admin)
}

/// An address that somebody listens on is no fault: the service may be running.
fn bindable(address: SocketAddr) -> anyhow::Result<String> {
    match TcpListener::bind(address) {
        Ok(_) => Ok(address.to_string()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            Ok(format!("{address}, in use now: by a running service?"))
        }
        Err(error) => Err(error).with_context(|| format!("cannot listen on {address}")),
    }
}

/// `serve` makes a database that is not there and brings its schema up to date: neither is a fault.
fn tell(settings: &Settings, seen: &Inspection) -> String {
    let (database, missing) = (&settings.database, seen.missing.len());
    match (seen.there, missing) {
        (false, _) => format!("{database}, to be made at the first start"),
        (true, 0) => database.clone(),
        (true, _) => format!("{database}, {missing} steps behind"),
    }
}

fn check_launcher(settings: &Settings) -> anyhow::Result<String> {
    match &settings.launcher {
        None => bail!("launcher: is required"),
        Some(LauncherSettings::Simulated(_)) => Ok("simulated".to_owned()),
        Some(LauncherSettings::Process(process)) => process.check(),
    }
}

async fn check_balancer(settings: &Settings) -> anyhow::Result<String> {
    match &settings.balancer {
        BalancerSettings::None => Ok("none".to_owned()),
        BalancerSettings::Haproxy(haproxy) => {
            Haproxy::new(haproxy.clone()).check().await?;
            Ok(format!("haproxy at {}", haproxy.socket.display()))
        }
    }
}
