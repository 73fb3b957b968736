//! What can be typed. The doc comments here are the help.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

mod calibrate;
mod replay;

use crate::settings::duration;
pub use calibrate::CalibrateArgs;
pub use replay::{ReplayArgs, Sweep};

/// Scale a fleet on what its load balancer is actually carrying.
///
/// Without a command: one pass over every group, then exit.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = false, after_long_help = EXIT_STATUSES, subcommand_negates_reqs = true)]
pub struct Cli {
    /// What to do instead of passes.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How passes are made.
    #[command(flatten)]
    pub run: RunArgs,
    /// What every command understands.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// The exit statuses, as the long help tells them.
const EXIT_STATUSES: &str = "\
Exit status:
  0   every group was decided: acted, held, or refused by the scaling service's own rules
  1   a group could not be read, had no usable reading, or its action failed or is unknown
  2   usage, settings or credentials file
  3   the cloud refused the sign-in
  75  a group was locked by another pass
The worst wins, in the order 2, 3, 1, 75, 0.";

/// How passes are made.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// Decide and print, change nothing.
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Keep going: a pass every 30s, 5m, 1h, counted from start to start.
    #[arg(short, long, value_name = "DURATION", value_parser = interval)]
    pub interval: Option<Duration>,
    /// A pass gives up after this long [default: 30s and more for many groups, never over the interval].
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub deadline: Option<Duration>,
}

/// What every command understands.
#[derive(Debug, Clone, Args)]
pub struct CommonArgs {
    /// Settings file [default: $LOADSCALE_SETTINGS, ./settings.toml, the user's configuration folder].
    #[arg(short, long, value_name = "FILE", global = true)]
    pub settings: Option<PathBuf>,
    /// Only this group (repeatable).
    #[arg(short, long = "group", value_name = "NAME", global = true)]
    pub groups: Vec<String>,
    /// One JSON record a line on stdout; logs stay on stderr.
    #[arg(long, global = true)]
    pub json: bool,
    /// Where journals and the token are kept [default: the user's state folder].
    #[arg(long, value_name = "DIR", global = true)]
    pub state_dir: Option<PathBuf>,
    /// Say more on stderr (repeatable).
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub verbose: u8,
    /// Say only errors on stderr.
    #[arg(short, long, conflicts_with = "verbose", global = true)]
    pub quiet: bool,
    /// How logs look on stderr.
    #[arg(long, value_enum, default_value_t = LogFormat::Text, global = true, value_name = "FORMAT")]
    pub log_format: LogFormat,
}

/// How logs look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The commands besides passes.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Sign in afresh, look up every name, lint the rules, and show what would be used.
    Check {
        /// Exit with 1 for warnings too.
        #[arg(long)]
        strict: bool,
        /// The interval that passes will be made at, to be checked too.
        #[arg(short, long, value_name = "DURATION", value_parser = interval)]
        interval: Option<Duration>,
    },
    /// Balancer and autoscale data combined, with the last decision.
    Status,
    /// Why a pass decided what it did: what was seen, what was asked, what would have led elsewhere.
    Explain {
        /// The last pass at or before this instant, such as 2026-11-22T04:00:00Z [default: the last one].
        #[arg(long, value_name = "TIME")]
        at: Option<Timestamp>,
    },
    /// What rules would have cost on a recorded load, beside a clairvoyant and known policies.
    Replay(Box<ReplayArgs>),
    /// What one server carries well, from a load test's samples or live groups' journals.
    Calibrate(CalibrateArgs),
    /// Bring over the settings of autoscalebot, of loadscale.py, or of pyrax.
    ///
    /// Takes an autoscale_settings.py, a Django settings file with AUTOSCALE_ names, the settings.py of loadscale.py,
    /// a .pyrax.cfg, or several of these that belong together. Nothing in them is executed.
    Import {
        /// The files.
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// Write the settings here instead of to stdout; the file must not be there yet.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// The environment to take from a .pyrax.cfg [default: the one that pyrax takes].
        #[arg(short, long, value_name = "NAME")]
        environment: Option<String>,
    },
    /// The main job on a local sandbox cloud with real traffic; ends by itself.
    #[cfg(feature = "sandbox")]
    Demo {
        /// An app at Heroku instead, judged by its response time.
        #[arg(long)]
        heroku: bool,
    },
    /// A local cloud to run against, served until stopped.
    #[cfg(feature = "sandbox")]
    Sandbox,
}

fn interval(text: &str) -> Result<Duration, String> {
    match duration::parse(text)? {
        Duration::ZERO => Err("an interval must be longer than nothing".to_owned()),
        interval => Ok(interval),
    }
}
