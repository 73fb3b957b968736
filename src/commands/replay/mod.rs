//! `loadscale replay`: what rules would have cost on a recorded load. `given` is the load and the world,
//! `candidates` what is judged, `work` does many at once, `drawn` makes pictures and a page of it; here the
//! scores are told.

use std::path::Path;

use anyhow::{Result, bail};
use serde::Serialize;

mod candidates;
mod drawn;
mod given;
mod work;

use crate::cli::{CommonArgs, ReplayArgs};
use crate::exit::Exit;
use crate::output::Printer;
use crate::replay::Course;
use crate::replay::caveats::caveats;
use crate::replay::score::{Judge, Score};
use candidates::{Candidate, candidates};
use drawn::Drawn;
use given::Given;

const HEADER: [&str; 10] =
    ["STRATEGY", "J", "J10", "SHORT", "LONGEST", "LOST", "SPARE", "HOURS", "ACTIONS", "REVERSALS"];

/// One line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    trace: &'a str,
    strategy: &'a str,
    /// The rule that was swept, and its value; seconds for a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    #[serde(flatten)]
    score: &'a Score,
}

/// Replays the load under everything that is to be judged, and prints a score for each.
///
/// # Errors
/// A trace, journal or settings that cannot be used, or a plot that cannot be written.
pub fn run(common: &CommonArgs, args: &ReplayArgs) -> Result<Exit> {
    [&args.plot, &args.html].into_iter().flatten().try_for_each(|file| has_folder(file))?;
    let given = Given::find(common, args)?;
    let candidates = candidates(common, args, &given)?;
    let Given { trace, setup, .. } = &given;
    let judge = Judge::new(trace, setup);
    // Courses are kept for the report alone, and not those of a sweep, which has thousands.
    let kept = args.html.is_some() && args.sweep.is_none();
    let judged = work::side_by_side(&candidates, |candidate| {
        let course = candidate.course(&given);
        (judge.score(&course), kept.then_some(course))
    });
    let (scores, courses): (Vec<Score>, Vec<Option<Course>>) = judged.into_iter().unzip();
    caveats(trace, setup).iter().for_each(|caveat| tracing::warn!("{}: {caveat}", trace.name));
    idle(&candidates, &scores).for_each(|name| {
        tracing::warn!(
            "{name}: every value comes to the same; the rule is not used, or nothing ever came to it"
        );
    });
    print(common.json, &given, &candidates, &scores);
    let drawn = Drawn {
        given: &given,
        sweep: args.sweep.as_ref(),
        candidates: &candidates,
        scores: &scores,
        courses: &courses,
    };
    if let Some(file) = &args.plot {
        drawn.plot(file)?;
    }
    if let Some(file) = &args.html {
        drawn.page(file)?;
    }
    Ok(Exit::Done)
}

/// A file that cannot be written is told before hours of work, not after.
fn has_folder(file: &Path) -> Result<()> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            bail!("{} cannot be written: there is no folder {}", file.display(), folder.display())
        }
        _ => Ok(()),
    }
}

/// Whose sweep made no difference: the best of its values is none.
fn idle<'a>(candidates: &'a [Candidate], scores: &'a [Score]) -> impl Iterator<Item = &'a str> {
    let swept = candidates.iter().zip(scores).filter_map(|(one, score)| Some((one.swept.as_ref()?, score)));
    let swept: Vec<_> = swept.collect();
    let sweeps = swept.chunk_by(|a, b| a.0.of == b.0.of).filter(|sweep| sweep.len() > 1);
    let same = sweeps.filter(|sweep| sweep.iter().all(|(_, score)| *score == sweep[0].1));
    same.map(|sweep| sweep[0].0.of.as_str()).collect::<Vec<_>>().into_iter()
}

fn print(json: bool, given: &Given, candidates: &[Candidate], scores: &[Score]) {
    let mut printer = Printer::new(json, []);
    let judged = candidates.iter().zip(scores);
    if json {
        tracing::info!("{}", given.world());
        judged.for_each(|(candidate, score)| {
            let swept = candidate.swept.as_ref();
            printer.json_line(&Line {
                trace: &given.trace.name,
                strategy: &candidate.name,
                rule: swept.map(|swept| swept.rule),
                value: swept.map(|swept| swept.value),
                score,
            });
        });
        return;
    }
    let mut rows = vec![HEADER.map(str::to_owned)];
    rows.extend(judged.map(|(candidate, score)| row(candidate.label(), score)));
    printer.line(&given.world());
    printer.line("");
    printer.table(&rows);
}

fn row(name: String, score: &Score) -> [String; 10] {
    let [j, j10, short, longest, lost, spare, hours, actions, reversals] = score.cells();
    [name, j, j10, short, longest, lost, spare, hours, actions, reversals]
}
