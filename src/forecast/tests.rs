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
fn it_says_nothing_before_it_has_seen_an_hour() {
    let mut planner = Planner::new(0, boots(3), 5);
    for minute in 1..=70 {
        let told = planner.plan().is_some();
        assert_eq!(told, minute > ENOUGH as u64 + 4, "minute {minute}");
        planner.step(Some(4.0), WIDE);
    }
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
