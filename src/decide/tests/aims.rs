//! Strategies that name a size: target tracking and the forecast, and what they may not do.

use super::*;
use crate::decide::aim::AimedBy;
use crate::decide::boot_seen;
use crate::decide::verdict::Cause;
use crate::forecast::Timing;

pub(super) fn tracking() -> Scene {
    scene().rules(|rules| rules.strategy = Strategy::TargetTracking).limits(1, 40)
}

pub(super) fn predictive() -> Scene {
    scene().rules(|rules| {
        rules.strategy = Strategy::Predictive;
        rules.boot = Some(secs(180));
    })
}

/// The scene at minute `minute` with `load` on `servers`, after having passed through `minutes` before.
pub(super) fn after(
    mut scene: Scene,
    minutes: std::ops::Range<i64>,
    load: impl Fn(i64) -> Option<f64>,
) -> Scene {
    for minute in minutes {
        scene = look(scene, minute, load(minute));
        scene.memory = scene.memory.after(&scene.rules, &scene.seen);
    }
    scene
}

pub(super) fn look(mut scene: Scene, minute: i64, load: Option<f64>) -> Scene {
    let now = at(minute * 60);
    scene.seen.at = now;
    scene.seen.reading = load.map_or(Err(NoReading::Missing("not answered".into())), |load| {
        let taken = Window { earliest: now, latest: now };
        Ok(Reading { signal: Signal::Demand { load }, taken, balancers: Vec::new(), nodes: None, beat: None })
    });
    scene.fleet(|fleet| fleet.details_at = now)
}

#[test]
fn a_target_calls_for_the_size_that_brings_utilization_to_it() {
    let steps = [("up1", Effect::Change(1)), ("up4", Effect::Change(4)), ("down1", Effect::Change(-1))];
    let scene = |load| tracking().steps(&steps).load(load);
    // 4 servers of 50 at 0.7 carry 140; a tenth more or less is tolerated.
    answers([
        ("at the target", scene(140.0), "right_size"),
        ("tolerated above", scene(153.0), "right_size"),
        ("tolerated below", scene(127.0), "right_size"),
        ("one more is enough", scene(170.0), "too_small 4->5 up1"),
        ("one more is not", scene(230.0), "too_small 4->8 up4"),
        ("one fewer", scene(100.0), "too_large 4->3 down1"),
    ]);
}

#[test]
fn exact_numbers_are_hit_exactly() {
    let exact = |load| tracking().fleet(|fleet| fleet.moves = Moves::Exact).load(load);
    let to = |scene: Scene| match scene.decide().verdict {
        Verdict::Scale(change, _) => (change.from, change.to, change.by),
        Verdict::Hold(hold) => panic!("{hold}"),
    };
    assert_eq!(to(exact(230.0)), (4, 7, None));
    assert_eq!(to(exact(60.0)), (4, 2, None));
    assert_eq!(to(exact(900.0)), (4, 8, None), "no more than four, or double, in a period");
}

#[test]
fn a_falling_load_is_followed_after_the_window_only() {
    let load = |minute: i64| Some(if minute < 10 { 140.0 } else { 70.0 });
    let waiting = |minute| look(after(tracking(), 0..minute, load), minute, load(minute)).says();
    assert_eq!(waiting(10), "right_size");
    assert_eq!(waiting(13), "right_size", "the recommendation of minute 9 is not five minutes old");
    assert_eq!(waiting(14), "too_large 4->2 down");
}

#[test]
fn no_aim_lets_go_what_is_needed_now_or_what_is_in_flight() {
    let low_target = |scene: Scene| scene.rules(|rules| rules.tracking.target = 1.4);
    // At a target of 1.4 two servers would do for 140, but the load itself needs three.
    answers([
        ("down to need", low_target(tracking()).load(140.0), "too_large 4->3 down"),
        ("at need", low_target(tracking()).load(140.0).servers(3, 3), "right_size"),
        ("coming", tracking().load(60.0).servers(4, 5), "in_flight"),
        ("going", tracking().load(60.0).servers(5, 4), "in_flight"),
        ("at the limit", tracking().load(60.0).our_limits(4, 9), "at_min"),
    ]);
}

#[test]
fn a_forecast_says_when_it_knows_too_little_and_then_takes_over() {
    let load = |_| Some(140.0);
    let aim = |minutes| after(predictive(), 0..minutes, load).memory.aim().unwrap();
    assert_eq!(aim(15).by, AimedBy::TargetForNow);
    assert_eq!(aim(30).by, AimedBy::Forecast);
    let known = aim(2880);
    assert_eq!((known.by, known.at_least, known.at_most), (AimedBy::Forecast, 3, 3));
    let sentence = look(after(predictive(), 0..15, load), 15, Some(200.0)).decide().verdict.to_string();
    assert!(sentence.starts_with("Too little is known for a forecast yet;"), "{sentence}");
}

#[test]
fn a_crowd_that_no_forecast_foresaw_is_answered_at_once() {
    let scene = look(after(predictive(), 0..600, |_| Some(140.0)), 600, Some(390.0));
    let aim = scene.memory.after(&scene.rules, &scene.seen).aim().unwrap();
    assert!(aim.at_least >= 8, "{aim:?}");
    let pausing = scene.fleet(|fleet| fleet.cooldown = secs(60));
    let sentence = pausing.decide().verdict.to_string();
    assert!(sentence.contains("A policy that adds"), "one at a time is slow, and it says so: {sentence}");
}

#[test]
fn a_load_that_vanishes_lets_nothing_go_for_an_hour_and_says_why() {
    let load = |minute: i64| Some(if minute < 600 { 140.0 } else { 0.0 });
    let then = |minute| look(after(predictive(), 0..minute, load), minute, load(minute));
    assert_eq!(then(630).servers(3, 3).says(), "right_size");
    let sentence = then(630).servers(3, 3).decide().verdict.to_string();
    assert!(sentence.contains("The load has all but vanished"), "{sentence}");
    assert_eq!(then(690).servers(3, 3).says(), "too_large 3->1 down");
}

#[test]
fn a_gap_gives_no_aim_and_is_survived() {
    let load = |minute: i64| (!(300..340).contains(&minute)).then_some(140.0);
    assert_eq!(after(predictive(), 0..320, load).memory.aim(), None);
    assert_eq!(after(predictive(), 0..345, load).memory.aim().map(|aim| aim.by), Some(AimedBy::Forecast));
}

/// So many passes teach as much as others that are further apart, and no minute in between teaches more.
#[test]
fn minutes_between_passes_hold_the_last_reading() {
    let each = after(predictive(), 0..196, |_| Some(140.0));
    let mut every_five = predictive();
    for minute in (0..1000).step_by(5) {
        every_five = look(every_five, minute, Some(140.0));
        every_five.memory = every_five.memory.after(&every_five.rules, &every_five.seen);
    }
    let aims = |scene: &Scene| scene.memory.aim().map(|aim| (aim.by, aim.at_least, aim.at_most));
    assert_eq!(aims(&every_five), aims(&each));
}

/// A reading is not taken to hold for so long, so nothing that was foretold ever comes due.
#[test]
fn passes_too_rare_for_a_forecast_say_so_and_go_by_the_target() {
    let every = |minutes: usize| {
        let mut scene = predictive();
        for minute in (0..3 * 1440).step_by(minutes) {
            scene = look(scene, minute, Some(140.0));
            scene.memory = scene.memory.after(&scene.rules, &scene.seen);
        }
        look(scene, 3 * 1440, Some(300.0))
    };
    assert_eq!(every(10).memory.aim().map(|aim| aim.by), Some(AimedBy::Forecast));
    let rare = every(15);
    assert_eq!(rare.memory.aim().map(|aim| aim.by), Some(AimedBy::TargetBetweenRarePasses));
    let sentence = rare.decide().verdict.to_string();
    assert!(sentence.contains("pass before was more than 10 minutes ago; the target"), "{sentence}");
}

#[test]
fn the_time_between_passes_is_planned_for_once_five_in_a_row_agree() {
    let mut scene = predictive();
    let mut pass = |minute| {
        scene = look(scene.clone(), minute, Some(140.0));
        scene.memory = scene.memory.after(&scene.rules, &scene.seen);
        scene.memory.tactics.as_ref().unwrap().timing().unwrap().every
    };
    // One pass that was left out, or an outage, is no other interval.
    let each_minute: Vec<usize> = [0, 1, 2, 4, 5, 6, 30, 31].map(&mut pass).into();
    assert_eq!(each_minute, [1; 8]);
    assert_eq!([36, 41, 46, 51, 56].map(&mut pass), [1, 1, 1, 1, 5]);
    assert_eq!([57, 58, 59, 60, 61].map(&mut pass), [5, 5, 5, 5, 1]);
}

#[test]
fn boots_that_were_seen_are_planned_for() {
    let mut scene = predictive().rules(|rules| rules.boot = None);
    // A server asked for in minute 100 is in service in minute 107.
    for minute in 0..120 {
        let (active, desired) = if minute <= 100 { (4, 4) } else { (if minute < 107 { 4 } else { 5 }, 5) };
        scene = look(scene.servers(active, desired), minute, Some(140.0));
        scene.memory = scene.memory.after(&scene.rules, &scene.seen);
        if minute == 100 {
            scene.memory.started(scene.seen.at, &Change::once(4, 5, None));
            scene.memory.settled(Outcome::Executed);
        }
    }
    assert_eq!(scene.memory.tactics.unwrap().timing(), Some(Timing::new(6, 1)));
}

#[test]
fn a_boot_is_seen_no_sharper_than_passes_are_apart() {
    let boot = |took, gap| boot_seen(secs(took), secs(gap), secs(900));
    assert_eq!(boot(420, 60), Some(secs(360)));
    assert_eq!(boot(300, 300), Some(secs(150)), "somewhere between nothing and five minutes");
    assert_eq!(boot(7200, 60), None, "that was given up long before");
}

#[test]
fn the_memory_of_a_strategy_survives_json_to_the_bit() {
    let scene = after(predictive(), 0..500, |minute| Some(100.0 + 60.0 * (minute as f64 / 40.0).sin()));
    let text = serde_json::to_string(&scene.memory).unwrap();
    assert_eq!(serde_json::from_str::<Memory>(&text).unwrap(), scene.memory);
}

/// From and to, how often the policy is executed, and what is still lacking.
fn move_of(scene: &Scene) -> (u32, u32, u32, u32) {
    match scene.decide().verdict {
        Verdict::Scale(change, Cause::Aim { lacking, .. }) => (change.from, change.to, change.times, lacking),
        other => panic!("{other}"),
    }
}

#[test]
fn steps_of_one_are_repeated_where_no_cooldown_forbids_it() {
    let scene = |load| tracking().load(load);
    assert_eq!(move_of(&scene(230.0)), (4, 7, 3, 0));
    assert_eq!(move_of(&scene(60.0)), (4, 2, 2, 0));
    let pausing = scene(230.0).fleet(|fleet| fleet.cooldown = secs(60));
    assert_eq!(move_of(&pausing), (4, 5, 1, 2));
    assert!(pausing.decide().verdict.to_string().ends_with("A policy that adds 3 would reach it at once."));
    let policy_pauses = scene(230.0).fleet(|fleet| {
        let Moves::Steps(steps) = &mut fleet.moves else { unreachable!() };
        steps.iter_mut().for_each(|step| step.cooldown = secs(60));
    });
    assert_eq!(move_of(&policy_pauses), (4, 5, 1, 2));
}

#[test]
fn no_more_is_asked_for_than_the_limits_have_room_for() {
    let narrow = tracking().limits(1, 6).load(230.0);
    assert_eq!(move_of(&narrow), (4, 6, 2, 0));
    let pausing = narrow.fleet(|fleet| fleet.cooldown = secs(60));
    assert_eq!(move_of(&pausing), (4, 5, 1, 1));
    assert!(pausing.decide().verdict.to_string().ends_with("A policy that adds 2 would reach it at once."));
}

#[test]
fn a_policy_is_executed_ten_times_in_a_pass_at_most() {
    let crowd = tracking().servers(20, 20).load(1400.0);
    assert_eq!(move_of(&crowd), (20, 30, 10, 10));
}

#[test]
fn one_execution_of_a_larger_policy_is_preferred_and_percentages_are_not_repeated() {
    let steps = [("up1", Effect::Change(1)), ("up5", Effect::Change(5)), ("up%", Effect::Percent(25.0))];
    let scene = |load| tracking().steps(&steps).load(load);
    assert_eq!(move_of(&scene(230.0)), (4, 9, 1, 0));
    assert_eq!(move_of(&tracking().steps(&steps[2..]).load(230.0)), (4, 5, 1, 2));
}
