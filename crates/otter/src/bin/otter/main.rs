//! The program `otter`: parse, run, tell what went wrong.

mod check;
mod cli;
mod client;
mod commands;
mod operate;
mod tables;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    // An error means that a provider is there already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match commands::run(cli::Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tables::complain(&format!("otter: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
