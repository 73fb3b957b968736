//! The planner on demands whose right answer is known.
#![allow(clippy::unwrap_used)]

use super::*;

const WIDE: Limits = Limits { min: 0, max: 1000 };
const DAY: u64 = 1440;

/// Servers that boot for so long, with a pass a minute.
fn boots(boot: usize) -> Timing {
    Timing::new(boot, 1)
}

/// A planner after `days` of a demand given by minute.
fn after(days: u64, boot: usize, demand: impl Fn(u64) -> Option<f64>) -> Planner {
    let mut planner = Planner::new(0, boots(boot), 5);
    for minute in 1..=days * DAY {
        planner.step(demand(minute), WIDE);
    }
    planner
}

/// A repeatable noise between -1 and 1.
fn noise(minute: u64) -> f64 {
    let mixed = (minute ^ 0x9E37_79B9).wrapping_mul(0x2545_F491_4F6C_DD1D).rotate_left(31);
    (mixed.wrapping_mul(0xD6E8_FEB8_6659_FD93) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

fn wave(minute: u64) -> f64 {
    let angle = (minute % DAY) as f64 / DAY as f64 * std::f64::consts::TAU;
    10.0 - 6.0 * angle.cos()
}

#[test]
fn of_a_constant_demand_it_keeps_what_that_needs() {
    let plan = after(2, 3, |_| Some(7.5)).plan().unwrap();
    assert_eq!((whole(plan.start), whole(plan.keep)), (8, 8), "{plan:?}");
}

#[test]
fn headroom_follows_the_noise() {
    let plan = |size: f64| after(3, 3, |minute| Some(10.0 + size * noise(minute))).plan().unwrap();
    let (calm, wild) = (plan(0.5), plan(5.0));
    assert!(calm.keep < 11.5, "{calm:?}");
    assert!(wild.keep > 13.5 && wild.keep < 17.0, "{wild:?}");
}

#[test]
fn a_daily_rise_is_met_before_it_comes() {
    let boot = 10;
    let morning = 6 * 60;
    let mut planner = after(4, boot, |minute| Some(wave(minute)));
    for minute in 4 * DAY + 1..=4 * DAY + morning {
        planner.step(Some(wave(minute)), WIDE);
    }
    let arrival = wave(4 * DAY + morning + boot as u64 + 1);
    let start = planner.plan().unwrap().start;
    assert!(start >= arrival && start < arrival + 1.5, "{start} for {arrival}");
}

#[test]
fn a_shift_of_the_level_is_learned_within_half_an_hour() {
    let mut planner = after(3, 3, |minute| Some(5.0 + 0.2 * noise(minute)));
    for minute in 3 * DAY + 1..=3 * DAY + 30 {
        planner.step(Some(20.0 + 0.2 * noise(minute)), WIDE);
    }
    assert!(planner.plan().unwrap().start >= 20.0);
    // Not until the same time of the next day, when the same might come again.
    for minute in 3 * DAY + 31..=3 * DAY + DAY / 2 {
        planner.step(Some(20.0 + 0.2 * noise(minute)), WIDE);
    }
    let plan = planner.plan().unwrap();
    assert!(plan.start >= 20.0 && plan.keep < 24.0, "{plan:?}");
}

#[test]
fn without_demand_there_is_no_plan_and_nothing_is_learned() {
    let mut planner = after(2, 3, |minute| Some(wave(minute)));
    let before = planner.clone();
    planner.step(None, WIDE);
    assert_eq!(planner.plan(), None);
    assert!(!planner.next.learn(before.minute + 2, 9.0), "nothing was foretold in the gap");
    assert_eq!((planner.level, planner.learned), (before.level, before.learned));
}

#[test]
fn it_says_nothing_before_it_has_held_forecasts_against_what_came() {
    let mut planner = Planner::new(0, boots(3), 5);
    for minute in 1..=30 {
        let told = planner.plan().is_some();
        assert_eq!(told, minute > ENOUGH as u64 + 4, "minute {minute}");
        planner.step(Some(4.0), WIDE);
    }
}

/// What a planner that has seen three days of ten servers keeps in each of the next minutes.
fn kept_through(minutes: u64, demand: impl Fn(u64) -> f64) -> Vec<Plan> {
    let around = |level: f64, minute| level * (1.0 + 0.05 * noise(minute));
    let mut planner = after(3, 3, |minute| Some(around(10.0, minute)));
    let now = |minute| around(demand(minute), 3 * DAY + minute);
    let told = (1..=minutes).map(|minute| {
        planner.step(Some(now(minute)), WIDE);
        planner.plan().unwrap()
    });
    told.collect()
}

#[test]
fn demand_that_vanishes_is_waited_for_and_met_again_as_if_it_had_not() {
    let plans = kept_through(80, |minute| if (11..=50).contains(&minute) { 0.0 } else { 10.0 });
    assert!(plans.iter().all(|plan| (10.0..13.0).contains(&plan.keep)), "{plans:?}");
}

#[test]
fn demand_that_stays_away_for_an_hour_is_believed_to_be_gone() {
    let plans = kept_through(90, |minute| if minute > 10 { 0.0 } else { 10.0 });
    assert!(plans[69].keep >= 10.0 && plans[89].keep < 2.0, "{plans:?}");
}

#[test]
fn demand_that_often_all_but_vanishes_is_no_outage() {
    let bursts = |minute| Some(if minute % 7 == 0 { 10.0 } else { 0.5 });
    let mut planner = after(3, 3, bursts);
    for minute in 3 * DAY + 1..=3 * DAY + 60 {
        planner.step(bursts(minute), WIDE);
        assert!(!planner.in_outage(), "minute {minute}");
    }
}

#[test]
fn a_jump_is_not_taken_for_the_first_of_many() {
    let plans = kept_through(30, |minute| if minute > 5 { 40.0 } else { 10.0 });
    let most = plans.iter().fold(0.0, |most: f64, plan| most.max(plan.start));
    assert!(plans[29].start > 37.0 && most < 60.0, "{most}: {plans:?}");
}

#[test]
fn what_no_fleet_could_carry_does_not_break_the_arithmetic() {
    let wild = [0.0, 1e300, 0.0, f64::MAX, 1.0];
    let mut planner = after(1, 3, |minute| Some(wild[minute as usize % wild.len()]));
    for _ in 0..2 * DAY {
        planner.step(Some(0.0), WIDE);
    }
    let plan = planner.plan().unwrap();
    assert!(plan.start.is_finite() && plan.keep.is_finite() && plan.start <= plan.keep, "{plan:?}");
}

#[test]
fn another_boot_time_keeps_the_past_and_learns_the_rest_anew() {
    let mut planner = after(3, 3, |minute| Some(wave(minute)));
    planner.set_timing(boots(5), 10);
    assert_eq!((planner.timing(), planner.plan()), (boots(5), None));
    for minute in 3 * DAY + 1..=3 * DAY + 90 {
        planner.step(Some(wave(minute)), WIDE);
    }
    assert!(planner.plan().is_some());
}

/// A busy group: demands of many digits, a gap now and then, and every memory full.
#[test]
fn its_state_survives_json_to_the_bit_and_stays_small_at_every_boot_time() {
    for (boot, planned) in [(1, 1), (3, 3), (10, 10), (usize::MAX, LONGEST_BOOT)] {
        let planner =
            after(8, boot, |minute| (minute % 977 != 0).then(|| 40.0 * (wave(minute) + noise(minute))));
        let text = serde_json::to_string(&planner).unwrap();
        assert_eq!(serde_json::from_str::<Planner>(&text).unwrap(), planner);
        assert_eq!(planner.timing(), boots(planned));
        assert!(text.len() < 64 * 1024, "boot {planned}: {} bytes", text.len());
    }
}
