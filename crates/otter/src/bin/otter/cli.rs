//! What can be typed; the comments are the help.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// The Autoscale v1.0 service on one machine.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve the API until stopped
    Serve(Common),
    /// Bring the database's schema up to date; `serve` does it by itself
    Migrate {
        #[command(flatten)]
        common: Common,
        /// Only say what is missing; the exit status is 1 if something is
        #[arg(long)]
        check: bool,
    },
    /// Try out settings, listeners, database, key, who may call, launcher and balancer; a table, and 0 only if all is well
    Check(Common),
    /// List a tenant's groups, or show one of them
    Groups {
        #[command(flatten)]
        remote: Remote,
        /// Only this group
        group: Option<String>,
        /// Groups of all tenants that are being deleted, from the operator's listener
        #[arg(long, conflicts_with = "group")]
        deleting: bool,
        #[command(flatten)]
        admin: Admin,
    },
    /// Show who or what changed a group's desired capacity, the newest first
    History {
        #[command(flatten)]
        remote: Remote,
        /// The group
        group: String,
        /// So many lines
        #[arg(long, default_value_t = 20)]
        lines: u32,
    },
    /// Suspend a tenant: its groups keep their servers and refuse to change their number
    Suspend {
        #[command(flatten)]
        admin: Admin,
        /// The tenant
        tenant: String,
    },
    /// Take a tenant's suspension back
    Reinstate {
        #[command(flatten)]
        admin: Admin,
        /// The tenant
        tenant: String,
    },
    /// Have a group converged now
    Converge {
        #[command(flatten)]
        remote: Remote,
        /// The group
        group: String,
        /// A group that is being deleted, over the operator's listener
        #[arg(long)]
        deleting: bool,
        #[command(flatten)]
        admin: Admin,
    },
}

#[derive(Args)]
pub(crate) struct Common {
    /// The settings file; ./otter.toml if there is one
    #[arg(short, long, env = "OTTER_SETTINGS")]
    pub(crate) settings: Option<PathBuf>,
    /// Listen here
    #[arg(long, env = "OTTER_LISTEN")]
    pub(crate) listen: Option<SocketAddr>,
    /// Use this database
    #[arg(long, env = "OTTER_DATABASE")]
    pub(crate) database: Option<String>,
}

#[derive(Args)]
pub(crate) struct Remote {
    /// The service
    #[arg(long, env = "OTTER_URL", default_value = "http://127.0.0.1:9000")]
    pub(crate) url: String,
    /// The tenant
    #[arg(long, env = "OTTER_TENANT", default_value = "default")]
    pub(crate) tenant: String,
    /// The token, if the service asks for one; better in the environment than on the command line
    #[arg(long, env = "OTTER_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
}

#[derive(Args)]
pub(crate) struct Admin {
    /// The operator's listener (`admin_listen` in the settings)
    #[arg(long, value_name = "URL", env = "OTTER_ADMIN_URL", default_value = "http://127.0.0.1:9001")]
    pub(crate) admin_url: String,
}
