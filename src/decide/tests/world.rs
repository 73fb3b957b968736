//! A simulated world over `decide`: a scaling group that behaves as the service does, a load, a controller
//! that journals. No clock and no randomness of its own: a story replays exactly.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::Strategy;

use super::{at, step};
use crate::decide::decide;
use crate::decide::verdict::{Decision, Verdict};
use crate::journal::{Entry, State, digest};
use crate::model::*;
use crate::record::{Pass, Settled};

/// Everything that happens to one group.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) rules: Rules,
    pub(crate) limits: Limits,
    pub(crate) steps: Vec<Step>,
    pub(crate) group_cooldown: u64,
    /// Seconds from one pass to the next.
    pub(crate) interval: i64,
    /// Seconds a server takes to boot.
    pub(crate) boot: i64,
    /// Servers at the beginning.
    pub(crate) servers: u32,
    pub(crate) ticks: Vec<Tick>,
}

/// What one pass meets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tick {
    pub(crate) load: u32,
    pub(crate) mishap: Mishap,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mishap {
    None,
    NoReading,
    Unreadable,
    Paused,
    /// Servers asked for in this pass never come.
    BadBoot,
    /// The answer to this pass's move is lost; the move is made.
    LostAnswer,
    /// The move is lost on its way, and so is the answer.
    LostMove,
    /// Someone else asks for one server more.
    ByHand,
}

/// One pass as it went.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) seen: Observation,
    pub(crate) decision: Decision,
}

/// What one server carries in every story.
pub(crate) const PER_SERVER: f64 = 50.0;

/// The scaling service's side.
struct Service {
    desired: u32,
    active: u32,
    /// When each server that is coming will be there; never, for some.
    coming: Vec<Option<i64>>,
    touched: Option<i64>,
    policies: BTreeMap<String, i64>,
}

impl Service {
    fn advance(&mut self, now: i64) {
        let there = |ready: &Option<i64>| ready.is_some_and(|ready| ready <= now);
        self.active += self.coming.iter().filter(|ready| there(ready)).count() as u32;
        self.coming.retain(|ready| !there(ready));
    }

    /// Executes by the service's own rules: cooldowns, arithmetic, no change is refused.
    fn execute(&mut self, story: &Story, policy: &str, now: i64, ready: Option<i64>) -> Outcome {
        let Some(step) = story.steps.iter().find(|step| step.id == policy) else { return Outcome::Failed };
        let rested = |since: Option<&i64>, pause: u64| since.is_none_or(|since| now - since >= pause as i64);
        let to = step.effect.apply(self.desired, story.limits);
        let free = rested(self.policies.get(policy), step.cooldown.as_secs())
            && rested(self.touched.as_ref(), story.group_cooldown);
        if !free || to == self.desired {
            return Outcome::Refused;
        }
        self.touched = Some(now);
        self.policies.insert(policy.to_owned(), now);
        self.set(to, ready);
        Outcome::Executed
    }

    /// More servers come later; fewer go at once, those that are coming first.
    fn set(&mut self, to: u32, ready: Option<i64>) {
        for _ in self.desired..to {
            self.coming.push(ready);
        }
        for _ in to..self.desired {
            if self.coming.pop().is_none() {
                self.active -= 1;
            }
        }
        self.desired = to;
    }
}

/// Plays `story`: every pass as it went, and the journal that it left.
pub(crate) fn play(story: &Story) -> (Vec<Told>, Vec<Entry>) {
    let mut service = Service {
        desired: story.servers,
        active: story.servers,
        coming: Vec::new(),
        touched: None,
        policies: BTreeMap::new(),
    };
    let mut ledger = Ledger { entries: Vec::new(), state: State::default() };
    let mut told = Vec::new();
    ledger.write(Entry::Rules { at: at(0), rules: Box::new(story.rules.clone()) });
    for (n, tick) in story.ticks.iter().enumerate() {
        let now = n as i64 * story.interval;
        service.advance(now);
        let ready = (tick.mishap != Mishap::BadBoot).then_some(now + story.boot);
        if tick.mishap == Mishap::ByHand {
            service.set((service.desired + 1).min(story.limits.max), ready);
        }
        told.push(pass(story, &mut service, &mut ledger, *tick, (now, ready)));
    }
    (told, ledger.entries)
}

struct Ledger {
    entries: Vec<Entry>,
    state: State,
}

impl Ledger {
    fn write(&mut self, entry: Entry) {
        self.state.fold(&entry);
        self.entries.push(entry);
    }
}

fn pass(
    story: &Story,
    service: &mut Service,
    ledger: &mut Ledger,
    tick: Tick,
    (now, ready): (i64, Option<i64>),
) -> Told {
    let seen = observe(story, service, tick, now);
    if let (Some(_), Ok(fleet)) = (&ledger.state.memory.open, &seen.fleet) {
        ledger.write(Entry::Found { at: seen.at, desired: fleet.desired });
    }
    let decision = decide(&story.rules, &ledger.state.memory, &seen);
    let told = Told { seen: seen.clone(), decision: decision.clone() };
    let memory = digest(&ledger.state.memory);
    ledger.write(Entry::Pass { pass: Box::new(Pass { seen, decision }), memory });
    let Verdict::Scale(change, _) = &told.decision.verdict else { return told };
    let Some(policy) = &change.by else { unreachable!("the group moves by policies") };
    ledger.write(Entry::Started { at: at(now), change: change.clone() });
    let outcome = match tick.mishap {
        Mishap::LostMove => Outcome::Unknown,
        Mishap::LostAnswer => {
            service.execute(story, &policy.id, now, ready);
            Outcome::Unknown
        }
        _ => service.execute(story, &policy.id, now, ready),
    };
    ledger.write(Entry::Settled(Settled { at: at(now), outcome, error: None }));
    told
}

fn observe(story: &Story, service: &Service, tick: Tick, now: i64) -> Observation {
    let fleet = Fleet {
        active: service.active,
        desired: service.desired,
        limits: story.limits,
        paused: tick.mishap == Mishap::Paused,
        trouble: None,
        cooldown: super::secs(story.group_cooldown),
        moves: Moves::Steps(story.steps.clone()),
        flavor: None,
        details_at: at(now),
    };
    let reading = Reading {
        signal: Signal::Demand { load: f64::from(tick.load) },
        taken: Window { earliest: at(now), latest: at(now) },
        balancers: Vec::new(),
        nodes: None,
        beat: None,
    };
    let serving = f64::from(service.active) * PER_SERVER;
    let capacity = Capacity { servers: service.active, serving, fixed: 0.0, per_server: PER_SERVER };
    let lost = || "not answered".to_owned();
    Observation {
        at: at(now),
        fleet: if tick.mishap == Mishap::Unreadable { Err(Unreadable::Failed(lost())) } else { Ok(fleet) },
        reading: if tick.mishap == Mishap::NoReading { Err(NoReading::Missing(lost())) } else { Ok(reading) },
        capacity: Ok(capacity),
    }
}

/// Rules, limits and times of every sensible kind, without ticks and without policies.
fn bare() -> impl Strategy<Value = Story> {
    let band = (0.5..1.5f64, 0.3..0.95f64);
    let readings = (1..4u32, 1..4u32);
    let times = (0..4u64, 0..4u64, 0..600i64, 0..900u64, 20..120i64);
    let limits = (0..4u32, 1..24u32, 0..6u32, 2..30u32, 0..28u32);
    (band, readings, times, limits).prop_map(|(band, readings, times, (min, more, ours, most, servers))| {
        let rules = Rules {
            scale_up_above: band.0,
            scale_down_below: band.0 * band.1,
            scale_up_after: readings.0,
            scale_down_after: readings.1,
            cooldown: super::secs(times.0 * 60),
            boot_timeout: super::secs(times.2 as u64 + times.3),
            min: (ours > 0).then_some(ours),
            max: (most < 20).then_some(most.max(ours)),
            ..Rules::default()
        };
        let limits = Limits { min, max: min + more };
        let servers = servers.clamp(limits.min, limits.max);
        let (group_cooldown, boot, interval) = (times.1 * 45, times.2, times.4);
        Story { rules, limits, steps: Vec::new(), group_cooldown, interval, boot, servers, ticks: Vec::new() }
    })
}

fn effects(sign: i64) -> impl Strategy<Value = Vec<Effect>> {
    let effect = prop_oneof![
        3 => (1..6i64).prop_map(move |n| Effect::Change(sign * n)),
        1 => (5..150u32).prop_map(move |p| Effect::Percent(sign as f64 * f64::from(p))),
        1 => (0..25u64).prop_map(Effect::Desired),
    ];
    prop::collection::vec(effect, 1..4)
}

fn named(prefix: &str, effects: Vec<Effect>, cooldown: u64) -> Vec<Step> {
    let step = |(n, effect)| Step {
        cooldown: super::secs(cooldown * n as u64),
        ..step(&format!("{prefix}{n}"), effect)
    };
    effects.into_iter().enumerate().map(step).collect()
}

/// Stories with policies of every kind, and no ticks yet.
pub(crate) fn mixed() -> impl Strategy<Value = Story> {
    (bare(), effects(1), effects(-1), 0..120u64).prop_map(|(story, up, down, cooldown)| {
        let steps = [named("up", up, cooldown), named("down", down, cooldown)].concat();
        Story { steps, ..story }
    })
}

/// Stories with steps of one.
pub(crate) fn by_ones() -> impl Strategy<Value = Story> {
    (bare(), 0..120u64).prop_map(|(story, cooldown)| {
        let one = |prefix, by| named(prefix, vec![Effect::Change(by)], cooldown);
        Story { steps: [one("up", 1), one("down", -1)].concat(), ..story }
    })
}

/// `story` with a load that wanders and jumps, and whatever can happen.
pub(crate) fn eventful(story: impl Strategy<Value = Story>) -> impl Strategy<Value = Story> {
    let mishap = prop_oneof![
        20 => Just(Mishap::None),
        1 => Just(Mishap::NoReading),
        1 => Just(Mishap::Unreadable),
        1 => Just(Mishap::Paused),
        2 => Just(Mishap::BadBoot),
        1 => Just(Mishap::LostAnswer),
        1 => Just(Mishap::LostMove),
        1 => Just(Mishap::ByHand),
    ];
    // A stretch of one load, then another: long enough to be confirmed and acted on.
    let stretch = (0..1500u32, prop::collection::vec(mishap, 1..30));
    (story, prop::collection::vec(stretch, 1..6)).prop_map(|(story, stretches)| {
        let ticks = stretches
            .into_iter()
            .flat_map(|(load, mishaps)| mishaps.into_iter().map(move |mishap| Tick { load, mishap }));
        Story { ticks: ticks.collect(), ..story }
    })
}

/// `story` by any of the strategies: the more one remembers, and so costs a test, the less often.
pub(crate) fn strategic(story: impl Strategy<Value = Story>) -> impl Strategy<Value = Story> {
    use crate::model::Strategy::{Predictive, TargetTracking, Threshold};
    let drawn = prop_oneof![6 => Just(Threshold), 3 => Just(TargetTracking), 1 => Just(Predictive)];
    (story, drawn).prop_map(|(story, strategy)| Story { rules: Rules { strategy, ..story.rules }, ..story })
}

/// `story` under one load, with nothing amiss and every server there in time.
pub(crate) fn constant(story: impl Strategy<Value = Story>) -> impl Strategy<Value = Story> {
    (story, 0..1500u32).prop_map(|(story, load)| {
        let ticks = vec![Tick { load, mishap: Mishap::None }; 120];
        Story { ticks, ..story }
    })
}
