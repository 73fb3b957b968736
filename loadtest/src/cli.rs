//! The command line: a few options of our own, and all of Goose's.

use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser};
use goose::config::GooseConfiguration;

use crate::staircase::Staircase;

/// Drives a host through its load balancer with a number of users.
///
/// Each user holds one connection, asks for each path in turn, and thinks between two requests. Users
/// come one after the other until all are there (--increase-time), and stay for --run-time; or they come in
/// steps (--staircase), to find out what the host carries well.
#[derive(Parser)]
#[command(name = "loadtest", disable_version_flag = true)]
pub(crate) struct Cli {
    /// Read what is not given here from a TOML file.
    #[arg(long, value_name = "FILE", help_heading = "Scenario")]
    pub(crate) file: Option<PathBuf>,

    /// A path that users ask for; repeatable [default: /]
    #[arg(long = "path", value_name = "PATH", help_heading = "Scenario")]
    pub(crate) paths: Vec<String>,

    /// How long a user thinks between requests: 500ms, or anything from 1s..3s [default: 1s]
    #[arg(long, value_name = "TIME", help_heading = "Scenario")]
    pub(crate) think_time: Option<String>,

    /// Users in steps, such as 4..40:4, each for --step-time; writes --samples.
    #[arg(
        long,
        value_name = "FROM..TO:STEP",
        help_heading = "Staircase",
        conflicts_with_all = [
            "users", "increase_rate", "increase_time", "run_time", "decrease_rate", "decrease_time", "iterations",
            "test_plan",
        ]
    )]
    pub(crate) staircase: Option<Staircase>,

    /// How long each step is, in whole seconds [default: 30s]
    #[arg(long, value_name = "TIME", help_heading = "Staircase")]
    pub(crate) step_time: Option<String>,

    /// Write what each interval was like to a CSV file, for `loadscale calibrate` [default with
    /// --staircase: samples.csv]
    #[arg(long, value_name = "FILE", help_heading = "Staircase")]
    pub(crate) samples: Option<PathBuf>,

    /// How long an interval is [default: 3s]
    #[arg(long, value_name = "TIME", help_heading = "Staircase")]
    pub(crate) sample_interval: Option<String>,

    /// Let Goose's telnet and WebSocket controllers listen.
    #[arg(long, help_heading = "Scenario")]
    pub(crate) controllers: bool,

    #[command(flatten)]
    pub(crate) goose: GooseConfiguration,
}

/// What was typed.
pub(crate) struct Typed {
    pub(crate) cli: Cli,
    matches: ArgMatches,
}

/// Reads the command line; help and what is wrong end the program, as clap does it.
pub(crate) fn parse() -> Typed {
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    Typed { cli, matches }
}

impl Typed {
    /// Whether some of these options were typed.
    pub(crate) fn any(&self, options: &[&str]) -> bool {
        let typed = |option: &&str| self.matches.value_source(option) == Some(ValueSource::CommandLine);
        options.iter().any(typed)
    }
}
