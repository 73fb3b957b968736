//! `loadscale explain`: why a pass decided what it did, from the group's journal.

use std::path::Path;

use anyhow::{Result, bail};
use jiff::Timestamp;

use crate::cli::CommonArgs;
use crate::exit::Exit;
use crate::explain::Explanation;
use crate::journal::Fault;
use crate::journal::jsonl::Jsonl;
use crate::journal::retrace::{Moment, Retrace};
use crate::output::{Printer, count, number, word};
use crate::record::{Action, Progress, Record};
use crate::setup::Archive;

/// Explains the last pass of each group, or the last one at or before `at`.
///
/// # Errors
/// Settings that cannot be used; a journal that cannot be read or holds no such pass.
pub fn run(common: &CommonArgs, at: Option<Timestamp>) -> Result<Exit> {
    let archive = Archive::load(common)?;
    let journal = archive.journal();
    let mut printer = Printer::new(common.json, []);
    for group in &archive.groups {
        let key = archive.group_key(group)?;
        let Some((moment, progress)) = find(&journal, &key, at.unwrap_or(Timestamp::MAX))? else {
            bail!(nothing_to_explain(&group.name, &journal.dir(&key), at));
        };
        let explanation = Explanation::of(&group.name, &moment, &progress);
        match common.json {
            true => printer.json_line(&explanation),
            false => tell(&mut printer, &explanation),
        }
    }
    Ok(Exit::Done)
}

fn nothing_to_explain(group: &str, journal: &Path, at: Option<Timestamp>) -> String {
    let when = at.map_or(String::new(), |at| format!(" at or before {at}"));
    format!(
        "{group}: there is no pass{when} to explain; {} keeps passes whole for a week, and there is one after \
         the first `loadscale` that was no dry run",
        journal.display()
    )
}

/// The last whole pass at or before `at`, and how far its move has come.
fn find(journal: &Jsonl, key: &str, at: Timestamp) -> Result<Option<(Moment, Progress)>, Fault> {
    let mut retrace = Retrace::default();
    let (mut found, mut later) = (None, false);
    journal.entries(key, |entry| {
        if later {
            return;
        }
        match (retrace.take(&entry), &mut found) {
            (Some(moment), _) if moment.pass.seen.at > at => later = true,
            (Some(moment), _) => found = Some((moment, Progress::default())),
            (None, Some((_, progress))) => progress.clone_from(retrace.progress()),
            (None, None) => {}
        }
    })?;
    Ok(found)
}

fn tell(printer: &mut Printer, explanation: &Explanation) {
    let record = &explanation.record;
    printer.line(&format!("{} at {}: {} ({})", record.group, record.time, outcome(record), record.reason));
    if !explanation.reproduced {
        printer.line(
            "The journal does not lead to this decision again: another version of the program made it, or the \
             journal was changed. What follows is what this version would decide.",
        );
    }
    printer.line("\nWhat was seen");
    indented(printer, &seen(explanation));
    printer.line("\nWhat was asked");
    let asked = explanation.chain.iter().map(|answer| [answer.asked.clone(), answer.answer.clone()]);
    indented(printer, &asked.collect::<Vec<_>>());
    printer.line("\nWhat would have led to another move");
    let others =
        explanation.otherwise.iter().map(|other| [other.what.to_string(), other.explanation.clone()]);
    match others.collect::<Vec<_>>().as_slice() {
        [] => printer.line("  nothing of what was tried by itself"),
        others => indented(printer, others),
    }
    printer.line("");
}

fn outcome(record: &Record) -> String {
    let made = record.outcome.map_or(String::new(), |outcome| format!(", {}", word(outcome)));
    match (record.action, record.desired_from, record.desired_to) {
        (Action::Hold, ..) => "hold".to_owned(),
        (_, Some(from), Some(to)) => format!("from {from} to {to}{made}"),
        _ => format!("move{made}"),
    }
}

fn seen(explanation: &Explanation) -> Vec<[String; 2]> {
    let (record, ages) = (&explanation.record, &explanation.ages);
    let servers = &record.servers;
    let row = |name: &str, value: String| [name.to_owned(), value];
    let mut rows = Vec::new();
    if let Some(signal) = &record.signal {
        rows.push(row("reading", format!("{} {}", number(Some(signal.value)), signal.unit)));
    }
    let balancers = record.load_balancers.iter().flatten();
    rows.extend(balancers.map(|b| row("balancer", format!("{:?}: {} connections", b.name, b.connections))));
    if let (Some(least), Some(most)) = (ages.reading_at_least, ages.reading_at_most) {
        rows.push(row("its age", format!("{} to {} s", number(Some(least)), number(Some(most)))));
    }
    rows.push(row(
        "capacity",
        format!("{}, utilization {}", number(record.capacity), number(record.utilization)),
    ));
    rows.push(row(
        "servers",
        format!(
            "{} serving, {} active, {} desired, limits {} to {}",
            count(servers.serving),
            count(servers.active),
            count(servers.desired),
            count(servers.min),
            count(servers.max)
        ),
    ));
    rows.push(row("needed", count(record.needed)));
    if let Some(age) = ages.details.filter(|age| *age > 0.0) {
        rows.push(row("limits, policies", format!("{} s old", number(Some(age)))));
    }
    rows
}

fn indented(printer: &mut Printer, rows: &[[String; 2]]) {
    let rows = rows.iter().map(|[name, value]| [format!("  {name}"), value.clone()]);
    printer.table(&rows.collect::<Vec<_>>());
}
