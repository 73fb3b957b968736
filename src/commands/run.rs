//! Passes: one from cron, or on and on with `--interval`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::Instant;

use crate::cli::{CommonArgs, RunArgs};
use crate::controller::{Controller, tick_now, timed};
use crate::exit::Exit;
use crate::notifier::{BUDGET, Postman};
use crate::output::Printer;
use crate::record::Record;
use crate::setup::Setup;
use crate::signals::{Asked, Signals};

/// Makes one pass, or passes until a signal asks to stop.
///
/// # Errors
/// Settings or credentials that cannot be used at the start.
pub async fn run(common: &CommonArgs, args: &RunArgs) -> Result<Exit> {
    let mut signals = Signals::listen().context("signals cannot be listened to")?;
    let controller = Setup::load(common)?.controller(args.dry_run)?;
    match args.interval {
        None => {
            let exit =
                pass(&controller, &mut printer(common, &controller), deadline(args, &controller)).await;
            // All is written and told; what cannot be sent now is sent by a later pass.
            controller.notices.send(Some(Instant::now() + BUDGET)).await;
            Ok(exit)
        }
        Some(interval) => {
            passes(common, args, controller, interval, &mut signals).await;
            Ok(Exit::Done)
        }
    }
}

async fn passes(
    common: &CommonArgs,
    args: &RunArgs,
    mut controller: Controller,
    interval: Duration,
    signals: &mut Signals,
) {
    let mut printer = printer(common, &controller);
    let mut postman = Postman::employ(Arc::clone(&controller.notices));
    let mut ticks = timed::ticks(interval);
    while !printer.closed() {
        tokio::select! {
            biased;
            asked = signals.next() => match asked {
                Asked::Stop => break,
                Asked::Reload => {
                    reload(common, args, &mut controller, &mut printer);
                    postman = Postman::employ(Arc::clone(&controller.notices));
                }
            },
            _ = ticks.tick() => {
                pass(&controller, &mut printer, deadline(args, &controller)).await;
            }
        }
    }
    postman.retire().await;
}

async fn pass(controller: &Controller, printer: &mut Printer, deadline: Duration) -> Exit {
    let mut exit = Exit::Done;
    let tell = |record: &Record| {
        printer.record(record);
        exit = exit.max(Exit::of(record));
    };
    controller.tick(tick_now(deadline), tell).await;
    exit
}

/// Takes the settings as they are now; if they cannot be used, keeps the old ones and says so.
fn reload(common: &CommonArgs, args: &RunArgs, controller: &mut Controller, printer: &mut Printer) {
    match Setup::load(common).and_then(|setup| setup.controller(args.dry_run)) {
        Ok(new) => {
            *controller = new;
            *printer = self::printer(common, controller);
            tracing::warn!("settings reloaded, {} groups", controller.groups.len());
        }
        Err(error) => {
            tracing::error!("the settings were not reloaded, the old ones stay in force: {error:#}")
        }
    }
}

fn printer(common: &CommonArgs, controller: &Controller) -> Printer {
    Printer::new(common.json, controller.groups.iter().map(|group| group.name.as_str()))
}

/// How long a pass may take: what was asked for, else 30 s and a quarter of a second a group, which is what
/// the services' documented rates take for a balancer a group; never longer than the interval.
fn deadline(args: &RunArgs, controller: &Controller) -> Duration {
    let groups = u32::try_from(controller.groups.len()).unwrap_or(u32::MAX);
    let usual = Duration::from_secs(30) + Duration::from_millis(250).saturating_mul(groups);
    let asked = args.deadline.unwrap_or(usual);
    args.interval.map_or(asked, |interval| asked.min(interval))
}
