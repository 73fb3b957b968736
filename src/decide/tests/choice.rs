//! Which policy makes the move: within the band's orders, and when desired capacity must be mended.

use super::*;
use Effect::{Change, Desired, Percent};

#[test]
fn up_takes_the_smallest_policy_that_covers_else_the_largest() {
    let steps = [("up1", Change(1)), ("up3", Change(3)), ("up5", Change(5))];
    let with = |load| scene().steps(&steps).load(load);
    answers([
        ("one is enough", with(250.0), "above_band 4->5 up1"),
        ("one is not", with(251.0), "above_band 4->7 up3"),
        ("three are not", with(351.0), "above_band 4->9 up5"),
        ("nothing is", with(9000.0), "above_band 4->9 up5"),
        ("beyond our maximum", with(9000.0).our_limits(1, 7), "above_band 4->7 up3"),
        ("the group clamps", with(9000.0).limits(1, 6), "above_band 4->6 up3"),
        ("all beyond our maximum", with(9000.0).steps(&steps[1..]).our_limits(1, 6), "no_policy"),
        ("what is coming counts", with(351.0).servers(4, 5), "above_band 5->8 up3"),
    ]);
}

#[test]
fn down_takes_the_largest_policy_that_leaves_enough() {
    let steps = [("down1", Change(-1)), ("down2", Change(-2)), ("down3", Change(-3))];
    let with = |load| scene().steps(&steps).load(load);
    answers([
        ("one is needed", with(50.0), "below_band 4->1 down3"),
        ("two are needed", with(51.0), "below_band 4->2 down2"),
        ("three are needed", with(101.0), "below_band 4->3 down1"),
        ("our minimum", with(1.0).our_limits(3, 9), "below_band 4->3 down1"),
        ("the group clamps", with(1.0).limits(2, 9), "below_band 4->2 down2"),
        ("all beyond our minimum", with(1.0).steps(&steps[1..]).our_limits(3, 9), "no_policy"),
    ]);
}

#[test]
fn percent_and_exact_policies_are_taken_at_what_they_do_now() {
    let steps =
        [("up50%", Percent(50.0)), ("up=9", Desired(9)), ("down50%", Percent(-50.0)), ("down=2", Desired(2))];
    let with = |load| scene().steps(&steps).load(load);
    answers([
        ("half more", with(300.0), "above_band 4->6 up50%"),
        ("to nine", with(301.0), "above_band 4->9 up=9"),
        ("half less", with(60.0), "below_band 4->2 down50%"),
        ("already at nine", with(501.0).servers(9, 9).load(451.0), "above_band 9->10 up50%"),
        (
            "an exact number that would shrink the group",
            scene().steps(&[("up=3", Desired(3))]).load(300.0),
            "no_policy",
        ),
        (
            "percent of none",
            scene().steps(&[("up50%", Percent(50.0))]).limits(0, 9).servers(0, 0).load(9.0),
            "no_policy",
        ),
    ]);
}

#[test]
fn a_policy_is_used_only_for_the_direction_it_is_listed_for() {
    let crossed = [("up-1", Change(-1)), ("down+1", Change(1))];
    answers([
        ("up", scene().steps(&crossed).load(300.0), "no_policy"),
        ("down", scene().steps(&crossed).load(1.0), "no_policy"),
    ]);
}

#[test]
fn below_the_minimum_the_smallest_policy_that_reaches_it() {
    let steps = [("up1", Change(1)), ("up3", Change(3)), ("up6", Change(6))];
    let at = |desired, min| scene().steps(&steps).servers(desired, desired).our_limits(min, 9).no_reading();
    answers([
        ("exactly", at(1, 2), "outside_limits 1->2 up1"),
        ("past it", at(1, 3), "outside_limits 1->4 up3"),
        ("not yet", at(1, 8), "outside_limits 1->7 up6"),
        ("none within our maximum", at(1, 3).our_limits(3, 3).steps(&steps[1..]), "no_policy"),
    ]);
}

#[test]
fn above_the_maximum_the_largest_policy_that_stays_on_it() {
    let steps = [("down1", Change(-1)), ("down3", Change(-3))];
    let at = |desired, max| scene().steps(&steps).servers(desired, desired).our_limits(1, max).no_reading();
    answers([
        ("exactly", at(9, 6), "outside_limits 9->6 down3"),
        ("not past it", at(8, 6), "outside_limits 8->7 down1"),
        ("whatever the load", at(9, 6).reading_back(9000.0), "outside_limits 9->6 down3"),
    ]);
}

#[test]
fn past_the_maximum_only_as_far_as_the_load_is_known_to_spare() {
    let steps = [("down2", Change(-2)), ("down4", Change(-4))];
    let seven = || scene().steps(&steps).servers(7, 7).our_limits(1, 6);
    answers([
        ("the smallest", seven().load(250.0), "outside_limits 7->5 down2"),
        ("needed", seven().load(251.0), "no_policy"),
        ("unknown", seven().no_reading(), "no_policy"),
        ("servers are going", seven().servers(8, 7).load(1.0), "no_policy"),
        ("beyond our minimum", seven().our_limits(6, 6).load(1.0), "no_policy"),
    ]);
}

impl Scene {
    fn reading_back(mut self, load: f64) -> Scene {
        self.seen.reading = scene().seen.reading;
        self.load(load)
    }
}
