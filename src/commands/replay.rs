//! `loadscale replay`: what rules would have cost on a recorded load.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{fs, thread};

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use serde::Serialize;

use crate::cli::{CommonArgs, ReplayArgs, Sweep, SweepKey};
use crate::exit::Exit;
use crate::model::{Limits, Moves, Rules, Strategy};
use crate::output::Printer;
use crate::replay::live::Live;
use crate::replay::peers::Peer;
use crate::replay::score::{Judge, Score};
use crate::replay::trace::Trace;
use crate::replay::{Course, Policy, Setup, plot, run as replay};
use crate::rulebook::Rulebook;
use crate::settings::{self, Settings, Surroundings};

const HEADER: [&str; 10] =
    ["STRATEGY", "J", "J10", "SHORT", "LONGEST", "LOST", "SPARE", "HOURS", "ACTIONS", "REVERSALS"];

/// Something to judge.
struct Candidate {
    name: String,
    by: By,
}

enum By {
    Rules(Box<Rulebook>),
    Peer(Peer),
}

/// One line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    trace: &'a str,
    strategy: &'a str,
    #[serde(flatten)]
    score: &'a Score,
}

/// Replays the trace under everything that is to be judged, and prints a score for each.
///
/// # Errors
/// A trace or settings that cannot be used, or a plot that cannot be written.
pub fn run(common: &CommonArgs, args: &ReplayArgs) -> Result<Exit> {
    let trace = read(&args.trace, args.every)?;
    let setup = setup(args, &trace)?;
    let candidates = candidates(common, args)?;
    let courses = side_by_side(&candidates, |candidate| {
        let mut policy = policy(candidate, args, &setup, &trace);
        replay(&trace, &setup, setup.start(&trace), &mut *policy)
    });
    let judge = Judge::new(&trace, &setup);
    let scores: Vec<Score> = courses.iter().map(|course| judge.score(course)).collect();
    if trace.looks_capped() {
        tracing::warn!(
            "{} stays at its peak for long: if overload capped it, the true load was higher and every score flatters",
            trace.name
        );
    }
    print(common.json, &trace, &candidates, &scores);
    if let (Some(file), Some(first), Some(score)) = (&args.plot, courses.first(), scores.first()) {
        let svg = plot::svg(&trace, &setup, first, &candidates[0].name, score);
        fs::write(file, svg).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(Exit::Done)
}

fn read(path: &Path, every: Duration) -> Result<Trace> {
    let text =
        fs::read_to_string(path).with_context(|| format!("the trace {} cannot be read", path.display()))?;
    Ok(Trace::parse(&path.display().to_string(), &text, every)?)
}

fn setup(args: &ReplayArgs, trace: &Trace) -> Result<Setup> {
    if args.min > args.max {
        bail!("--min {} is more than --max {}", args.min, args.max);
    }
    let boot = args.boot.as_secs().div_ceil(trace.tick.as_secs());
    Ok(Setup {
        capacity: args.capacity,
        boot: usize::try_from(boot).context("--boot is too long")?,
        limits: Limits { min: args.min, max: args.max },
    })
}

/// What is to be judged, in the order of the table.
fn candidates(common: &CommonArgs, args: &ReplayArgs) -> Result<Vec<Candidate>> {
    let mut judged = Vec::new();
    if common.settings.is_some() || !common.groups.is_empty() {
        judged.extend(of_settings(common)?);
    }
    for name in &args.strategy {
        judged.extend(Strategy::named(name).map(default_of));
    }
    if judged.is_empty() {
        judged.extend(Strategy::NAMES.into_iter().filter_map(Strategy::named).map(default_of));
    }
    if let Some(sweep) = &args.sweep {
        judged = judged.iter().flat_map(|candidate| swept(candidate, sweep, args.points)).collect();
    }
    let peers = args.against.iter().filter_map(|name| Peer::named(name));
    judged.extend(peers.map(|peer| Candidate { name: peer.name().to_owned(), by: By::Peer(peer) }));
    Ok(judged)
}

fn default_of(strategy: Strategy) -> Candidate {
    let rules = Rules { strategy, ..Rules::default() };
    Candidate { name: strategy.name().to_owned(), by: By::Rules(Box::new(rules.into())) }
}

/// The rules of the groups asked for, or of all.
fn of_settings(common: &CommonArgs) -> Result<Vec<Candidate>> {
    let around = Surroundings::of_process().context("the environment cannot be read")?;
    let settings = settings::load(common.settings.as_deref(), &around)?;
    if let Some(unknown) = common.groups.iter().find(|name| settings.group(name).is_none()) {
        bail!("there is no group {unknown:?} in the settings; there are {}", names(&settings));
    }
    let asked = |name: &String| common.groups.is_empty() || common.groups.contains(name);
    let groups = settings.groups.iter().filter(|group| asked(&group.name));
    let candidate = |rules: &Rulebook| By::Rules(Box::new(rules.clone()));
    Ok(groups.map(|group| Candidate { name: group.name.clone(), by: candidate(&group.rules) }).collect())
}

fn names(settings: &Settings) -> String {
    settings.groups.iter().map(|group| format!("{:?}", group.name)).collect::<Vec<_>>().join(", ")
}

/// The candidate at each value of the sweep, the ends included.
fn swept(candidate: &Candidate, sweep: &Sweep, points: u32) -> Vec<Candidate> {
    let By::Rules(book) = &candidate.by else { return Vec::new() };
    let (from, to) = (sweep.values.start(), sweep.values.end());
    let at = |point: u32| {
        let value = from + (to - from) * f64::from(point) / f64::from(points - 1);
        let mut book = book.clone();
        let rules = &mut book.rules;
        match sweep.key {
            SweepKey::Target => rules.tracking.target = value,
            SweepKey::ScaleUpAbove => rules.scale_up_above = value,
            SweepKey::ScaleDownBelow => rules.scale_down_below = value,
        }
        let name = format!("{} {}={value:.4}", candidate.name, sweep.key.name());
        Candidate { name, by: By::Rules(book) }
    };
    (0..points).map(at).collect()
}

fn policy(candidate: &Candidate, args: &ReplayArgs, setup: &Setup, trace: &Trace) -> Box<dyn Policy> {
    match &candidate.by {
        By::Rules(rules) => {
            let moves = match args.policies.as_slice() {
                [] => Moves::Exact,
                steps => Moves::Steps(steps.to_vec()),
            };
            Box::new(Live::new((**rules).clone(), moves, args.cooldown, setup, trace))
        }
        By::Peer(peer) => peer.policy(setup, trace.tick),
    }
}

/// Works every candidate, as many at a time as there are cores; the courses are in the order of the
/// candidates. On a terminal a bar shows how far it is.
fn side_by_side(candidates: &[Candidate], work: impl Fn(&Candidate) -> Course + Sync) -> Vec<Course> {
    let cores = thread::available_parallelism().map_or(1, usize::from).min(candidates.len());
    let bar = ProgressBar::new(candidates.len() as u64);
    let next = AtomicUsize::new(0);
    let share = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(candidate) = candidates.get(place) else { return done };
            done.push((place, work(candidate)));
            bar.inc(1);
        }
    };
    let mut courses: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(share)).collect();
        let finished = workers.into_iter().map(|worker| worker.join());
        finished.flat_map(|share| share.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    bar.finish_and_clear();
    courses.sort_by_key(|(place, _)| *place);
    courses.into_iter().map(|(_, course)| course).collect()
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
    rows.extend(judged.map(|(candidate, score)| row(candidate, score)));
    printer.table(&rows);
}

fn row(candidate: &Candidate, score: &Score) -> [String; 10] {
    let name = match candidate.by {
        By::Peer(_) => format!("{} (re-implemented)", candidate.name),
        By::Rules(_) => candidate.name.clone(),
    };
    [
        name,
        format!("{:.3}", score.j),
        format!("{:.3}", score.j10),
        format!("{:.2} %", score.tau_u),
        format!("{} min", score.longest_short_minutes),
        format!("{:.2} %", score.lost_load_percent),
        format!("{:.1} %", score.theta_o),
        format!("{:.0} ({:.2}x)", score.server_hours, score.hours_ratio),
        score.actions.to_string(),
        score.reversals.to_string(),
    ]
}
