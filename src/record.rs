//! The record: what one pass tells of one group, the same in every interface.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::decide::limits_in_force;
use crate::decide::verdict::{Decision, Hold, Unusable, Verdict, WrittenOff};
use crate::model::{
    BalancerLoad, Beat, Capacity, Fleet, Level, Observation, Outcome, Reading, Rules, Signal, elapsed,
};

mod progress;

pub use progress::Progress;

/// What `decide` was given and said: the part of a record that the journal keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pass {
    /// Everything that was seen.
    pub seen: Observation,
    /// What was decided.
    pub decision: Decision,
}

/// What became of a pass's move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// When this was known.
    pub at: Timestamp,
    /// The outcome.
    pub outcome: Outcome,
    /// The cloud's words, where it did not simply take the move.
    pub error: Option<String>,
}

/// One line of `--json`: stable names, `null` for what does not apply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The instant of the pass, RFC 3339 in UTC.
    pub time: Timestamp,
    /// The group's name in the settings.
    pub group: String,
    /// What was measured.
    pub signal: Option<SignalView>,
    /// The heartbeat it was judged by; the one member that is left out where it does not apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat: Option<BeatView>,
    /// The balancers it adds up.
    pub load_balancers: Option<Vec<BalancerLoad>>,
    /// Active connections on all of them.
    pub connections: Option<u64>,
    /// The oldest the reading may be.
    pub reading_age_seconds: Option<f64>,
    /// The fleet.
    pub servers: Servers,
    /// Connections that what serves carries well.
    pub capacity: Option<f64>,
    /// Connections over capacity.
    pub utilization: Option<f64>,
    /// Servers that the load needs, before limits.
    pub needed: Option<u32>,
    /// What was decided.
    pub action: Action,
    /// The policy chosen, by name.
    pub policy: Option<String>,
    /// Desired capacity before the move.
    pub desired_from: Option<u32>,
    /// Desired capacity after the move, or after what was made of it.
    pub desired_to: Option<u32>,
    /// What became of the move.
    pub outcome: Option<Outcome>,
    /// Why, in one stable snake_case word.
    pub reason: String,
    /// Why, in one sentence for a person.
    pub explanation: String,
    /// What went wrong, if anything did.
    pub error: Option<String>,
}

/// What was measured, as the record tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignalView {
    /// `demand` or `level`.
    pub kind: String,
    /// The measured number.
    pub value: f64,
    /// The number's unit: `connections` or `ms`.
    pub unit: String,
    /// On which side of the band it lies; none if the reading cannot be used.
    pub level: Option<Level>,
}

/// The worst heartbeat, as the record tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BeatView {
    /// The page.
    pub url: String,
    /// What was wrong with its answer.
    pub error: Option<String>,
    /// The milliseconds that its name took.
    pub dns_ms: Option<f64>,
    /// The milliseconds that the connection took, TLS included.
    pub connect_ms: Option<f64>,
}

/// The fleet, as the record tells it; null members could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Servers {
    /// Servers of the group that serve on a balancer.
    pub serving: Option<u32>,
    /// Servers in service by the group's own account.
    pub active: Option<u32>,
    /// Servers asked for and not yet active.
    pub pending: Option<u32>,
    /// Servers asked for.
    pub desired: Option<u32>,
    /// The lower limit in force.
    pub min: Option<u32>,
    /// The upper limit in force.
    pub max: Option<u32>,
}

/// What a pass decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A move up.
    ScaleUp,
    /// A move down.
    ScaleDown,
    /// None.
    Hold,
}

impl Record {
    /// The record of `pass` over `group` under `rules`, with what became of its move.
    pub fn new(group: &str, rules: &Rules, pass: &Pass, progress: &Progress) -> Record {
        let Pass { seen, decision } = pass;
        let (reading, fleet) = (seen.reading.as_ref().ok(), seen.fleet.as_ref().ok());
        let capacity = seen.capacity.as_ref().ok();
        let load = reading.and_then(|reading| reading.signal.load());
        let change = decision.verdict.change();
        let total = capacity.map(Capacity::total).filter(|_| load.is_some());
        Record {
            time: seen.at,
            group: group.to_owned(),
            signal: reading.map(|reading| signal(rules, reading, total, &decision.verdict)),
            heartbeat: reading.and_then(|r| r.beat.as_ref()).map(BeatView::from),
            load_balancers: reading.map(|r| r.balancers.clone()).filter(|balancers| !balancers.is_empty()),
            connections: load.map(|load| load as u64),
            reading_age_seconds: reading.map(|r| elapsed(r.taken.earliest, seen.at).as_secs_f64()),
            servers: servers(rules, fleet, capacity),
            capacity: total,
            utilization: load.zip(total).filter(|(_, total)| *total > 0.0).map(|(load, total)| load / total),
            needed: decision.needed,
            action: action(&decision.verdict),
            policy: change.and_then(|change| change.by.as_ref()).map(|policy| policy.name.clone()),
            desired_from: change.map(|change| change.from),
            desired_to: change.map(|change| progress.to(change)),
            outcome: progress.outcome(),
            reason: decision.verdict.reason().to_owned(),
            explanation: explanation(pass),
            error: error(pass, progress),
        }
    }

    /// The record of a group that no pass could be made over.
    pub fn not_passed(
        group: &str,
        time: Timestamp,
        reason: &str,
        explanation: String,
        error: Option<String>,
    ) -> Record {
        Record {
            time,
            group: group.to_owned(),
            signal: None,
            heartbeat: None,
            load_balancers: None,
            connections: None,
            reading_age_seconds: None,
            servers: Servers::default(),
            capacity: None,
            utilization: None,
            needed: None,
            action: Action::Hold,
            policy: None,
            desired_from: None,
            desired_to: None,
            outcome: None,
            reason: reason.to_owned(),
            explanation,
            error,
        }
    }
}

impl From<&Beat> for BeatView {
    fn from(beat: &Beat) -> BeatView {
        let Beat { url, error, dns, connect } = beat.clone();
        BeatView { url, error, dns_ms: dns, connect_ms: connect }
    }
}

fn signal(rules: &Rules, reading: &Reading, capacity: Option<f64>, verdict: &Verdict) -> SignalView {
    let (kind, value, unit, level) = match reading.signal {
        Signal::Demand { load } => {
            ("demand", load, "connections", capacity.map(|capacity| rules.level(load, capacity)))
        }
        Signal::Level { level, value } => ("level", value, "ms", Some(level)),
    };
    let level = level.filter(|_| !matches!(verdict, Verdict::Hold(Hold::Unusable(_))));
    SignalView { kind: kind.to_owned(), value, unit: unit.to_owned(), level }
}

fn servers(rules: &Rules, fleet: Option<&Fleet>, capacity: Option<&Capacity>) -> Servers {
    let limits = fleet.map(|fleet| limits_in_force(rules, fleet));
    Servers {
        serving: capacity.map(|capacity| capacity.servers),
        active: fleet.map(|fleet| fleet.active),
        pending: fleet.map(|fleet| fleet.desired.saturating_sub(fleet.active)),
        desired: fleet.map(|fleet| fleet.desired),
        min: limits.map(|limits| limits.min),
        max: limits.map(|limits| limits.max),
    }
}

fn action(verdict: &Verdict) -> Action {
    match verdict {
        Verdict::Scale(change, _) if change.to > change.from => Action::ScaleUp,
        Verdict::Scale(..) => Action::ScaleDown,
        Verdict::Hold(_) => Action::Hold,
    }
}

fn explanation(pass: &Pass) -> String {
    let Pass { seen, decision } = pass;
    let mut sentences = vec![decision.verdict.to_string()];
    sentences.extend(decision.by_others.as_ref().map(ToString::to_string));
    sentences.extend(decision.written_off.as_ref().map(ToString::to_string));
    sentences.extend(failed_beat(seen));
    sentences.extend(unexplained(seen));
    sentences.join(" ")
}

/// A heartbeat that failed counts as high, which the time it took does not show.
fn failed_beat(seen: &Observation) -> Option<String> {
    let beat = seen.reading.as_ref().ok()?.beat.as_ref()?;
    Some(format!("The heartbeat of {} failed: {}.", beat.url, beat.error.as_ref()?))
}

/// Servers that serve and that nobody named carry load on a capacity that may not be theirs.
fn unexplained(seen: &Observation) -> Option<String> {
    let (fleet, capacity) = (seen.fleet.as_ref().ok()?, seen.capacity.as_ref().ok()?);
    let unnamed = capacity.servers.checked_sub(fleet.active).filter(|unnamed| *unnamed > 0)?;
    Some(format!(
        "{unnamed} of the {} serving servers are neither the group's nor in fixed_servers.",
        capacity.servers
    ))
}

/// What went wrong: with the move, else with reading the group, else with the reading, else in the group.
fn error(pass: &Pass, progress: &Progress) -> Option<String> {
    let of_the_move = pass.decision.verdict.change().and_then(|change| progress.error(change));
    let of_the_pass = match &pass.decision.verdict {
        Verdict::Hold(Hold::FleetUnreadable(why)) => Some(why.to_string()),
        Verdict::Hold(Hold::Unusable(Unusable::Missing(why) | Unusable::NoCapacity(why))) => {
            Some(why.clone())
        }
        _ => None,
    };
    let of_the_group = match &pass.decision.written_off {
        Some(WrittenOff::Trouble { message, .. }) => Some(message.clone()),
        _ => None,
    };
    of_the_move.or(of_the_pass).or(of_the_group)
}

#[cfg(test)]
mod tests;
