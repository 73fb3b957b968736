//! What can be typed. The doc comments here are the help.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::parser::ValueSource;
use clap::{ArgMatches, Parser};
use url::Url;

/// Answer `Beat` after trying a database, a cache and a disk, each only if it is named.
///
/// The page is at every path. `Server-Timing` says how long each part took; 503 names the part that failed.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Args {
    /// Where to listen.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Read a random row here: postgres://user@host/name or sqlite://path. A table `heartbeat` is made there if
    /// there is none. A URL with a password belongs into the variable, since everybody can see what is typed.
    #[arg(long, value_name = "URL", env = "HEARTBEAT_DATABASE", hide_env_values = true)]
    pub(crate) database: Option<String>,
    /// Get a key here, and set it when it is absent: redis://host:6379 or redis+unix:///path.
    #[arg(long, value_name = "URL", env = "HEARTBEAT_CACHE", hide_env_values = true)]
    pub(crate) cache: Option<String>,
    /// Write a temporary file in this folder, sync it and read it back.
    #[arg(long, value_name = "DIR")]
    pub(crate) disk: Option<PathBuf>,
    /// A part that takes longer than this has failed, in milliseconds.
    #[arg(long, value_name = "MS", default_value = "5000", value_parser = milliseconds)]
    pub(crate) timeout: Duration,
}

impl Args {
    /// The command line of a process can be read by everybody on the machine.
    pub(crate) fn refuse_typed_secrets(&self, matches: &ArgMatches) -> Result<()> {
        for (name, url) in [("database", &self.database), ("cache", &self.cache)] {
            let typed = matches.value_source(name) == Some(ValueSource::CommandLine);
            if typed && url.as_deref().is_some_and(holds_password) {
                bail!(
                    "--{name} holds a password, which everybody on this machine can see; set HEARTBEAT_{} instead",
                    name.to_uppercase()
                );
            }
        }
        Ok(())
    }
}

/// A text that is no URL is refused later on, without being repeated.
fn holds_password(url: &str) -> bool {
    // As sqlx and redis name it.
    let names_it = |url: &Url| url.query_pairs().any(|(key, _)| matches!(&*key, "password" | "pass"));
    Url::parse(url).is_ok_and(|url| url.password().is_some() || names_it(&url))
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("it must be a whole number of milliseconds, at least 1".to_owned()),
        Ok(number) => Ok(Duration::from_millis(number)),
    }
}
