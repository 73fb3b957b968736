//! Pauses after a move: the group's, a policy's, ours; whichever process, or person, made it.

use super::super::cooldown_left;
use super::super::memory::Sighting;
use super::super::verdict::{Hold, Pause, Verdict};
use super::*;

fn overloaded() -> Scene {
    scene().load(400.0)
}

fn group_pause(seconds: u64) -> impl FnOnce(&mut Fleet) {
    move |fleet| fleet.cooldown = secs(seconds)
}

fn our_pause(seconds: u64) -> impl FnOnce(&mut Rules) {
    move |rules| rules.cooldown = secs(seconds)
}

fn policy_pauses(seconds: &'static [u64]) -> impl FnOnce(&mut Fleet) {
    move |fleet| {
        let Moves::Steps(steps) = &mut fleet.moves else { unreachable!() };
        steps.iter_mut().zip(seconds).for_each(|(step, pause)| step.cooldown = secs(*pause));
    }
}

/// A move by `policy` that we made and saw made, as the journal tells it.
fn we_moved(policy: &'static str, second: i64, to: u32) -> impl FnOnce(&mut Memory) {
    move |memory| {
        let by = Some(PolicyRef { id: format!("id-{policy}"), name: policy.to_owned() });
        memory.started(at(second), &Change::once(to - 1, to, by));
        memory.settled(Outcome::Executed);
    }
}

fn whose(scene: &Scene) -> Option<(Pause, Duration)> {
    match scene.decide().verdict {
        Verdict::Hold(Hold::CoolingDown { whose, left }) => Some((whose, left)),
        _ => None,
    }
}

#[test]
fn every_pause_counts_from_our_move_and_ends_on_time() {
    let cases = [
        ("group", overloaded().fleet(group_pause(60)), Pause::Group),
        ("ours", overloaded().rules(our_pause(60)), Pause::Ours),
        ("policy", overloaded().fleet(policy_pauses(&[60])), Pause::Policy("up".to_owned())),
    ];
    for (name, scene, expected) in cases {
        let cooling = scene.clone().memory(we_moved("up", 941, 4));
        assert_eq!(whose(&cooling), Some((expected, secs(1))), "{name}");
        assert_eq!(scene.memory(we_moved("up", 940, 4)).says(), "above_band 4->5 up", "{name}, over");
    }
}

#[test]
fn the_longest_of_the_groups_and_ours_is_told() {
    let both = |group, ours| {
        overloaded().fleet(group_pause(group)).rules(our_pause(ours)).memory(we_moved("up", 990, 4))
    };
    assert_eq!(whose(&both(60, 30)), Some((Pause::Group, secs(50))));
    assert_eq!(whose(&both(30, 60)), Some((Pause::Ours, secs(50))));
    let told = both(30, 60);
    let fleet = told.seen.fleet.as_ref().unwrap();
    assert_eq!(cooldown_left(&told.rules, &told.memory, fleet, told.seen.at), whose(&told));
}

#[test]
fn each_direction_may_have_a_pause_of_its_own() {
    let moved = |scene: Scene| scene.rules(our_pause(60)).memory(we_moved("up", 990, 4));
    let up =
        |pause: Option<u64>| moved(overloaded()).rules(|rules| rules.scale_up_cooldown = pause.map(secs));
    let down = |pause: Option<u64>| {
        moved(scene().load(1.0)).rules(|rules| rules.scale_down_cooldown = pause.map(secs))
    };
    for (name, scene, left) in [
        ("up as both", up(None), Some(50)),
        ("up longer", up(Some(100)), Some(90)),
        ("up over", up(Some(10)), None),
        ("down as both", down(None), Some(50)),
        ("down over", down(Some(0)), None),
        (
            "the other direction's",
            up(None).rules(|rules| rules.scale_down_cooldown = Some(secs(0))),
            Some(50),
        ),
    ] {
        assert_eq!(whose(&scene), left.map(|left| (Pause::Ours, secs(left))), "{name}");
    }
    // What holds the whole group is what no direction is free of.
    let left = |scene: &Scene| {
        let fleet = scene.seen.fleet.as_ref().unwrap();
        cooldown_left(&scene.rules, &scene.memory, fleet, scene.seen.at).map(|(_, left)| left)
    };
    assert_eq!((left(&up(Some(100))), left(&up(Some(0)))), (Some(secs(50)), None));
}

#[test]
fn a_policy_that_pauses_leaves_the_move_to_the_others() {
    let steps = [("up1", Effect::Change(1)), ("up4", Effect::Change(4))];
    let both = |pauses| overloaded().steps(&steps).fleet(policy_pauses(pauses));
    answers([
        ("the better one pauses", both(&[0, 60]).memory(we_moved("up4", 990, 4)), "above_band 4->5 up1"),
        ("the other one pauses", both(&[60, 0]).memory(we_moved("up1", 990, 4)), "above_band 4->8 up4"),
        (
            "both pause",
            both(&[60, 60]).memory(we_moved("up1", 990, 4)).memory(we_moved("up4", 990, 4)),
            "cooling_down",
        ),
        (
            "the only one that fits pauses",
            both(&[60, 0]).memory(we_moved("up1", 990, 4)).our_limits(1, 5),
            "cooling_down",
        ),
    ]);
}

#[test]
fn a_change_by_someone_else_counts_from_the_last_look_before_it() {
    let looked =
        |second| move |memory: &mut Memory| memory.desired = Some(Sighting { value: 3, at: at(second) });
    let scene = || overloaded().fleet(group_pause(60));
    answers([
        ("it may still pause", scene().memory(looked(941)), "cooling_down"),
        ("it cannot pause any more", scene().memory(looked(940)), "above_band 4->5 up"),
        (
            "no change was seen",
            scene().memory(|m| m.desired = Some(Sighting { value: 4, at: at(999) })),
            "above_band 4->5 up",
        ),
        ("the first look", scene(), "above_band 4->5 up"),
    ]);
}

#[test]
fn limits_are_mended_without_our_pause_but_not_without_the_clouds() {
    let outside = || scene().servers(11, 11).no_reading().memory(we_moved("down", 990, 11));
    answers([
        ("ours", outside().rules(our_pause(60)), "outside_limits 11->10 down"),
        ("the group's", outside().fleet(group_pause(60)), "cooling_down"),
        ("the policy's", outside().fleet(policy_pauses(&[0, 60])), "cooling_down"),
    ]);
}

#[test]
fn a_clock_that_was_set_back_starts_a_pause_over_at_most_once() {
    let year_ahead = overloaded().fleet(group_pause(60)).memory(we_moved("up", 31_536_000, 4));
    assert_eq!(whose(&year_ahead), Some((Pause::Group, secs(60))));
    let mut later =
        Scene { memory: year_ahead.memory.after(&year_ahead.rules, &year_ahead.seen), ..year_ahead };
    later.seen.at = at(1060);
    assert_eq!(later.says(), "above_band 4->5 up");
}
