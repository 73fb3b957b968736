//! `loadscale status`: balancer and autoscale data combined, with the last decision.

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;

use crate::cli::CommonArgs;
use crate::controller::status::Status;
use crate::controller::tick_now;
use crate::exit::Exit;
use crate::model::elapsed;
use crate::output::{Printer, count, load, number};
use crate::record::{Action, Record};
use crate::settings::duration;
use crate::setup::Setup;

const HEADER: [&str; 8] =
    ["GROUP", "LOAD", "CAPACITY", "UTIL", "SERVERS", "NEEDED", "COOLDOWN", "LAST DECISION"];

/// Shows every group as it stands.
///
/// # Errors
/// Settings or credentials that cannot be used.
pub async fn run(common: &CommonArgs) -> Result<Exit> {
    let controller = Setup::load(common)?.controller(true)?;
    let deadline = Duration::from_secs(30);
    let mut printer = Printer::new(common.json, []);
    if common.json {
        let all = controller.status(tick_now(deadline), |status| printer.json_line(status)).await;
        return Ok(exit(&all));
    }
    let all = controller.status(tick_now(deadline), |_| ()).await;
    let mut rows = vec![HEADER.map(str::to_owned)];
    rows.extend(all.iter().map(row));
    printer.table(&rows);
    for status in all.iter().filter(|status| Exit::of(&status.now) != Exit::Done) {
        printer.line(&format!("{}: {}", status.now.group, status.now.explanation));
    }
    Ok(exit(&all))
}

fn exit(all: &[Status]) -> Exit {
    Exit::worst(all.iter().map(|status| &status.now))
}

fn row(status: &Status) -> [String; 8] {
    let Status { now, cooldown_left_seconds, last } = status;
    let servers = &now.servers;
    [
        now.group.clone(),
        load(now),
        number(now.capacity),
        now.utilization.map_or("-".to_owned(), |u| format!("{u:.2}")),
        format!(
            "{} serving, {} active, {} desired ({}..{})",
            count(servers.serving),
            count(servers.active),
            count(servers.desired),
            count(servers.min),
            count(servers.max)
        ),
        count(now.needed),
        cooldown_left_seconds
            .map_or("-".to_owned(), |left| duration::show(Duration::from_secs(left.ceil() as u64))),
        last.as_ref().map_or("none yet".to_owned(), |last| decision(last, now.time)),
    ]
}

fn decision(last: &Record, now: Timestamp) -> String {
    let what = match (last.action, last.desired_from, last.desired_to) {
        (Action::Hold, ..) => "hold".to_owned(),
        (_, Some(from), Some(to)) => format!("{from} to {to}"),
        _ => "move".to_owned(),
    };
    let age = Duration::from_secs(elapsed(last.time, now).as_secs());
    format!("{what} ({}), {} ago", last.reason, duration::show(age))
}
