//! Laws that hold in every story: limits, need, promptness, steadiness.

use proptest::prelude::*;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};

use super::super::limits_in_force;
use super::super::verdict::{Cause, Verdict};
use super::world::{PER_SERVER, Story, Told, by_ones, constant, eventful, mixed, play};
use super::*;

/// Checks `law` on many stories: in full when `LOADSCALE_SOAK` is 1, else on a part that says so.
pub(crate) fn law<S: Strategy<Value = Story>>(
    name: &str,
    stories: S,
    law: impl Fn(&Story) -> TestCaseResult,
) {
    const FULL: u32 = 5_000;
    const ORDINARY: u32 = 300;
    let soak = std::env::var("LOADSCALE_SOAK").is_ok_and(|value| value == "1");
    if !soak {
        use std::io::Write;
        let told = writeln!(std::io::stderr(), "scaled down: {name}: {ORDINARY} stories of {FULL}");
        assert!(told.is_ok());
    }
    let cases = if soak { FULL } else { ORDINARY };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&stories, |story| law(&story));
    assert!(outcome.is_ok(), "{name}: {}", outcome.err().map(|e| e.to_string()).unwrap_or_default());
}

fn moved(told: &Told) -> Option<&Change> {
    match &told.decision.verdict {
        Verdict::Scale(change, _) => Some(change),
        Verdict::Hold(_) => None,
    }
}

fn mended(told: &Told) -> bool {
    matches!(told.decision.verdict, Verdict::Scale(_, Cause::OutsideLimits { .. }))
}

fn limits(story: &Story, told: &Told) -> Limits {
    limits_in_force(&story.rules, told.seen.fleet.as_ref().unwrap())
}

#[test]
fn every_move_stays_within_the_limits_or_comes_nearer_to_them() {
    law("limits", eventful(mixed()), |story| {
        for told in &play(story).0 {
            let Some(change) = moved(told) else { continue };
            let limits = limits(story, told);
            let outside = |n: u32| limits.min.saturating_sub(n).max(n.saturating_sub(limits.max));
            let (before, after) = (outside(change.from), outside(change.to));
            prop_assert!(after == 0 || after < before, "{change:?} in {limits:?}");
            prop_assert_eq!(before > 0, mended(told), "only what is outside is mended");
        }
        Ok(())
    });
}

#[test]
fn no_move_down_leaves_fewer_than_needed_except_down_to_the_maximum() {
    law("need", eventful(mixed()), |story| {
        for told in &play(story).0 {
            let Some(change) = moved(told).filter(|change| change.to < change.from) else { continue };
            let to_the_maximum = mended(told) && change.to >= limits(story, told).max;
            let serving = told.seen.capacity.as_ref().unwrap().servers;
            let left = i64::from(serving) + i64::from(change.to) - i64::from(change.from);
            let enough = told.decision.needed.is_some_and(|needed| left >= i64::from(needed));
            prop_assert!(enough || to_the_maximum, "{told:?}");
        }
        Ok(())
    });
}

/// Whether nothing excuses a hold: overloaded, below the maximum, readable, not paused, a policy that fits.
fn must_grow(story: &Story, told: &Told) -> bool {
    let (Ok(fleet), Ok(reading), Ok(capacity)) = (&told.seen.fleet, &told.seen.reading, &told.seen.capacity)
    else {
        return false;
    };
    let Signal::Demand { load } = reading.signal else { return false };
    let max = limits(story, told).max;
    let fits = |step: &Step| {
        let to = step.effect.apply(fleet.desired, fleet.limits);
        step.direction == Direction::Up && to > fleet.desired && to <= max
    };
    let overloaded = load > story.rules.scale_up_above * f64::from(capacity.servers) * PER_SERVER;
    overloaded && !fleet.paused && story.steps.iter().any(fits)
}

#[test]
fn an_overloaded_group_is_not_held_longer_than_its_rules_say() {
    law("promptness", eventful(mixed()), |story| {
        let rules = &story.rules;
        let pauses = story.steps.iter().map(|step| step.cooldown.as_secs()).chain([story.group_cooldown]);
        let pause = pauses.max().unwrap_or(0).max(rules.cooldown.as_secs());
        let readings = i64::from(rules.scale_up_after) * story.interval;
        // A pass finds a pause over, or servers overdue, one interval late at most.
        let longest = readings + (pause + rules.boot_timeout.as_secs()) as i64 + 2 * story.interval;
        let (mut since, mut desired) = (None, None);
        for told in &play(story).0 {
            let found = told.seen.fleet.as_ref().map_or(desired, |fleet| Some(fleet.desired));
            // A change by anyone, and what is coming by it, starts the pauses anew.
            let changed = std::mem::replace(&mut desired, found) != found;
            if !must_grow(story, told) || changed || moved(told).is_some() {
                since = None;
                continue;
            }
            let held = told.seen.at.as_second() - since.get_or_insert(told.seen.at).as_second();
            prop_assert!(held <= longest, "held for {held} s, {longest} s at most: {told:?}");
        }
        Ok(())
    });
}

/// The directions of a story's moves within the limits.
fn directions(story: &Story) -> Vec<Direction> {
    let up = |change: &Change| if change.to > change.from { Direction::Up } else { Direction::Down };
    play(story).0.iter().filter(|told| !mended(told)).filter_map(|told| moved(told).map(up)).collect()
}

/// A server that takes longer than `boot_timeout` is taken for lost, and one too many is then right.
fn boots_in_time(story: &Story) -> bool {
    story.boot.unsigned_abs() < story.rules.boot_timeout.as_secs()
}

#[test]
fn under_a_constant_load_no_move_up_follows_a_move_down() {
    let in_time = constant(mixed()).prop_filter("a server boots in time", boots_in_time);
    law("steadiness", in_time, |story| {
        let directions = directions(story);
        // Moves up may overshoot, as the smallest policy that covers does; what follows goes one way.
        prop_assert!(directions.is_sorted_by_key(|d| *d == Direction::Down), "{directions:?}");
        Ok(())
    });
}

#[test]
fn under_a_constant_load_steps_of_one_never_turn_round() {
    let in_time = constant(by_ones()).prop_filter("a server boots in time", boots_in_time);
    law("steadiness by ones", in_time, |story| {
        let directions = directions(story);
        prop_assert!(directions.windows(2).all(|pair| pair[0] == pair[1]), "{directions:?}");
        Ok(())
    });
}
