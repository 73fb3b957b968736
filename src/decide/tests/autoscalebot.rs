//! autoscalebot's loop beside ours: a small model of it, written from what its documentation promises, must act
//! as `decide` does, at the same passes.

use jiff::tz::TimeZone;
use proptest::prelude::*;
use proptest::strategy::Strategy;

use super::*;
use crate::rulebook::{Rulebook, Timetable};

/// A number of dynos, or one for each time of day: minutes from midnight on, in order.
pub(crate) type Dynos = Vec<(u16, u32)>;

/// autoscalebot's settings, and what happens to it.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) fails: usize,
    pub(crate) passes: usize,
    pub(crate) increment: u32,
    pub(crate) min: Dynos,
    pub(crate) max: Dynos,
    pub(crate) zone: &'static str,
    interval: i64,
    dynos: u32,
    results: Vec<Level>,
}

/// autoscalebot: a list of results, and three questions.
struct Model<'a> {
    story: &'a Story,
    dynos: u32,
    results: Vec<Level>,
}

impl Model<'_> {
    /// One heartbeat at a local minute of the day; the number of dynos it scales to, if it does.
    fn beat(&mut self, minute: u16, result: Level) -> Option<u32> {
        let story = self.story;
        self.results.push(result);
        let (min, max) = (holding(&story.min, minute), holding(&story.max, minute));
        let to = if self.dynos < min {
            Some(min)
        } else if self.dynos > max {
            Some(max)
        } else if self.last_are(story.fails, Level::High) {
            Some((self.dynos + story.increment).min(max))
        } else if self.last_are(story.passes, Level::Low) {
            Some(self.dynos.saturating_sub(story.increment).max(min))
        } else {
            None
        };
        let to = to.filter(|to| *to != self.dynos)?;
        self.results.clear();
        self.dynos = to;
        Some(to)
    }

    fn last_are(&self, count: usize, level: Level) -> bool {
        self.results.len() >= count && self.results.iter().rev().take(count).all(|result| *result == level)
    }
}

/// The last entry at or before the minute, or of the day before.
fn holding(dynos: &Dynos, minute: u16) -> u32 {
    let (_, number) = dynos.iter().rev().find(|(begin, _)| *begin <= minute).or(dynos.last()).unwrap();
    *number
}

fn rulebook(story: &Story) -> Rulebook {
    let table = |dynos: &Dynos| {
        let text = |minute: u16| format!("{}:{:02}", minute / 60, minute % 60);
        let entries: Vec<_> = dynos.iter().map(|(minute, number)| (text(*minute), *number)).collect();
        let entries = entries.iter().map(|(text, number)| (text.as_str(), *number));
        Timetable::new(TimeZone::get(story.zone).unwrap(), entries).unwrap()
    };
    let rules = Rules {
        scale_up_after: story.fails as u32,
        scale_down_after: story.passes as u32,
        increment: Some(story.increment),
        ..Rules::default()
    };
    Rulebook { rules, min: Some(table(&story.min)), max: Some(table(&story.max)) }
}

/// Ours: what a pass decides, and remembers of it.
struct Ours {
    book: Rulebook,
    memory: Memory,
    dynos: u32,
}

impl Ours {
    fn pass(&mut self, now: Timestamp, level: Level) -> Option<u32> {
        let exact = |fleet: &mut Fleet| fleet.moves = Moves::Exact;
        let taken = |reading: &mut Reading| reading.taken = Window { earliest: now, latest: now };
        let scene =
            scene().servers(self.dynos, self.dynos).limits(0, 100).fleet(exact).level(level).reading(taken);
        let seen = Observation { at: now, ..scene.seen };
        let rules = self.book.at(now);
        let decision = decide(&rules, &self.memory, &seen);
        self.memory = self.memory.after(&rules, &seen);
        let Verdict::Scale(change, _) = decision.verdict else { return None };
        self.memory.started(now, &change);
        self.memory.settled(Outcome::Executed);
        self.dynos = change.to;
        Some(change.to)
    }
}

fn dynos(numbers: std::ops::Range<u32>) -> impl Strategy<Value = Dynos> {
    prop::collection::btree_map(0..1440u16, numbers, 1..5).prop_map(|table| table.into_iter().collect())
}

pub(crate) fn story() -> impl Strategy<Value = Story> {
    let level = prop_oneof![3 => Just(Level::High), 1 => Just(Level::Right), 3 => Just(Level::Low)];
    // Stretches of one result: long enough to be acted on again and again.
    let results = prop::collection::vec((level, 1..12usize), 1..12);
    let zone = prop_oneof![Just("UTC"), Just("Asia/Kolkata"), Just("America/Phoenix")];
    let counts = (1..5usize, 1..7usize, 1..4u32);
    (counts, dynos(0..4), dynos(4..9), (zone, 30..3600i64, 0..12u32), results).prop_map(
        |((fails, passes, increment), min, max, (zone, interval, dynos), results)| {
            let results = results.into_iter().flat_map(|(level, n)| vec![level; n]).collect();
            Story { fails, passes, increment, min, max, zone, interval, dynos, results }
        },
    )
}

/// Whether a group by `book` acts as autoscalebot does in `story`.
pub(crate) fn agrees(story: &Story, book: Rulebook) -> Result<(), TestCaseError> {
    let mut model = Model { story, dynos: story.dynos, results: Vec::new() };
    let mut ours = Ours { book, memory: Memory::default(), dynos: story.dynos };
    let zone = TimeZone::get(story.zone).unwrap();
    for (n, result) in story.results.iter().enumerate() {
        let now = at(n as i64 * story.interval);
        let local = zone.to_datetime(now);
        let minute = local.hour() as u16 * 60 + local.minute() as u16;
        prop_assert_eq!(ours.pass(now, *result), model.beat(minute, *result), "beat {} at {}", n, local);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_same_beats_lead_to_the_same_actions(story in story()) {
        agrees(&story, rulebook(&story))?;
    }
}
