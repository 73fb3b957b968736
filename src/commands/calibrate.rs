//! `loadscale calibrate`: what one server carries well.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::calibrate::objective::Objective;
use crate::calibrate::refusal::Refusal;
use crate::calibrate::samples::Samples;
use crate::calibrate::{Calibration, Estimate, Law, calibrate, history, plot};
use crate::cli::{CalibrateArgs, CommonArgs};
use crate::exit::Exit;
use crate::journal::Entry;
use crate::model::Observation;
use crate::output::Printer;
use crate::settings::GroupSettings;
use crate::setup::Archive;
use crate::table;

/// A law that throughput is further off than this is not to be relied on.
const POOR_FIT: f64 = 0.1;

/// What is smaller came of the arithmetic, not of the servers.
const NOTHING: f64 = 1e-9;

/// The line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    /// The file, or the groups.
    samples: &'a str,
    flavor: Option<&'a str>,
    objective: String,
    /// What to set for the flavor; none if the samples do not tell.
    capacity: Option<f64>,
    #[serde(flatten)]
    found: Option<&'a Calibration>,
    refusal: Option<Refused>,
}

#[derive(Serialize)]
struct Refused {
    reason: &'static str,
    explanation: String,
}

/// What was asked of what, and what came of it.
struct Answer {
    /// The file of samples, or the groups.
    from: String,
    flavor: Option<String>,
    found: Result<Calibration, Refusal>,
}

/// Calibrates from the samples of a load test or from live history, and prints what was found or why nothing
/// was.
///
/// # Errors
/// Samples, settings or journals that cannot be read, or a plot that cannot be written.
pub fn run(common: &CommonArgs, args: &CalibrateArgs) -> Result<Exit> {
    let answer = match (&args.samples, &args.heartbeat) {
        (Some(path), _) => of_samples(path, args)?,
        (None, Some(heartbeat)) => of_history(common, heartbeat, args)?,
        (None, None) => bail!("name a file of samples, or a group with --heartbeat"),
    };
    if let (Some(file), Ok(found)) = (&args.plot, &answer.found) {
        let svg = plot::svg(&answer.from, &args.slo, found);
        fs::write(file, svg).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(tell(common, args, &answer))
}

fn of_samples(path: &Path, args: &CalibrateArgs) -> Result<Answer> {
    let samples = read(path, &args.slo)?;
    let found = calibrate(&samples, &args.slo, args.servers);
    Ok(Answer { from: samples.name, flavor: args.flavor.clone(), found })
}

/// From the journals of the one group of `--group`, and of the one that the settings file `heartbeat` has.
fn of_history(common: &CommonArgs, heartbeat: &Path, args: &CalibrateArgs) -> Result<Answer> {
    let archive = Archive::load(common)?;
    let [group] = archive.groups.as_slice() else {
        bail!("name one group with --group: that whose connections are to stand beside the heartbeats");
    };
    let watching = CommonArgs { settings: Some(heartbeat.to_owned()), groups: Vec::new(), ..common.clone() };
    let watching = Archive::load(&watching)?;
    let [judged] = watching.groups.as_slice() else {
        bail!("--heartbeat {}: it must have one group, which watches by heartbeats", heartbeat.display());
    };
    let (mut carried, mut responses, mut flavor) = (Vec::new(), Vec::new(), args.flavor.clone());
    each_pass(&archive, group, |seen| {
        carried.extend(history::carried(seen).map(|connections| (seen.at, connections)));
        if args.flavor.is_none() {
            flavor = seen.fleet.as_ref().ok().and_then(|fleet| fleet.flavor.clone()).or(flavor.take());
        }
    })?;
    each_pass(&watching, judged, |seen| {
        responses.extend(history::response(seen).map(|response| (seen.at, response)));
    })?;
    let found = history::calibrate(history::beside(&carried, &responses), &args.slo);
    Ok(Answer { from: format!("{} beside {}", group.name, judged.name), flavor, found })
}

/// Shows every whole pass that the group's journal still has, in order.
fn each_pass(archive: &Archive, group: &GroupSettings, mut show: impl FnMut(&Observation)) -> Result<()> {
    archive.journal().entries(&archive.group_key(group)?, |entry| {
        if let Entry::Pass { pass, .. } = &entry {
            show(&pass.seen);
        }
    })?;
    Ok(())
}

fn read(path: &Path, objective: &Objective) -> Result<Samples> {
    let bytes = fs::read(path).with_context(|| format!("the samples {} cannot be read", path.display()))?;
    let name = path.display().to_string();
    Ok(Samples::parse(&name, &table::text(&name, bytes)?, objective)?)
}

fn tell(common: &CommonArgs, args: &CalibrateArgs, answer: &Answer) -> Exit {
    let Answer { from, flavor, found } = answer;
    let mut printer = Printer::new(common.json, []);
    let refused = |why: &Refusal| Refused { reason: why.code(), explanation: why.to_string() };
    if common.json {
        printer.json_line(&Line {
            samples: from,
            flavor: flavor.as_deref(),
            objective: args.slo.to_string(),
            capacity: found.as_ref().ok().map(Calibration::capacity),
            found: found.as_ref().ok(),
            refusal: found.as_ref().err().map(refused),
        });
    }
    match found {
        Ok(found) if !common.json => print(&mut printer, args, flavor.as_deref(), found),
        Ok(_) => {}
        Err(why) => {
            tracing::error!("{from} gives no capacity: {why}");
            return Exit::Failed;
        }
    }
    Exit::Done
}

fn print(printer: &mut Printer, args: &CalibrateArgs, flavor: Option<&str>, found: &Calibration) {
    let mut rows = vec![["".to_owned(), "FOUND".to_owned(), "95 % CONFIDENCE".to_owned()]];
    rows.push(row(&format!("{} breaks at connections", args.slo), &found.connections));
    rows.extend(found.law.iter().flat_map(rows_of));
    printer.table(&rows);
    if found.law.is_some_and(|law| law.misfit > POOR_FIT) {
        tracing::warn!("the law describes these servers poorly; the connections above do not rest on it");
    }
    printer.line("");
    if args.heartbeat.is_some() {
        printer.line("# A suggestion: nobody chose the load, and nothing applies this by itself.");
    }
    printer.line("[capacity]");
    let key = flavor.map_or("default".to_owned(), |flavor| format!("{flavor:?}"));
    printer.line(&format!("{key} = {}", found.capacity()));
}

fn rows_of(law: &Law) -> Vec<[String; 3]> {
    let mut rows = vec![
        row("lambda, answers a second of one connection", &law.lambda),
        row("sigma, contention", &law.sigma),
        row("kappa, coherency", &law.kappa),
    ];
    rows.extend(law.peak.iter().map(|peak| row("throughput is greatest at connections", peak)));
    rows.push([
        "throughput is off the law by".to_owned(),
        format!("{:.1} %", law.misfit * 100.0),
        String::new(),
    ]);
    rows
}

fn row(what: &str, Estimate { value, low, high }: &Estimate) -> [String; 3] {
    [what.to_owned(), digits(*value), format!("{} to {}", digits(*low), digits(*high))]
}

/// Four digits that count, however small the number.
fn digits(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    if value.abs() < NOTHING {
        return "0".to_owned();
    }
    let places = (3 - value.abs().log10().floor() as i32).clamp(0, 12) as usize;
    format!("{value:.places$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_by_four_digits_and_remains_of_arithmetic_as_nothing() {
        assert_eq!([33.3821, 0.00017312, 7e-19, 0.0].map(digits), ["33.38", "0.0001731", "0", "0"]);
        assert_eq!(digits(f64::INFINITY), "-");
    }
}
