//! What a replay judges: strategies, groups' rules, each at many values of a setting, known policies.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::given::Given;
use crate::cli::{CommonArgs, ReplayArgs, Sweep};
use crate::model::{Limits, Moves, Rules, Strategy};
use crate::replay::knob::{Knob, Unit};
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
    /// Which point of a sweep it is, if it is one.
    pub(super) swept: Option<Swept>,
    by: By,
}

/// A point of a sweep.
pub(super) struct Swept {
    /// Whose rules were turned.
    pub(super) of: String,
    /// Which rule.
    pub(super) rule: &'static str,
    /// To what; seconds for a time.
    pub(super) value: f64,
    /// The same as people write it.
    pub(super) shown: String,
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

    /// The settings judged, key and value; none of what has none.
    pub(super) fn settings(&self) -> Vec<(String, String)> {
        match &self.by {
            By::Rules(book) | By::AnyNumber(book) => settings::rules_in_force(book),
            By::Peer(_) | By::Past(_) => Vec::new(),
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
    let mut judged = Vec::new();
    for (name, book) in named(common, args, given)? {
        match &args.sweep {
            Some(sweep) => judged.extend(swept(&name, &book, sweep, args.points, given.setup.limits)?),
            None => judged.extend(compared(name, book, given)),
        }
    }
    let peers = args.against.iter().filter_map(|name| Peer::named(name));
    judged.extend(peers.map(|peer| plain(peer.name().to_owned(), By::Peer(peer))));
    let went = given.live.as_ref().filter(|_| args.sweep.is_none());
    judged
        .extend(went.map(|live| plain(format!("{}, as it went", live.name), By::Past(live.course.clone()))));
    Ok(judged)
}

fn plain(name: String, by: By) -> Candidate {
    Candidate { name, swept: None, by }
}

/// The rules, and beside them what their steps cost, if they move by steps.
fn compared(name: String, book: Rulebook, given: &Given) -> Vec<Candidate> {
    let any = (given.moves != Moves::Exact)
        .then(|| plain(format!("{name}, any number"), By::AnyNumber(Box::new(book.clone()))));
    [plain(name, By::Rules(Box::new(book)))].into_iter().chain(any).collect()
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

/// The rules at each value of the sweep, the ends included. Values that settings would refuse are left out.
///
/// # Errors
/// When no value is left.
fn swept(name: &str, book: &Rulebook, sweep: &Sweep, points: u32, limits: Limits) -> Result<Vec<Candidate>> {
    let knob = sweep.knob;
    let (mut swept, mut refused) = (Vec::new(), Vec::new());
    for value in knob.values(*sweep.values.start(), *sweep.values.end(), points) {
        let mut book = book.clone();
        knob.turn(&mut book.rules, value);
        match unfit(&book, limits) {
            Some(why) => refused.push(why),
            None => swept.push(point(name, knob, value, book)),
        }
    }
    match (swept.len(), refused.as_slice()) {
        (0, [first, ..]) => bail!("{name}: no value of {} can be judged: {first}", knob.name),
        (fit, [first, .., last]) => tracing::warn!(
            "{name}: {} of {} values of {} are left out, since settings would refuse them, from {first} to {last}",
            refused.len(),
            fit + refused.len(),
            knob.name
        ),
        (_, [only]) => tracing::warn!("{name}: a value of {} is left out: {only}", knob.name),
        (_, []) => {}
    }
    Ok(swept)
}

/// Why no group could have these rules.
fn unfit(book: &Rulebook, limits: Limits) -> Option<String> {
    let above = book.rules.min.filter(|min| *min > limits.max);
    let above = above.map(|min| format!("min = {min}: there may be {} servers at most", limits.max));
    settings::contradictions(book).into_iter().next().or(above)
}

fn point(name: &str, knob: Knob, value: f64, book: Rulebook) -> Candidate {
    let shown = match knob.unit {
        Unit::Number | Unit::NumberOrZero => ((value * 1e4).round() / 1e4).to_string(),
        Unit::Count | Unit::CountOrZero => value.to_string(),
        Unit::Time => show(Duration::from_secs_f64(value)),
    };
    Candidate {
        name: format!("{name} {}={shown}", knob.name),
        swept: Some(Swept { of: name.to_owned(), rule: knob.name, value, shown }),
        by: By::Rules(Box::new(book)),
    }
}
