//! Explanations of single passes, and what holds of every one.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::otherwise::What;
use super::*;
use crate::decide::asked::Question;
use crate::decide::tests::properties::law;
use crate::decide::tests::world::{Mishap, Story, Tick, eventful, mixed, play, strategic};
use crate::decide::tests::{secs, step};
use crate::journal::retrace::Retrace;
use crate::model::{Change, Effect, Limits, Rules, Strategy};

/// The moments of `story`, as its journal tells them.
fn moments(story: &Story) -> Vec<Moment> {
    let mut retrace = Retrace::default();
    play(story).1.iter().filter_map(|entry| retrace.take(entry)).collect()
}

/// The last pass of a group of two to four servers by steps of one, after these loads a minute apart.
fn after(loads: &[u32], rules: Rules) -> Explanation {
    let ticks = loads.iter().map(|load| Tick { load: *load, mishap: Mishap::None }).collect();
    let steps = vec![step("up", Effect::Change(1)), step("down", Effect::Change(-1))];
    let limits = Limits { min: 2, max: 4 };
    let story =
        Story { rules, limits, steps, group_cooldown: 300, interval: 60, boot: 30, servers: 2, ticks };
    Explanation::of("web", moments(&story).last().unwrap(), &Progress::default())
}

fn questions(chain: &[Answer]) -> Vec<&str> {
    chain.iter().map(|answer| answer.question).collect()
}

fn moves(explanation: &Explanation) -> Vec<(What, Option<(u32, u32)>)> {
    let change = |change: &Change| (change.from, change.to);
    explanation.otherwise.iter().map(|other| (other.what, other.change.as_ref().map(change))).collect()
}

#[test]
fn a_load_inside_the_band_tells_how_far_both_edges_are() {
    let told = after(&[90], Rules::default());
    assert_eq!(questions(&told.chain), ["fleet", "paused", "limits", "reading", "size"]);
    let last = told.chain.last().unwrap();
    assert!(!last.passed && last.answer.ends_with("inside the band."), "{last:?}");
    assert_eq!(moves(&told), [(What::LoadAtLeast(101), Some((2, 3)))], "at the minimum no load lets one go");
    assert!(told.reproduced);
}

#[test]
fn a_cooldown_is_seen_to_be_all_that_holds() {
    let told = after(&[130, 160], Rules { cooldown: secs(900), ..Rules::default() });
    assert_eq!(questions(&told.chain)[4..], ["size", "confirmed", "covered", "room", "rest"]);
    assert_eq!(moves(&told), [(What::Rested, Some((3, 4)))]);
    assert!(told.otherwise[0].explanation.ends_with("policy \"up\" takes desired capacity from 3 to 4."));
}

#[test]
fn a_move_tells_what_would_have_held_it() {
    let told = after(&[130], Rules::default());
    assert!(told.chain.last().unwrap().passed);
    assert_eq!(moves(&told), [(What::LoadAtMost(100), None)]);
}

#[test]
fn a_limit_is_seen_to_be_all_that_holds() {
    let rules = Rules { max: Some(2), ..Rules::default() };
    let told = after(&[130], rules);
    assert_eq!(questions(&told.chain).last(), Some(&"room"));
    assert_eq!(moves(&told), [(What::Unlimited, Some((2, 3)))]);
}

/// What the strategy aimed at, and the answer that says so.
fn aimed(told: &Explanation) -> &str {
    assert_eq!(questions(&told.chain)[3..6], ["reading", "aim", "size"]);
    &told.chain[4].answer
}

#[test]
fn a_window_and_a_rate_are_seen_to_be_all_that_holds() {
    let rules = Rules { strategy: Strategy::TargetTracking, ..Rules::default() };
    let mut patient = rules.clone();
    patient.tracking.down.stabilization = secs(3600);
    // Servers carry 50, at the target 35: the first load asks for four, the second for two.
    let fallen = after(&[[140; 8], [70; 8]].concat(), patient);
    assert!(aimed(&fallen).contains("within stabilization_down = 3600 s"), "{fallen:?}");
    let stabilized = fallen.otherwise.iter().find(|other| other.what == What::NoStabilization).unwrap();
    assert_eq!(stabilized.change.as_ref().map(|change| change.to < change.from), Some(true));
    let mut slow = rules.clone();
    (slow.tracking.up.servers, slow.tracking.up.percent) = (0, 0.0);
    let held = after(&[140], slow);
    assert!(aimed(&held).contains("At least 2: no faster by servers_up = 0, percent_up = 0"), "{held:?}");
    assert!(moves(&held).contains(&(What::NoRate, Some((2, 3)))), "{held:?}");
    let near = after(&[75], rules);
    assert!(aimed(&near).contains("near enough by tolerance_up = 0.1"), "{near:?}");
    assert!(moves(&near).contains(&(What::NoTolerance, Some((2, 3)))), "{near:?}");
}

#[test]
fn a_forecast_is_explained_by_what_was_planned_for() {
    let rules = Rules { strategy: Strategy::Predictive, boot: Some(secs(180)), ..Rules::default() };
    let known = after(&[78; 60], rules.clone());
    assert!(
        aimed(&known).starts_with("Planned for a boot of 3 min and a pass every 1 min: below "),
        "{known:?}"
    );
    assert!(aimed(&known).ends_with("The load needs 2 now."), "{known:?}");
    let other = What::Strategy(Strategy::TargetTracking);
    assert!(moves(&known).contains(&(other, Some((2, 3)))), "78 asks for three at the target: {known:?}");
    let unknown = after(&[90], rules);
    assert!(aimed(&unknown).starts_with("With target = 0.7 the load asks for 3 servers."), "{unknown:?}");
}

#[test]
fn of_every_pass_the_chain_is_in_order_and_ends_with_the_decision() {
    const ORDER: [Question; 14] = [
        Question::Fleet,
        Question::Paused,
        Question::Limits,
        Question::Reading,
        Question::Aim,
        Question::Size,
        Question::Confirmed,
        Question::Covered,
        Question::InFlight,
        Question::Flap,
        Question::Need,
        Question::Room,
        Question::Rest,
        Question::Policy,
    ];
    let place = |word: &str| ORDER.iter().position(|question| question.word() == word);
    law("explanations", strategic(eventful(mixed())), |story| {
        for moment in moments(story).iter().rev().take(5) {
            let chain = chain(moment);
            let asked = questions(&chain);
            prop_assert!(asked.windows(2).all(|pair| place(pair[0]) < place(pair[1])), "{:?}", asked);
            let (last, before) = chain.split_last().unwrap();
            prop_assert!(before.iter().all(|answer| answer.passed));
            prop_assert_eq!(&last.answer, &moment.pass.decision.verdict.to_string());
        }
        Ok(())
    });
}

#[test]
fn one_connection_nearer_than_told_makes_the_move_that_was_made() {
    law("nearest loads", eventful(mixed()), |story| {
        let read = |moment: &&Moment| moment.pass.seen.reading.is_ok();
        for moment in moments(story).iter().rev().filter(read).take(2) {
            for other in otherwise::all(moment) {
                let nearer = match other.what {
                    What::LoadAtLeast(load) => What::LoadAtLeast(load - 1),
                    What::LoadAtMost(load) => What::LoadAtMost(load + 1),
                    _ => continue,
                };
                prop_assert!(otherwise::differs(moment, nearer).is_none(), "{:?}", other);
            }
        }
        Ok(())
    });
}
