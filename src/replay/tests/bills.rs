//! The time model, the oracle, the score and the peers, against cases computed by hand and by search.
use std::collections::HashMap;
use std::time::Duration;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::{MINUTE, near, setup, trace};
use crate::model::{Limits, Moves};
use crate::replay::live::Live;
use crate::replay::oracle::oracle;
use crate::replay::peers::{Autoscalebot, Aws, Hpa, Loadscale2014, Peer};
use crate::replay::score::Judge;
use crate::replay::trace::Trace;
use crate::replay::{Policy, Setup, Sight, run, servers_for};
use crate::rulebook::{Rulebook, Timetable};

/// Undamped proportional control.
struct Follow(f64);

impl Policy for Follow {
    fn decide(&mut self, seen: &Sight) -> Option<u32> {
        Some(servers_for(seen.load?, self.0))
    }
}

/// One server of 10 at the start, boot 1, load 10 10 30 30 10 10. At the end of tick 2 the load of 30
/// is seen: +2, paid from 3 and serving from 4, when it is gone; at the end of 4: -2.
/// Needed 1 1 3 3 1 1, ready 1 1 1 1 3 1, paid 1 1 1 3 3 1. Short in 2 and 3, by 2 of 3; spare in 4,
/// by 2 of 1. Lost 20 + 20 of 100. Supply and demand part ways on 3 of 5 steps. The clairvoyant pays
/// 6 for the first server and 3 for each of two, booted in tick 1: 12.
#[test]
fn by_hand_a_crowd_that_is_followed_too_late() {
    let trace = trace([10.0, 10.0, 30.0, 30.0, 10.0, 10.0].map(Some));
    let setup = setup(10.0, 1, 1);
    let course = run(&trace, &setup, 1, &mut Follow(10.0));
    assert_eq!(course.ready, [1, 1, 1, 1, 3, 1]);
    assert_eq!(course.paid, [1, 1, 1, 3, 3, 1]);
    let best = oracle(&trace, &setup);
    assert_eq!(best.ready, [1, 1, 3, 3, 1, 1]);
    assert_eq!(best.paid, [1, 3, 3, 3, 1, 1]);

    let judge = Judge::new(&trace, &setup);
    let score = judge.score(&course);
    assert!(near(score.tau_u, 100.0 / 3.0) && near(score.theta_u, 200.0 / 9.0), "{score:?}");
    assert!(near(score.tau_o, 100.0 / 6.0) && near(score.theta_o, 100.0 / 3.0), "{score:?}");
    assert!(near(score.lost_load_percent, 40.0) && near(score.upsilon, 60.0), "{score:?}");
    assert!(near(score.hours_ratio, 10.0 / 12.0) && near(score.j10, 50.0 / 12.0), "{score:?}");
    assert!(near(score.j, 410.0 / 12.0) && near(score.server_hours, 10.0 / 60.0), "{score:?}");
    assert!(near(score.slo_minutes, 2.0) && near(score.longest_short_minutes, 2.0), "{score:?}");
    assert_eq!((score.actions, score.reversals), (2, 1));
    let perfect = judge.score(&best);
    assert!(near(perfect.tau_u, 0.0) && near(perfect.j, 1.0), "{perfect:?}");
}

/// The original at C = 50, MAX_CONN 50, MIN_CONN 40, a poll every other tick, no cooldown, boot 2, from
/// two servers. Polls at the ends of 1 3 5 7 9: 120/2 > 50 adds one, serving from 4; at 3 one boots:
/// nothing; 60/3 < 40, 60/2 < 40 remove one each; 60/1 > 50 adds one.
/// Needed 2 3 3 3 3 2 2 2 - 2, ready 2 2 2 2 3 3 2 2 1 1, paid in the nine scored ticks 21. Short in
/// 1 2 3 by a third and in 9 by a half, spare in 5 by a half. The clairvoyant: twice 9, and the third
/// server in 1 to 4, booted in tick 0 as far as there is room: 5.
#[test]
fn by_hand_the_original_and_a_lost_sample() {
    let gap = [90.0, 120.0, 120.0, 120.0, 120.0, 60.0, 60.0, 60.0].map(Some);
    let trace = trace(gap.into_iter().chain([None, Some(60.0)]));
    let setup = setup(50.0, 2, 1);
    let mut original = Loadscale2014::new(setup, MINUTE, 1.0).every(2 * MINUTE, Duration::ZERO);
    let course = run(&trace, &setup, 2, &mut original);
    assert_eq!(course.ready, [2, 2, 2, 2, 3, 3, 2, 2, 1, 1]);
    assert_eq!(course.paid, [2, 2, 3, 3, 3, 3, 2, 2, 1, 1]);
    let score = Judge::new(&trace, &setup).score(&course);
    assert!(near(score.tau_u, 400.0 / 9.0) && near(score.theta_u, 150.0 / 9.0), "{score:?}");
    assert!(near(score.tau_o, 100.0 / 9.0) && near(score.hours_ratio, 21.0 / 23.0), "{score:?}");
    assert_eq!((score.actions, score.reversals), (4, 2));
}

#[test]
fn limits_by_the_clock_are_followed() {
    let zone = TimeZone::get("Asia/Kolkata").unwrap();
    // 3:30 and 11:30 in UTC.
    let min = Timetable::new(zone, [("9:00", 5), ("17:00", 2)]).unwrap();
    let book = Rulebook { min: Some(min), ..Rulebook::default() };
    let day = trace(vec![Some(10.0); 1440]);
    let setup = setup(50.0, 3, 1);
    let mut live = Live::new(book, Moves::Exact, Duration::ZERO, &setup, &day);
    let course = run(&day, &setup, setup.start(&day), &mut live);
    let begin = day.start.as_second() / 60;
    for (tick, paid) in course.paid.iter().enumerate().skip(2) {
        // What a pass at the end of the tick before saw of the clock.
        let minute = (begin + tick as i64).rem_euclid(1440);
        let expected = if (210..690).contains(&minute) { 5 } else { 2 };
        assert_eq!(*paid, expected, "tick {tick}, {minute} minutes after midnight in UTC");
    }
}

/// From one replica a load that needs ten: 1, 5, 10 within one tick of four syncs. When the load falls
/// in tick 3, the last recommendation of ten (second 165) leaves the 300 s with the last sync of tick 7.
#[test]
fn hpa_grows_in_bounds_and_shrinks_after_its_window() {
    let trace = trace([[70.0; 3].to_vec(), [7.0; 7].to_vec()].concat().into_iter().map(Some));
    let setup = setup(10.0, 0, 1);
    let course = run(&trace, &setup, 1, &mut Hpa::new(setup, MINUTE, 0.7));
    assert_eq!(course.ready, [1, 10, 10, 10, 10, 10, 10, 10, 1, 1]);
}

/// Ten servers at a target of 5 each: 100 is above it in ticks 0 to 2, hence 20 from tick 3; 20 is
/// below 0.9 of it in ticks 3 to 17, hence 4 from tick 18.
#[test]
fn aws_waits_three_minutes_up_and_fifteen_down() {
    let trace = trace([[100.0; 3].to_vec(), [20.0; 17].to_vec()].concat().into_iter().map(Some));
    let setup = setup(10.0, 0, 1);
    let course = run(&trace, &setup, 10, &mut Aws::new(setup, MINUTE, 0.5));
    assert_eq!(course.ready, [vec![10; 3], vec![20; 15], vec![4; 2]].concat());
}

/// Two beats a tick: the third slow one is the first of tick 1, the third after it the second of tick 2.
#[test]
fn autoscalebot_counts_beats_and_forgets_after_a_move() {
    let trace = trace([100.0; 4].map(Some));
    let setup = setup(10.0, 0, 1);
    let course = run(&trace, &setup, 2, &mut Autoscalebot::new(setup, MINUTE, 0.9));
    assert_eq!(course.ready, [2, 2, 3, 4]);
}

/// At passes two minutes apart the polls of the seconds 300, 600, 900 and 1200 are seen at the ends of the
/// ticks 2, 4, 7 and 9; at passes seven minutes apart there is one in every tick.
#[test]
fn the_original_polls_every_five_minutes_whatever_the_tick() {
    let setup = setup(10.0, 0, 1);
    let course = |tick: Duration, ticks: usize| {
        let trace = Trace { tick, ..trace(vec![Some(1000.0); ticks]) };
        run(&trace, &setup, 2, &mut Loadscale2014::new(setup, tick, 0.8)).ready
    };
    assert_eq!(course(2 * MINUTE, 11), [2, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6]);
    assert_eq!(course(7 * MINUTE, 4), [2, 3, 4, 5]);
}

/// A sample every five minutes: the first above the target is three minutes of it, three below are fifteen.
/// Every two minutes it takes two, and eight.
#[test]
fn aws_counts_minutes_whatever_the_tick() {
    let setup = setup(10.0, 0, 1);
    let course = |tick: Duration, loads: Vec<f64>| {
        let trace = Trace { tick, ..trace(loads.into_iter().map(Some)) };
        run(&trace, &setup, 10, &mut Aws::new(setup, tick, 0.5)).ready
    };
    assert_eq!(course(5 * MINUTE, vec![100.0, 20.0, 20.0, 20.0, 20.0]), [10, 20, 20, 20, 4]);
    let two = course(2 * MINUTE, [[100.0; 2].to_vec(), [20.0; 9].to_vec()].concat());
    assert_eq!(two, [vec![10; 2], vec![20; 8], vec![4]].concat());
}

#[test]
fn syncs_and_beats_keep_their_time_at_short_ticks() {
    let setup = setup(10.0, 0, 1);
    let tick = Duration::from_secs(10);
    let trace = Trace { tick, ..trace(vec![Some(1000.0); 8]) };
    let beats = run(&trace, &setup, 2, &mut Autoscalebot::new(setup, tick, 0.9));
    assert_eq!(beats.ready, [2, 2, 2, 2, 2, 2, 2, 3], "the third beat is in second 60");
    let syncs = run(&trace, &setup, 2, &mut Hpa::new(setup, tick, 0.7));
    assert_eq!(syncs.ready[..4], [2, 6, 12, 12], "syncs in the seconds 0, 15 and 30");
}

/// One server more than once at a time, or the bill of four thousand million levels would never be done.
#[test]
fn a_load_beyond_all_measure_is_billed_at_once() {
    let trace = trace([1e15, 10.0, 1e15].map(Some));
    let limits = Limits { min: 1, max: u32::MAX };
    let setup = Setup { limits, ..setup(10.0, 1, 1) };
    assert_eq!(oracle(&trace, &setup).paid, [u32::MAX; 3]);
    for peer in Peer::NAMES.into_iter().filter_map(Peer::named) {
        let course = run(&trace, &setup, u32::MAX, &mut *peer.policy(&setup, MINUTE));
        assert_eq!(course.paid[0], u32::MAX, "{}", peer.name());
    }
}

#[test]
fn what_cannot_be_computed_is_a_dash_in_a_table() {
    let trace = trace([0.0, 0.0].map(Some));
    let setup = setup(10.0, 0, 0);
    let cells = Judge::new(&trace, &setup).score(&oracle(&trace, &setup)).cells();
    assert_eq!((cells[0].as_str(), cells[1].as_str(), cells[6].as_str()), ("-", "-", "0 (-)"));
    assert!(cells.iter().all(|cell| !cell.contains("NaN") && !cell.contains("inf")), "{cells:?}");
}

#[test]
fn the_youngest_that_boot_go_first() {
    let wanted = [3, 5, 4, 1, 1, 1];
    let trace = trace([10.0; 6].map(Some));
    let setup = setup(10.0, 2, 1);
    struct Script<'a>(&'a [u32]);
    impl Policy for Script<'_> {
        fn decide(&mut self, seen: &Sight) -> Option<u32> {
            Some(self.0[seen.tick])
        }
    }
    let course = run(&trace, &setup, 2, &mut Script(&wanted));
    // +1 serves from tick 3, +2 from tick 4 of which one is cancelled; then all but one leave.
    assert_eq!(course.paid, [2, 3, 5, 4, 1, 1]);
    assert_eq!(course.ready, [2, 2, 2, 3, 1, 1]);
    assert_eq!(course.change, [1, 2, -1, -3, 0, 0]);
}

#[test]
fn a_gap_holds_the_clairvoyants_fleet_and_is_not_billed() {
    let trace = trace([Some(30.0), None, None, None, None, None, Some(30.0)]);
    let setup = setup(10.0, 1, 1);
    let best = oracle(&trace, &setup);
    assert_eq!(best.paid, [3; 7]);
    assert!(near(Judge::new(&trace, &setup).score(&best).server_hours, 6.0 / 60.0));
}

/// The cheapest bill by trying every plan: a state is the servers ready and those arriving in each of
/// the next `boot` ticks; whatever already boots or runs at the start is free until then.
fn cheapest(need: &[u32], boot: usize) -> u32 {
    let most = *need.iter().max().unwrap();
    let paid = |(ready, coming): &(u32, Vec<u32>)| ready + coming.iter().sum::<u32>();
    let mut costs: HashMap<(u32, Vec<u32>), u32> = HashMap::new();
    for start in states(most, boot).into_iter().filter(|(ready, _)| *ready >= need[0]) {
        costs.insert(start.clone(), paid(&start));
    }
    for need in &need[1..] {
        let mut next: HashMap<(u32, Vec<u32>), u32> = HashMap::new();
        for ((ready, coming), cost) in &costs {
            for (dropped, asked) in (0..=*ready).flat_map(|d| (0..=most).map(move |a| (d, a))) {
                let mut coming = coming.clone();
                coming.push(asked);
                let state = (ready - dropped + coming.remove(0), coming);
                if state.0 >= *need && paid(&state) <= most {
                    let cost = cost + paid(&state);
                    let known = next.entry(state).or_insert(cost);
                    *known = cost.min(*known);
                }
            }
        }
        costs = next;
    }
    *costs.values().min().unwrap()
}

fn states(most: u32, boot: usize) -> Vec<(u32, Vec<u32>)> {
    let mut coming = vec![Vec::new()];
    for _ in 0..boot {
        let longer = |c: &Vec<u32>| (0..=most).map(|n| [c.clone(), vec![n]].concat()).collect::<Vec<_>>();
        coming = coming.iter().flat_map(longer).collect();
    }
    let fits = |ready: u32, c: &Vec<u32>| ready + c.iter().sum::<u32>() <= most;
    (0..=most).flat_map(|r| coming.iter().filter(move |c| fits(r, c)).map(move |c| (r, c.clone()))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_plan_is_cheaper_than_the_oracle(need in prop::collection::vec(1u32..=3, 4..=8), boot in 0usize..=2) {
        let trace = trace(need.iter().map(|n| Some(f64::from(*n) * 10.0)));
        let best = oracle(&trace, &setup(10.0, boot, 1));
        prop_assert!(best.ready.iter().zip(&need).all(|(ready, need)| ready >= need));
        prop_assert_eq!(best.paid.iter().sum::<u32>(), cheapest(&need, boot));
    }
}
