//! `loadscale calibrate`: what one server carries well.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::calibrate::objective::Objective;
use crate::calibrate::refusal::Refusal;
use crate::calibrate::samples::Samples;
use crate::calibrate::{Calibration, Estimate, Law, calibrate, plot};
use crate::cli::{CalibrateArgs, CommonArgs};
use crate::exit::Exit;
use crate::output::Printer;

/// A law that throughput is further off than this is not to be relied on.
const POOR_FIT: f64 = 0.1;

/// The line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
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

/// Calibrates from the samples of a load test, and prints what was found or why nothing was.
///
/// # Errors
/// Samples that cannot be read, or a plot that cannot be written.
pub fn run(common: &CommonArgs, args: &CalibrateArgs) -> Result<Exit> {
    let samples = read(&args.samples, &args.slo)?;
    let found = calibrate(&samples, &args.slo, args.servers);
    if let (Some(file), Ok(found)) = (&args.plot, &found) {
        let svg = plot::svg(&samples.name, &args.slo, found);
        fs::write(file, svg).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(tell(common, args, &samples.name, &found))
}

fn read(path: &Path, objective: &Objective) -> Result<Samples> {
    let text =
        fs::read_to_string(path).with_context(|| format!("the samples {} cannot be read", path.display()))?;
    Ok(Samples::parse(&path.display().to_string(), &text, objective)?)
}

fn tell(common: &CommonArgs, args: &CalibrateArgs, name: &str, found: &Result<Calibration, Refusal>) -> Exit {
    let mut printer = Printer::new(common.json, []);
    if common.json {
        printer.json_line(&Line {
            samples: name,
            flavor: args.flavor.as_deref(),
            objective: args.slo.to_string(),
            capacity: found.as_ref().ok().map(Calibration::capacity),
            found: found.as_ref().ok(),
            refusal: found
                .as_ref()
                .err()
                .map(|why| Refused { reason: why.code(), explanation: why.to_string() }),
        });
    }
    match found {
        Ok(found) if !common.json => print(&mut printer, args, found),
        Ok(_) => {}
        Err(why) => {
            tracing::error!("{name} gives no capacity: {why}");
            return Exit::Failed;
        }
    }
    Exit::Done
}

fn print(printer: &mut Printer, args: &CalibrateArgs, found: &Calibration) {
    let mut rows = vec![["".to_owned(), "FOUND".to_owned(), "95 % CONFIDENCE".to_owned()]];
    rows.push(row(&format!("{} breaks at connections", args.slo), &found.connections));
    rows.extend(found.law.iter().flat_map(rows_of));
    printer.table(&rows);
    if found.law.is_some_and(|law| law.misfit > POOR_FIT) {
        tracing::warn!("the law describes these servers poorly; the connections above do not rest on it");
    }
    let flavor = args.flavor.as_ref().map_or("default".to_owned(), |flavor| format!("{flavor:?}"));
    printer.line("");
    printer.line("[capacity]");
    printer.line(&format!("{flavor} = {}", found.capacity()));
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
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".to_owned() } else { "-".to_owned() };
    }
    let places = (3 - value.abs().log10().floor() as i32).clamp(0, 12) as usize;
    format!("{value:.places$}")
}
