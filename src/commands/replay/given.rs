//! What a replay is given: a load and the world that meets it, from a file or from a live group's journal.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use jiff::Timestamp;

use crate::cli::{CommonArgs, ReplayArgs};
use crate::decide::USUAL_BOOT;
use crate::model::{Limits, Moves, Step};
use crate::replay::trace::Trace;
use crate::replay::{Course, Setup, ticks};
use crate::rulebook::Rulebook;
use crate::settings::duration::show;
use crate::setup::Archive;
use crate::survey::past;
use crate::table;

/// Where neither the command line nor a journal tells.
const EVERY: Duration = Duration::from_secs(60);
const LIMITS: Limits = Limits { min: 2, max: 1000 };
/// How far back a journal is read.
const SINCE: Duration = Duration::from_secs(28 * 24 * 3600);

/// A load, and the world that meets it.
pub(super) struct Given {
    pub(super) trace: Trace,
    pub(super) setup: Setup,
    /// The ways the fleet can be moved.
    pub(super) moves: Moves,
    /// The group's pause between any two moves.
    pub(super) cooldown: Duration,
    /// The live group that the load was, if it was one.
    pub(super) live: Option<Live>,
}

/// A live group.
pub(super) struct Live {
    pub(super) name: String,
    /// Its rules by the settings.
    pub(super) rules: Rulebook,
    /// What became of it.
    pub(super) course: Course,
}

impl Given {
    /// What the command line names: the trace, else the journal of the group.
    ///
    /// # Errors
    /// What cannot be read, or does not fit together.
    pub(super) fn find(common: &CommonArgs, args: &ReplayArgs) -> Result<Given> {
        match &args.trace {
            Some(path) => Given::of_file(path, args),
            None => Given::of_group(common, args),
        }
    }

    fn of_file(path: &Path, args: &ReplayArgs) -> Result<Given> {
        if args.since.is_some() {
            bail!("--since is for a group's journal; {} is replayed whole", path.display());
        }
        let capacity = args.capacity.ok_or_else(|| {
            anyhow!("--capacity is missing: the load that one server carries well, in the unit of the trace")
        })?;
        let bytes = fs::read(path).with_context(|| format!("the trace {} cannot be read", path.display()))?;
        let name = path.display().to_string();
        let trace = Trace::parse(&name, &table::text(&name, bytes)?, args.every.unwrap_or(EVERY))?;
        let boot = ticks(args.boot.unwrap_or(USUAL_BOOT), trace.tick);
        let setup = Setup { capacity, fixed: 0.0, boot, limits: limits(args, LIMITS)? };
        let cooldown = args.cooldown.unwrap_or_default();
        Ok(Given { trace, setup, moves: moves(&args.policies, Moves::Exact), cooldown, live: None })
    }

    fn of_group(common: &CommonArgs, args: &ReplayArgs) -> Result<Given> {
        const WANTED: &str = "name a trace, or one group with --group whose journal is to be replayed";
        let archive = match Archive::load(common) {
            Err(why) if common.groups.is_empty() => return Err(why.context(WANTED)),
            archive => archive?,
        };
        let [group] = archive.groups.as_slice() else { bail!(WANTED) };
        let journal = archive.journal();
        let key = archive.group_key(group)?;
        let from = Timestamp::now().saturating_sub(args.since.unwrap_or(SINCE)).unwrap_or(Timestamp::MIN);
        let past = past::recent(&journal, &key, from)?
            .past(&group.name, args.every)
            .with_context(|| format!("{}: its journal {}", group.name, journal.dir(&key).display()))?;
        let known = past.setup(args.boot.or(group.rules.rules.boot));
        let capacity = args.capacity.unwrap_or(known.capacity);
        let setup = Setup { capacity, limits: limits(args, known.limits)?, ..known };
        let given = Given {
            setup,
            moves: moves(&args.policies, past.fleet.moves),
            cooldown: args.cooldown.unwrap_or(past.fleet.cooldown),
            live: Some(Live { name: group.name.clone(), rules: group.rules.clone(), course: past.course }),
            trace: past.trace,
        };
        Ok(given)
    }

    /// The load and the world in one sentence.
    pub(super) fn world(&self) -> String {
        let Given { trace, setup, cooldown, .. } = self;
        let moves = match self.moves.steps() {
            [] => "to any number".to_owned(),
            steps => steps.iter().map(|step| step.name.as_str()).collect::<Vec<_>>().join(", "),
        };
        let gaps = trace.load.iter().filter(|load| load.is_none()).count() as f64 * 100.0;
        format!(
            "{}: {} to {}, {:.1} % of it gaps, a pass every {}; a server carries {}, fixed ones {}, and boots for {} \
             passes; moves: {moves}; cooldown {}; limits {} to {}.",
            trace.name,
            trace.start,
            trace.end(),
            gaps / trace.load.len() as f64,
            show(trace.tick),
            setup.capacity,
            setup.fixed,
            setup.boot,
            show(*cooldown),
            setup.limits.min,
            setup.limits.max
        )
    }
}

/// The limits of the command line, else those that are known.
fn limits(args: &ReplayArgs, known: Limits) -> Result<Limits> {
    let limits = Limits { min: args.min.unwrap_or(known.min), max: args.max.unwrap_or(known.max) };
    if limits.min > limits.max {
        bail!(
            "the fewest servers, {}, are more than the most, {}; see --min and --max",
            limits.min,
            limits.max
        );
    }
    Ok(limits)
}

fn moves(asked: &[Step], known: Moves) -> Moves {
    if asked.is_empty() { known } else { Moves::Steps(asked.to_vec()) }
}
