//! The program `loadscale`: parse, run, print the error chain, exit.

use std::process::ExitCode;

use clap::Parser;
use loadscale::cli::Cli;
use loadscale::{commands, exit, logging};

fn main() -> ExitCode {
    let cli = Cli::parse();
    logging::start(&cli.common);
    // The process-wide TLS provider must be named before the first client: goose and sqlx bring their own.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match commands::run(&cli) {
        Ok(exit) => exit.into(),
        Err(error) => {
            logging::fatal(&cli.common, &error);
            exit::of_error(&error).into()
        }
    }
}
