//! What a replay judges: strategies, groups' rules, each at many values of a setting, known policies.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::given::Given;
use crate::cli::{CommonArgs, ReplayArgs, Sweep};
use crate::model::{Moves, Rules, Strategy};
use crate::replay::knob::Unit;
use crate::replay::live::Live;
use crate::replay::peers::Peer;
use crate::replay::{Course, Policy, run};
use crate::rulebook::Rulebook;
use crate::settings::duration::show;
use crate::settings::{self, Settings, Surroundings};

/// Something to judge.
pub(super) struct Candidate {
    /// As machines read it.
    pub(super) name: String,
    by: By,
}

enum By {
    /// Rules, by the group's policies.
    Rules(Box<Rulebook>),
    /// The same, as if the group could be set to any number.
    AnyNumber(Box<Rulebook>),
    Peer(Peer),
    /// What a live group went through.
    Past(Course),
}

impl Candidate {
    /// The name as people read it.
    pub(super) fn label(&self) -> String {
        match self.by {
            By::Peer(_) => format!("{} (re-implemented)", self.name),
            _ => self.name.clone(),
        }
    }

    /// The settings judged, as text; none of what has none.
    pub(super) fn settings(&self) -> Option<String> {
        match &self.by {
            By::Rules(book) | By::AnyNumber(book) => serde_json::to_string_pretty(&book.rules).ok(),
            By::Peer(_) | By::Past(_) => None,
        }
    }

    /// The fleet's course through what is given.
    pub(super) fn course(&self, given: &Given) -> Course {
        let Given { trace, setup, .. } = given;
        let mut policy: Box<dyn Policy> = match &self.by {
            By::Past(course) => return course.clone(),
            By::Rules(book) => Box::new(live(book, given.moves.clone(), given)),
            By::AnyNumber(book) => Box::new(live(book, Moves::Exact, given)),
            By::Peer(peer) => peer.policy(setup, trace.tick),
        };
        run(trace, setup, setup.start(trace), &mut *policy)
    }
}

fn live(book: &Rulebook, moves: Moves, given: &Given) -> Live {
    Live::new(book.clone(), moves, given.cooldown, &given.setup, &given.trace)
}

/// What is to be judged, in the order of the table.
///
/// # Errors
/// Settings that cannot be used, or do not have the groups asked for.
pub(super) fn candidates(common: &CommonArgs, args: &ReplayArgs, given: &Given) -> Result<Vec<Candidate>> {
    let mut rules = named(common, args, given)?;
    if let Some(sweep) = &args.sweep {
        rules = rules.iter().flat_map(|(name, book)| swept(name, book, sweep, args.points)).collect();
    }
    let compared = args.sweep.is_none() && given.moves != Moves::Exact;
    let mut judged = Vec::new();
    for (name, book) in rules {
        let any = compared.then(|| Candidate {
            name: format!("{name}, any number"),
            by: By::AnyNumber(Box::new(book.clone())),
        });
        judged.push(Candidate { name, by: By::Rules(Box::new(book)) });
        judged.extend(any);
    }
    let peers = args.against.iter().filter_map(|name| Peer::named(name));
    judged.extend(peers.map(|peer| Candidate { name: peer.name().to_owned(), by: By::Peer(peer) }));
    let went = given.live.as_ref().filter(|_| args.sweep.is_none());
    judged.extend(went.map(|live| Candidate {
        name: format!("{}, as it went", live.name),
        by: By::Past(live.course.clone()),
    }));
    Ok(judged)
}

/// The rules to judge by name: those of groups, then of strategies; all strategies if nothing was asked for.
fn named(common: &CommonArgs, args: &ReplayArgs, given: &Given) -> Result<Vec<(String, Rulebook)>> {
    let mut judged = Vec::new();
    if let Some(live) = &given.live {
        judged.push((live.name.clone(), live.rules.clone()));
    } else if common.settings.is_some() || !common.groups.is_empty() {
        judged.extend(of_settings(common)?);
    }
    judged.extend(args.strategy.iter().filter_map(|name| Strategy::named(name)).map(default_of));
    if judged.is_empty() {
        judged.extend(Strategy::NAMES.into_iter().filter_map(Strategy::named).map(default_of));
    }
    Ok(judged)
}

fn default_of(strategy: Strategy) -> (String, Rulebook) {
    (strategy.name().to_owned(), Rules { strategy, ..Rules::default() }.into())
}

/// The rules of the groups asked for, or of all.
fn of_settings(common: &CommonArgs) -> Result<Vec<(String, Rulebook)>> {
    let around = Surroundings::of_process().context("the environment cannot be read")?;
    let settings = settings::load(common.settings.as_deref(), &around)?;
    if let Some(unknown) = common.groups.iter().find(|name| settings.group(name).is_none()) {
        bail!("there is no group {unknown:?} in the settings; there are {}", names(&settings));
    }
    let asked = |name: &String| common.groups.is_empty() || common.groups.contains(name);
    let groups = settings.groups.iter().filter(|group| asked(&group.name));
    Ok(groups.map(|group| (group.name.clone(), group.rules.clone())).collect())
}

fn names(settings: &Settings) -> String {
    settings.groups.iter().map(|group| format!("{:?}", group.name)).collect::<Vec<_>>().join(", ")
}

/// The rules at each value of the sweep, the ends included.
fn swept(name: &str, book: &Rulebook, sweep: &Sweep, points: u32) -> Vec<(String, Rulebook)> {
    let knob = sweep.knob;
    let at = |value: f64| {
        let mut book = book.clone();
        knob.turn(&mut book.rules, value);
        let shown = match knob.unit {
            Unit::Number => format!("{value:.4}"),
            Unit::Count => format!("{value}"),
            Unit::Time => show(Duration::from_secs_f64(value)),
        };
        (format!("{name} {}={shown}", knob.name), book)
    };
    knob.values(*sweep.values.start(), *sweep.values.end(), points).into_iter().map(at).collect()
}
