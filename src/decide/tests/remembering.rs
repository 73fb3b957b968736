//! What passes leave behind: runs of readings, moves begun, and how those ended.

use super::*;

fn up(from: u32) -> Change {
    Change::once(from, from + 1, Some(PolicyRef { id: "id-up".to_owned(), name: "up".to_owned() }))
}

/// The runs (high, low) after one pass over each scene.
fn runs(scenes: &[Scene]) -> (u32, u32) {
    let memory =
        scenes.iter().fold(Memory::default(), |memory, scene| memory.after(&scene.rules, &scene.seen));
    (memory.high_run, memory.low_run)
}

#[test]
fn a_gap_ends_a_run_of_low_readings_but_not_of_high_ones() {
    let (high, right, low) = (scene().load(400.0), scene(), scene().load(1.0));
    let gap = scene().no_reading();
    for (scenes, expected) in [
        (vec![high.clone(), high.clone()], (2, 0)),
        (vec![high.clone(), gap.clone(), high.clone()], (2, 0)),
        (vec![low.clone(), gap, low.clone()], (0, 1)),
        (vec![high.clone(), right.clone(), high.clone()], (1, 0)),
        (vec![low.clone(), right, low.clone()], (0, 1)),
        (vec![high.clone(), low.clone()], (0, 1)),
        (vec![low, high], (1, 0)),
    ] {
        assert_eq!(runs(&scenes), expected);
    }
}

#[test]
fn a_run_is_long_enough_with_the_reading_that_completes_it() {
    let rules = |rules: &mut Rules| (rules.scale_up_after, rules.scale_down_after) = (3, 3);
    answers([
        ("two high", scene().load(400.0).rules(rules).memory(|m| m.high_run = 1), "not_confirmed"),
        ("three high", scene().load(400.0).rules(rules).memory(|m| m.high_run = 2), "above_band 4->5 up"),
        ("two low", scene().load(1.0).rules(rules).memory(|m| m.low_run = 1), "not_confirmed"),
        ("three low", scene().load(1.0).rules(rules).memory(|m| m.low_run = 2), "below_band 4->3 down"),
        ("none asked for", scene().load(400.0).rules(|r| r.scale_up_after = 0), "above_band 4->5 up"),
    ]);
}

#[test]
fn a_move_made_starts_the_runs_anew() {
    for (outcome, run) in [
        (Outcome::Executed, 0),
        (Outcome::DryRun, 0),
        (Outcome::Unknown, 5),
        (Outcome::Refused, 5),
        (Outcome::Failed, 5),
    ] {
        let mut memory = Memory { high_run: 5, ..Memory::default() };
        memory.started(at(0), &up(4));
        memory.settled(outcome);
        assert_eq!(memory.high_run, run, "{outcome:?}");
    }
}

#[test]
fn a_move_not_made_leaves_no_trace() {
    let mut before = Memory::default().after(&Rules::default(), &scene().seen);
    before.started(at(1), &up(3));
    before.settled(Outcome::Executed);
    for outcome in [Outcome::Refused, Outcome::Failed] {
        let mut memory = before.clone();
        memory.started(at(500), &up(4));
        memory.settled(outcome);
        assert_eq!(memory, before, "{outcome:?}");
    }
}

#[test]
fn a_move_whose_answer_was_lost_counts_as_made_whatever_is_found() {
    let cooldown = |fleet: &mut Fleet| fleet.cooldown = secs(60);
    for (found, says) in [(4, "cooling_down"), (5, "cooling_down"), (7, "cooling_down")] {
        let mut lost = scene().load(900.0).servers(found, found).fleet(cooldown);
        lost.memory.started(at(990), &up(4));
        lost.memory.settled(Outcome::Unknown);
        assert!(lost.memory.open.is_some());
        lost.memory.found(at(1000), found);
        assert_eq!((lost.says().as_str(), &lost.memory.open), (says, &None), "found {found}");
    }
}

#[test]
fn a_move_begun_and_never_heard_of_counts_as_made() {
    let mut crashed = scene().load(900.0).fleet(|fleet| fleet.cooldown = secs(60));
    crashed.memory.started(at(990), &up(4));
    assert_eq!(crashed.says(), "cooling_down");
}

#[test]
fn an_answer_to_nothing_changes_nothing() {
    let before = Memory::default().after(&Rules::default(), &scene().seen);
    for outcome in [Outcome::Executed, Outcome::Refused, Outcome::Failed, Outcome::Unknown, Outcome::DryRun] {
        let mut memory = before.clone();
        memory.settled(outcome);
        memory.found(at(2000), 9);
        assert_eq!(memory, before);
    }
}
