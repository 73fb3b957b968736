//! What is printed: records as lines for people or as JSON for machines. A closed pipe is no error.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::exit::Exit;
use crate::model::Outcome;
use crate::record::{Action, Record};

/// Standard output in one of its two forms.
pub struct Printer {
    json: bool,
    colour: bool,
    width: usize,
    closed: bool,
}

impl Printer {
    /// A printer for groups of these names, which it aligns.
    pub fn new<'a>(json: bool, groups: impl IntoIterator<Item = &'a str>) -> Printer {
        let colour = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
            && io::stdout().is_terminal();
        let width = groups.into_iter().map(|name| name.chars().count()).max().unwrap_or(0);
        Printer { json, colour, width, closed: false }
    }

    /// Whether the reader has gone.
    pub fn closed(&self) -> bool {
        self.closed
    }

    /// One record.
    pub fn record(&mut self, record: &Record) {
        match self.json {
            true => self.json_line(record),
            false => self.line(&text(record, self.width, self.colour)),
        }
    }

    /// Anything as one line of JSON.
    pub fn json_line(&mut self, value: &impl Serialize) {
        match serde_json::to_string(value) {
            Ok(line) => self.line(&line),
            Err(error) => tracing::error!("a record has no JSON form: {error}"),
        }
    }

    /// Rows in aligned columns; the last column is as wide as it likes.
    pub fn table<const N: usize>(&mut self, rows: &[[String; N]]) {
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; N] = std::array::from_fn(width);
        for row in rows {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
            self.line(cells.collect::<Vec<_>>().join("  ").trim_end());
        }
    }

    /// One line, at once.
    pub fn line(&mut self, line: &str) {
        if self.closed {
            return;
        }
        let mut out = io::stdout().lock();
        if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) {
            self.closed = true;
            if error.kind() != io::ErrorKind::BrokenPipe {
                tracing::error!("standard output cannot be written: {error}");
            }
        }
    }
}

/// One aligned line: group, action, load on capacity, utilization, servers, outcome, and the sentence.
pub fn text(record: &Record, width: usize, colour: bool) -> String {
    let action = match (record.action, record.outcome) {
        (Action::Hold, _) => "hold".to_owned(),
        (action, outcome) => format!("{} {}", direction(action), outcome.map_or("", word)),
    };
    let style = if colour { style(record) } else { Style::new() };
    let servers = &record.servers;
    format!(
        "{:<width$}  {style}{action:<13}{style:#}  {:>6} on {:<6}  {:>4}  {:>9}  {}{}",
        record.group,
        load(record),
        number(record.capacity),
        record.utilization.map_or("-".to_owned(), |u| format!("{u:.2}")),
        format!("{}/{}/{}", count(servers.serving), count(servers.active), count(servers.desired)),
        record.explanation,
        record
            .error
            .as_ref()
            .filter(|e| !record.explanation.contains(*e))
            .map_or(String::new(), |e| format!(" ({e})")),
    )
}

fn direction(action: Action) -> &'static str {
    match action {
        Action::ScaleUp => "up",
        Action::ScaleDown => "down",
        Action::Hold => "hold",
    }
}

/// The outcome as people read it.
pub fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Executed => "executed",
        Outcome::DryRun => "dry-run",
        Outcome::Refused => "refused",
        Outcome::Failed => "failed",
        Outcome::Unknown => "unknown",
    }
}

fn style(record: &Record) -> Style {
    let colour = match (Exit::of(record), record.action) {
        (Exit::Locked, _) => AnsiColor::Yellow,
        (Exit::Done, Action::Hold) => return Style::new(),
        (Exit::Done, _) => AnsiColor::Green,
        _ => AnsiColor::Red,
    };
    colour.on_default().bold()
}

/// What was measured: connections as they are, all else with its unit.
pub fn load(record: &Record) -> String {
    match (&record.signal, record.connections) {
        (Some(signal), None) => format!("{:.0} {}", signal.value, signal.unit),
        (_, connections) => number(connections.map(|n| n as f64)),
    }
}

/// A count of servers, `-` where it is not known.
pub fn count(n: Option<u32>) -> String {
    n.map_or("-".to_owned(), |n| n.to_string())
}

/// A number without needless decimals, `-` where it is not known.
pub fn number(n: Option<f64>) -> String {
    n.map_or("-".to_owned(), |n| ((n * 100.0).round() / 100.0).to_string())
}
