//! `loadscale sandbox`: the local cloud, served until stopped.

use anyhow::{Context, Result};
use sandbox::{Plan, Sandbox};

use crate::cli::CommonArgs;
use crate::exit::Exit;
use crate::files::{self, Durability};
use crate::output::Printer;
use crate::setup;
use crate::signals::{Asked, Signals};

/// Serves a cloud, prints where it is, and writes settings and credentials that fit it.
///
/// # Errors
/// When the cloud cannot be started or the files cannot be written.
pub async fn run(common: &CommonArgs) -> Result<Exit> {
    let mut signals = Signals::listen().context("signals cannot be listened to")?;
    let cloud = Sandbox::start(Plan::default()).await?;
    let folder = setup::state_dir(common)?.join("sandbox");
    let (settings, credentials) = (folder.join("settings.toml"), folder.join("credentials"));
    let write = |path, text: String| {
        files::replace(path, text.as_bytes(), Durability::Cache)
            .with_context(|| format!("{} cannot be written", path.display()))
    };
    write(&credentials, cloud.credentials())?;
    write(&settings, cloud.settings_toml(&credentials))?;
    let mut printer = Printer::new(common.json, []);
    let urls = [
        ["identity v2.0".to_owned(), cloud.identity_url()],
        ["identity v3".to_owned(), cloud.keystone_url()],
        ["load balancers".to_owned(), cloud.load_balancer_url()],
        ["autoscale".to_owned(), cloud.autoscale_url()],
        ["compute".to_owned(), cloud.compute_url()],
        ["heroku".to_owned(), cloud.heroku_url()],
        ["heroku app's page".to_owned(), cloud.page_url()],
        ["control".to_owned(), cloud.control_url()],
        ["settings".to_owned(), settings.display().to_string()],
    ];
    if common.json {
        printer.json_line(
            &urls.into_iter().map(|[name, url]| (name, url)).collect::<std::collections::BTreeMap<_, _>>(),
        );
    } else {
        printer.table(&urls);
        printer.line(&format!(
            "\nTry: loadscale --settings {} --dry-run\nStop with Ctrl-C.",
            settings.display()
        ));
    }
    while signals.next().await != Asked::Stop {}
    cloud.shutdown().await;
    Ok(Exit::Done)
}
