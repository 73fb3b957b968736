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
use crate::model::{Change, Effect, Limits, Rules};

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

#[test]
fn of_every_pass_the_chain_is_in_order_and_ends_with_the_decision() {
    const ORDER: [Question; 13] = [
        Question::Fleet,
        Question::Paused,
        Question::Limits,
        Question::Reading,
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
