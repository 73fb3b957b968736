//! Journals of live groups, brought to a trace and a course.
#![allow(clippy::unwrap_used)]

use jiff::ToSpan;

use super::*;
use crate::decide::tests::world::{Mishap, Story, Tick, play};
use crate::decide::tests::{at, secs, step};
use crate::journal::State;
use crate::model::{Effect, Limits, Rules};

const MINUTE: Duration = Duration::from_secs(60);

/// A pass in the minute, as thinning leaves it.
fn thinned(minute: i64, load: Option<f64>, serving: u32, desired: u32) -> Entry {
    let (serving, desired) = (Some(serving), Some(desired));
    Entry::Thinned(Thinned { at: at(60 * minute), load, serving, desired })
}

fn read(entries: &[Entry]) -> History {
    let mut history = History::default();
    entries.iter().for_each(|entry| history.take(entry));
    history
}

/// The journal of a group of steps of one, a pass every 20 s, whose servers boot for 100 s.
fn lived(loads: impl IntoIterator<Item = u32>) -> Vec<Entry> {
    let ticks = loads.into_iter().map(|load| Tick { load, mishap: Mishap::None }).collect();
    let steps = vec![step("up", Effect::Change(1)), step("down", Effect::Change(-1))];
    let limits = Limits { min: 2, max: 9 };
    let (rules, group_cooldown) = (Rules::default(), 120);
    play(&Story { rules, limits, steps, group_cooldown, interval: 20, boot: 100, servers: 2, ticks }).1
}

#[test]
fn whole_passes_tell_load_servers_and_the_group() {
    let loads = [vec![90; 40], vec![130; 40]].concat();
    let past = read(&lived(loads.clone())).past("web", None).unwrap();
    assert_eq!(past.trace.tick, secs(20));
    assert_eq!(past.trace.load, loads.iter().map(|load| Some(f64::from(*load))).collect::<Vec<_>>());
    assert_eq!((past.fleet.limits, past.fleet.cooldown), (Limits { min: 2, max: 9 }, secs(120)));
    assert_eq!((past.capacity.per_server, past.capacity.fixed), (50.0, 0.0));
    // The move of the pass that first saw 130 is seen by the next, and the server five passes after the move.
    assert_eq!(past.course.ready[39..48], [2, 2, 2, 2, 2, 2, 3, 3, 3]);
    assert_eq!(past.course.paid[39..43], [2, 2, 3, 3]);
    assert_eq!(past.course.change[40], 1);
    assert_eq!(past.boot, Some(secs(80)), "seen after 100 s, which may be one pass late");
}

#[test]
fn thinned_and_whole_passes_make_one_trace() {
    let mut entries: Vec<Entry> = (-10..0).map(|n| thinned(n, Some(80.0), 2, 2)).collect();
    entries.push(Entry::Snapshot(Box::default()));
    entries.extend(lived(vec![90; 300]));
    let past = read(&entries).past("web", Some(MINUTE)).unwrap();
    assert_eq!((past.trace.start, past.trace.load.len()), (at(-600), 110));
    assert_eq!((past.trace.load[9], past.trace.load[10]), (Some(80.0), Some(90.0)));
}

#[test]
fn after_a_week_of_rest_the_snapshot_still_tells_of_the_group() {
    let whole = lived(vec![90; 3]);
    let Some(Entry::Pass { pass, .. }) = whole.last() else { panic!("a pass is last") };
    let state = State { last: Some(pass.clone()), ..State::default() };
    let mut entries: Vec<Entry> = (0..60).map(|n| thinned(n, Some(80.0), 2, 2)).collect();
    assert_eq!(read(&entries).past("web", None).unwrap_err(), Unfit::Unknown);
    entries.push(Entry::Snapshot(Box::new(state)));
    assert_eq!(read(&entries).past("web", None).unwrap().fleet.limits.max, 9);
}

#[test]
fn too_little_is_counted() {
    let levels = (0..100).map(|n| thinned(n, None, 2, 2));
    assert_eq!(read(&levels.collect::<Vec<_>>()).past("web", None).unwrap_err(), Unfit::TooFew { found: 0 });
    assert_eq!(read(&lived(vec![90; 59])).past("web", None).unwrap_err(), Unfit::TooFew { found: 59 });
}

#[test]
fn a_gap_stays_one_and_the_servers_are_held() {
    let mut entries = lived(vec![90; 200]);
    let end = at(200 * 20).checked_add(1.hour()).unwrap();
    entries.push(Entry::Thinned(Thinned { at: end, load: Some(70.0), serving: Some(4), desired: Some(4) }));
    let past = read(&entries).past("web", None).unwrap();
    let gap = 200..200 + 180;
    assert!(past.trace.load[gap.clone()].iter().all(Option::is_none));
    assert!(past.course.ready[gap.clone()].iter().all(|ready| *ready == 2));
    assert_eq!((past.trace.load[gap.end], past.course.ready[gap.end]), (Some(70.0), 4));
}

#[test]
fn a_clock_that_was_set_back_is_told_once() {
    let mut entries = lived(vec![90; 100]);
    entries.extend((0..40).map(|n| thinned(n, Some(500.0), 2, 2)));
    let past = read(&entries).past("web", None).unwrap();
    assert!(past.trace.load[..100].iter().all(|load| *load == Some(90.0)));
}
