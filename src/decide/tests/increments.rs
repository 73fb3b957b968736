//! Where the scaler goes to any number: straight to what is needed, or by an increment.

use super::*;

/// Six servers between 1 and 20, moved to any number, by this increment.
fn exact(increment: u32) -> Scene {
    let fleet = |fleet: &mut Fleet| fleet.moves = Moves::Exact;
    scene().servers(6, 6).limits(1, 20).fleet(fleet).rules(|rules| rules.increment = Some(increment))
}

/// The reason, and where the move leads.
fn goes(scene: &Scene) -> (&'static str, Option<u32>) {
    let verdict = scene.decide().verdict;
    let to = match &verdict {
        Verdict::Scale(change, _) => Some(change.to),
        Verdict::Hold(_) => None,
    };
    (verdict.reason(), to)
}

#[test]
fn every_move_is_by_the_increment_or_to_the_limit_before_it() {
    let outside = |min, max| exact(1).our_limits(min, max).no_reading();
    for (case, scene, expected) in [
        ("a level up", exact(4).level(Level::High), ("above_band", Some(10))),
        ("a level down", exact(4).level(Level::Low), ("below_band", Some(2))),
        ("less than is needed", exact(2).load(900.0), ("above_band", Some(8))),
        ("more than is needed", exact(9).load(310.0), ("above_band", Some(15))),
        ("up to the limit", exact(4).level(Level::High).our_limits(1, 8), ("above_band", Some(8))),
        ("down to the limit", exact(9).level(Level::Low), ("below_band", Some(1))),
        ("at the limit", exact(4).level(Level::High).our_limits(1, 6), ("at_max", None)),
        ("down by what can be spared", exact(2).load(100.0), ("below_band", Some(4))),
        ("not by more than can be spared", exact(3).load(220.0), ("would_flap", None)),
        ("below the limits", outside(12, 15), ("outside_limits", Some(12))),
        ("above the limits", outside(1, 2), ("outside_limits", Some(2))),
    ] {
        assert_eq!(goes(&scene), expected, "{case}");
    }
}

#[test]
fn without_one_a_load_goes_straight_and_a_level_by_one() {
    let exact = || exact(1).rules(|rules| rules.increment = None);
    for (case, scene, expected) in [
        ("a load up", exact().load(900.0), ("above_band", Some(18))),
        ("a load down", exact().load(100.0), ("below_band", Some(2))),
        ("a level up", exact().level(Level::High), ("above_band", Some(7))),
        ("a level down", exact().level(Level::Low), ("below_band", Some(5))),
    ] {
        assert_eq!(goes(&scene), expected, "{case}");
    }
}
