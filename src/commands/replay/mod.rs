//! `loadscale replay`: what rules would have cost on a recorded load. `given` is the load and the world,
//! `candidates` what is judged, `work` does many at once; here the scores are told.

use std::fs;

use anyhow::{Context, Result};
use serde::Serialize;

mod candidates;
mod given;
mod work;

use crate::cli::{CommonArgs, ReplayArgs};
use crate::exit::Exit;
use crate::output::Printer;
use crate::replay::report::Judged;
use crate::replay::score::{Judge, Score};
use crate::replay::trace::Trace;
use crate::replay::{Course, plot, report};
use candidates::{Candidate, candidates};
use given::Given;

const HEADER: [&str; 10] =
    ["STRATEGY", "J", "J10", "SHORT", "LONGEST", "LOST", "SPARE", "HOURS", "ACTIONS", "REVERSALS"];

/// One line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    trace: &'a str,
    strategy: &'a str,
    #[serde(flatten)]
    score: &'a Score,
}

/// Replays the load under everything that is to be judged, and prints a score for each.
///
/// # Errors
/// A trace, journal or settings that cannot be used, or a plot that cannot be written.
pub fn run(common: &CommonArgs, args: &ReplayArgs) -> Result<Exit> {
    let given = Given::find(common, args)?;
    let candidates = candidates(common, args, &given)?;
    let Given { trace, setup, .. } = &given;
    let judge = Judge::new(trace, setup);
    // A course is only kept for the report: a sweep has thousands.
    let judged = work::side_by_side(&candidates, |candidate| {
        let course = candidate.course(&given);
        (judge.score(&course), args.html.is_some().then_some(course))
    });
    let (scores, courses): (Vec<Score>, Vec<Option<Course>>) = judged.into_iter().unzip();
    if trace.looks_capped {
        tracing::warn!(
            "{} stays at its peak for long: if overload capped it, the true load was higher and every score flatters",
            trace.name
        );
    }
    print(common.json, trace, &candidates, &scores);
    if let (Some(file), Some(first), Some(score)) = (&args.plot, candidates.first(), scores.first()) {
        let svg = plot::svg(trace, setup, &first.course(&given), &first.label(), score);
        fs::write(file, svg).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    if let Some(file) = &args.html {
        let judged = candidates.iter().zip(&scores).zip(courses.iter().flatten()).map(
            |((candidate, score), course)| Judged {
                name: candidate.label(),
                settings: candidate.settings(),
                score,
                course,
            },
        );
        let page = report::html(trace, setup, &given.world(), &judged.collect::<Vec<_>>());
        fs::write(file, page).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(Exit::Done)
}

fn print(json: bool, trace: &Trace, candidates: &[Candidate], scores: &[Score]) {
    let mut printer = Printer::new(json, []);
    let judged = candidates.iter().zip(scores);
    if json {
        judged.for_each(|(candidate, score)| {
            printer.json_line(&Line { trace: &trace.name, strategy: &candidate.name, score });
        });
        return;
    }
    let mut rows = vec![HEADER.map(str::to_owned)];
    rows.extend(judged.map(|(candidate, score)| row(candidate.label(), score)));
    printer.table(&rows);
}

fn row(name: String, score: &Score) -> [String; 10] {
    let [j, j10, short, longest, lost, spare, hours, actions, reversals] = score.cells();
    [name, j, j10, short, longest, lost, spare, hours, actions, reversals]
}
