//! The commands that work on this machine: serve, migrate, and what all of them begin with.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use otter::balancer::{Balancer, Haproxy, Memory};
use otter::clock::{Clock, SystemClock};
use otter::launcher::{Launcher, Process, Simulated};
use otter::settings::{self, BalancerSettings, LauncherSettings, Settings};
use otter::store::{Durability, Sqlite, Store};
use otter::{App, Parts};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command, Common};
use crate::{check, operate, tables};

/// The settings file that is taken if none is named.
const SETTINGS: &str = "otter.toml";
/// A key that systemd hands over (LoadCredential=otter.key).
const CREDENTIAL: &str = "otter.key";

pub(crate) async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Serve(common) => serve(&common).await,
        Command::Migrate { common, check } => migrate(&common, check).await,
        Command::Check(common) => check::run(&load(&common)?, source(&common)).await,
        Command::Groups { remote, group: Some(group), .. } => operate::group(&remote, &group).await,
        Command::Groups { deleting: true, admin, .. } => operate::deleting(&admin).await,
        Command::Groups { remote, .. } => operate::groups(&remote).await,
        Command::History { remote, group, lines } => operate::history(&remote, &group, lines).await,
        Command::Suspend { admin, tenant } => operate::suspend(&admin, &tenant, true).await,
        Command::Reinstate { admin, tenant } => operate::suspend(&admin, &tenant, false).await,
        Command::Converge { remote, group, deleting: true, admin } => {
            operate::hurry_deletion(&admin, &remote.tenant, &group).await
        }
        Command::Converge { remote, group, .. } => operate::converge(&remote, &group).await,
    }
}

/// The settings file that was named, or the one that lies here.
fn settings_file(common: &Common) -> Option<PathBuf> {
    common.settings.clone().or_else(|| Some(PathBuf::from(SETTINGS)).filter(|path| path.exists()))
}

/// Where the settings come from, for a person.
fn source(common: &Common) -> String {
    settings_file(common).map_or("no file: defaults".to_owned(), |path| path.display().to_string())
}

/// The settings file, overridden by what was typed.
fn load(common: &Common) -> anyhow::Result<Settings> {
    let mut settings = match &settings_file(common) {
        Some(path) => read(path)?,
        None => Settings::default(),
    };
    if let Some(listen) = common.listen {
        settings.listen = listen;
    }
    if let Some(database) = &common.database {
        settings.database.clone_from(database);
    }
    settings.key_file = settings.key_file.or_else(|| otter::handed_over(CREDENTIAL));
    Ok(settings)
}

fn read(path: &Path) -> anyhow::Result<Settings> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    settings::read(&text).map_err(|troubles| {
        let told: Vec<_> = troubles.iter().map(|trouble| format!("{}: {trouble}", path.display())).collect();
        anyhow::anyhow!("the settings are wrong:\n{}", told.join("\n"))
    })
}

async fn serve(common: &Common) -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    let mut settings = load(common)?;
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("cannot listen on {}", settings.listen))?;
    // With port 0 the links have to name the port that it became.
    settings.listen = listener.local_addr()?;
    let stop = CancellationToken::new();
    tokio::spawn(signals(stop.clone()));
    let app = App::start(parts(settings).await?).await?;
    let admin = app.settings().admin_listen;
    if let Some(address) = admin {
        let listener =
            TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        tokio::spawn(serve_admin(listener, app.clone()));
    }
    tracing::info!(url = app.public_url(), "serving");
    otter::serve(listener, app, stop.cancelled_owned()).await?;
    tracing::info!("stopped");
    Ok(())
}

async fn serve_admin(listener: TcpListener, app: App) {
    if let Err(error) = axum::serve(listener, otter::admin_router(app)).await {
        tracing::error!(%error, "the operator's listener has failed");
    }
}

/// Waits for SIGTERM or SIGINT.
async fn signals(stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            stop.cancel();
        }
        Err(error) => tracing::error!(%error, "signals cannot be listened to; end the process to stop it"),
    }
}

async fn parts(settings: Settings) -> anyhow::Result<Parts> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let launcher = launcher(&settings, &clock).await?;
    let balancer = balancer(&settings);
    Ok(Parts { settings, clock, launcher, balancer })
}

async fn launcher(settings: &Settings, clock: &Arc<dyn Clock>) -> anyhow::Result<Arc<dyn Launcher>> {
    Ok(match &settings.launcher {
        Some(LauncherSettings::Process(process)) => Arc::new(Process::start(process.clone()).await?),
        Some(LauncherSettings::Simulated(simulated)) => {
            Arc::new(Simulated::new(Arc::clone(clock), simulated.boot_delay))
        }
        None => bail!("launcher: is required, such as launcher = {{ kind = \"simulated\" }} in {SETTINGS}"),
    })
}

fn balancer(settings: &Settings) -> Arc<dyn Balancer> {
    match &settings.balancer {
        BalancerSettings::None => Arc::new(Memory::default()),
        BalancerSettings::Haproxy(haproxy) => Arc::new(Haproxy::new(haproxy.clone())),
    }
}

async fn migrate(common: &Common, check: bool) -> anyhow::Result<()> {
    let settings = load(common)?;
    if check {
        let missing = Sqlite::inspect(&settings.database).await?.missing;
        tables::print(&missing)?;
        if !missing.is_empty() {
            bail!("{} steps are missing; run: otter migrate", missing.len());
        }
        return Ok(());
    }
    let store = Sqlite::open(&settings.database, Durability::Full).await?;
    store.close().await;
    Ok(tables::print(&["the schema is up to date".to_owned()])?)
}
