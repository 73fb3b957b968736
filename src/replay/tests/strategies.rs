//! What each strategy makes of whole loads: what would hurt whoever relies on it.

use std::ops::Range;
use std::time::Duration;

use super::loads::{
    DAY, HOUR, Load, constant, crowd, day_wave, holed, level_shift, noisy, ramp, week_wave, without,
};
use super::{MINUTE, setup, trace};
use crate::model::{Moves, Rules, Strategy};
use crate::replay::live::Live;
use crate::replay::score::{Judge, Score};
use crate::replay::trace::Trace;
use crate::replay::{Course, Setup, run};

const ALL: [Strategy; 3] = [Strategy::Threshold, Strategy::TargetTracking, Strategy::Predictive];

/// What one server carries.
const CAPACITY: f64 = 50.0;
/// Minutes that one boots.
const BOOT: usize = 3;
/// A step of the load is met when the servers asked for at its sight serve; so many more minutes are allowed,
/// as target tracking at most doubles a fleet at a time.
const MET: usize = 1 + BOOT + 3;

/// A load that met a strategy by its defaults.
struct Outcome {
    name: &'static str,
    trace: Trace,
    setup: Setup,
    course: Course,
}

fn through(strategy: Strategy, load: Load) -> Outcome {
    judged(strategy, setup(CAPACITY, BOOT, 2), trace(load))
}

/// The same with a pass every so many minutes, for which each sample holds.
fn through_every(minutes: usize, strategy: Strategy, load: Load) -> Outcome {
    let seldom = Trace { tick: MINUTE * minutes as u32, ..trace(load.into_iter().step_by(minutes)) };
    judged(strategy, setup(CAPACITY, BOOT.div_ceil(minutes), 2), seldom)
}

fn judged(strategy: Strategy, setup: Setup, trace: Trace) -> Outcome {
    let book = Rules { strategy, ..Rules::default() }.into();
    let mut live = Live::new(book, Moves::Exact, Duration::ZERO, &setup, &trace);
    let course = run(&trace, &setup, setup.start(&trace), &mut live);
    let limits = setup.limits.min..=setup.limits.max;
    assert!(course.paid.iter().all(|paid| limits.contains(paid)), "{} left the limits", strategy.name());
    Outcome { name: strategy.name(), trace, setup, course }
}

impl Outcome {
    fn is_short(&self, minute: usize) -> bool {
        self.trace.load[minute].is_some_and(|load| self.setup.demand(load) > self.course.ready[minute])
    }

    /// The minutes short of those given.
    fn short(&self, minutes: Range<usize>) -> usize {
        minutes.filter(|minute| self.is_short(*minute)).count()
    }

    /// The share of them, in percent.
    fn short_percent(&self, minutes: Range<usize>) -> f64 {
        self.short(minutes.clone()) as f64 * 100.0 / minutes.len() as f64
    }

    /// The moves at the ends of those minutes.
    fn moves(&self, minutes: Range<usize>) -> Vec<i64> {
        self.course.change[minutes].iter().copied().filter(|change| *change != 0).collect()
    }

    fn end(&self) -> usize {
        self.trace.load.len()
    }

    fn score(&self) -> Score {
        Judge::new(&self.trace, &self.setup).score(&self.course)
    }
}

#[test]
fn a_constant_load_is_met_once_and_left_alone() {
    for strategy in ALL {
        let outcome = through(strategy, constant(500.0, 8 * HOUR));
        assert_eq!(outcome.short(0..outcome.end()), 0, "{}", outcome.name);
        assert_eq!(outcome.moves(2 * HOUR..outcome.end()), [0; 0], "{}", outcome.name);
    }
}

/// A server more every twenty minutes. The band moves up only once it is left, so each is short for a boot.
#[test]
fn a_ramp_is_climbed_without_a_step_back() {
    for (strategy, most_short) in ALL.into_iter().zip([25.0, 1.0, 1.0]) {
        let outcome = through(strategy, ramp(100.0, 1000.0, 6 * HOUR));
        let down = outcome.moves(HOUR..outcome.end()).into_iter().filter(|change| *change < 0).count();
        let short = outcome.short_percent(0..outcome.end());
        assert_eq!(down, 0, "{}", outcome.name);
        assert!(short <= most_short, "{}: short {short} %", outcome.name);
        assert!(outcome.score().longest_short_minutes <= MET as f64, "{}", outcome.name);
        assert_eq!(outcome.short(outcome.end() - HOUR / 2..outcome.end()), 0, "{}", outcome.name);
    }
}

/// After the first day. Whoever knows what is coming also pays less for being there in time.
fn waves_are_followed(load: &Load) {
    let outcomes = ALL.map(|strategy| through(strategy, load.clone()));
    for (outcome, most_short) in outcomes.iter().zip([6.0, 1.0, 1.0]) {
        let short = outcome.short_percent(DAY..outcome.end());
        assert!(short <= most_short, "{}: short {short} %", outcome.name);
        assert!(outcome.score().longest_short_minutes <= MET as f64, "{}", outcome.name);
    }
    let [_, tracking, predictive] = outcomes.each_ref().map(Outcome::score);
    assert!(predictive.server_hours < tracking.server_hours, "{predictive:?} {tracking:?}");
    assert!(predictive.reversals <= 20, "{predictive:?}");
}

#[test]
fn day_waves_are_followed() {
    waves_are_followed(&noisy(day_wave(100.0, 900.0, 3), 0.02));
}

#[test]
fn week_waves_are_followed() {
    waves_are_followed(&noisy(week_wave(100.0, 900.0, 8), 0.02));
}

/// What a pass asks for must carry the load until what the next one asks for serves.
#[test]
fn with_passes_minutes_apart_a_forecast_is_short_no_longer_than_the_target() {
    for minutes in [2, 5, 10] {
        let through = |strategy| through_every(minutes, strategy, day_wave(100.0, 900.0, 3));
        let (target, forecast) = (through(Strategy::TargetTracking), through(Strategy::Predictive));
        let (most, short) = (target.short(0..target.end()), forecast.short(0..forecast.end()));
        assert!(short <= most, "every {minutes} min: {short} passes short, by the target {most}");
        assert!(forecast.score().j < target.score().j, "every {minutes} min");
    }
}

#[test]
fn a_crowd_is_met_after_a_boot_and_let_go() {
    let (comes, goes) = (4 * HOUR, 5 * HOUR);
    for strategy in ALL {
        let outcome = through(strategy, crowd(200.0, 600.0, comes..goes, 8 * HOUR));
        assert_eq!(outcome.short(0..comes), 0, "{}", outcome.name);
        assert_eq!(outcome.short(comes + MET..outcome.end()), 0, "{}", outcome.name);
        // Four servers carry what is left; an hour on nobody keeps twice as many.
        let kept = outcome.course.paid[goes + HOUR..].iter().max().unwrap();
        assert!(*kept <= 8, "{}: {kept} servers", outcome.name);
    }
}

#[test]
fn a_shift_of_level_is_survived_and_settled_on() {
    let shift = 4 * HOUR;
    for strategy in ALL {
        let outcome = through(strategy, level_shift(200.0, 800.0, shift, 8 * HOUR));
        assert_eq!(outcome.short(0..shift), 0, "{}", outcome.name);
        assert_eq!(outcome.short(shift + MET..outcome.end()), 0, "{}", outcome.name);
        // Sixteen servers carry it; two hours on nobody pays for half as many again and two.
        let kept = outcome.course.paid[shift + 2 * HOUR..].iter().max().unwrap();
        assert!(*kept <= 26, "{}: {kept} servers", outcome.name);
        let restless = outcome.moves(shift + 2 * HOUR..outcome.end());
        assert!(restless.len() <= 4, "{}: {restless:?}", outcome.name);
    }
}

#[test]
fn noise_is_not_chased() {
    for strategy in ALL {
        let outcome = through(strategy, noisy(constant(500.0, 8 * HOUR), 0.05));
        let (moves, short) = (outcome.moves(2 * HOUR..outcome.end()), outcome.short(2 * HOUR..outcome.end()));
        assert!(moves.len() <= 6 && outcome.score().reversals <= 2, "{}: {moves:?}", outcome.name);
        assert!(short <= 4, "{}: {short} minutes short", outcome.name);
    }
}

#[test]
fn lost_samples_move_nothing() {
    for strategy in ALL {
        let outcome = through(strategy, holed(noisy(constant(500.0, 8 * HOUR), 0.02), 5));
        let lost = (0..outcome.end()).filter(|minute| outcome.trace.load[*minute].is_none());
        let moved: Vec<_> = lost.filter(|minute| outcome.course.change[*minute] != 0).collect();
        assert_eq!(moved, [0; 0], "{}", outcome.name);
        assert!(outcome.short(2 * HOUR..outcome.end()) <= 4, "{}", outcome.name);
        assert!(outcome.score().reversals <= 2, "{}", outcome.name);
    }
}

/// In the morning of the second day, so that more load comes back than went.
#[test]
fn an_hour_unseen_keeps_the_fleet_and_the_way_on() {
    let unseen = DAY + 6 * HOUR..DAY + 7 * HOUR;
    for strategy in ALL {
        let outcome = through(strategy, without(day_wave(100.0, 900.0, 2), unseen.clone()));
        assert_eq!(outcome.moves(unseen.clone()), [0; 0], "{}", outcome.name);
        let back = unseen.end..unseen.end + HOUR;
        let down = outcome.moves(back.clone()).into_iter().filter(|change| *change < 0).count();
        assert_eq!(down, 0, "{}", outcome.name);
        let settled = back.start + MET..outcome.end();
        assert!(outcome.short_percent(settled) <= 10.0, "{}", outcome.name);
        assert!(outcome.score().longest_short_minutes <= (MET + BOOT) as f64, "{}", outcome.name);
    }
}

/// Twenty minutes without any connection while the servers are up: that load is true and may be followed
/// down, but when it is back it is met as any crowd is.
#[test]
fn nothing_at_all_is_recovered_from() {
    let (stops, returns) = (4 * HOUR, 4 * HOUR + 20);
    for strategy in ALL {
        let outcome = through(strategy, crowd(500.0, -500.0, stops..returns, 8 * HOUR));
        assert_eq!(outcome.short(0..returns), 0, "{}", outcome.name);
        assert_eq!(outcome.short(returns + MET..outcome.end()), 0, "{}", outcome.name);
        let kept = outcome.course.paid[returns + HOUR..].iter().max().unwrap();
        assert!(*kept <= 17, "{}: {kept} servers", outcome.name);
    }
}
