//! Signals that judge instead of counting, such as a response time: they speak of the fleet as it was.

use super::*;

fn taken(second: i64) -> impl FnOnce(&mut Reading) {
    move |reading| reading.taken = Window { earliest: at(second), latest: at(second) }
}

fn moved_at(second: i64) -> impl FnOnce(&mut Memory) {
    move |memory| {
        let by = Some(PolicyRef { id: "id-up".to_owned(), name: "up".to_owned() });
        memory.started(at(second), &Change::once(3, 4, by));
        memory.settled(Outcome::Executed);
    }
}

#[test]
fn a_level_takes_the_smallest_policy_either_way() {
    let steps = [
        ("up3", Effect::Change(3)),
        ("up2", Effect::Change(2)),
        ("down3", Effect::Change(-3)),
        ("down2", Effect::Change(-2)),
    ];
    answers([
        ("high", scene().steps(&steps).level(Level::High), "above_band 4->6 up2"),
        ("right", scene().steps(&steps).level(Level::Right), "inside_band"),
        ("low", scene().steps(&steps).level(Level::Low), "below_band 4->2 down2"),
        ("low at the limit", scene().level(Level::Low).our_limits(4, 9), "at_min"),
    ]);
    assert_eq!(scene().level(Level::High).needed(), None);
}

#[test]
fn a_level_needs_no_capacity_but_waits_for_what_is_in_flight() {
    let mut unknown = scene().level(Level::High);
    unknown.seen.capacity = Err(NoReading::NoCapacity("flavor 7".to_owned()));
    let trouble = |fleet: &mut Fleet| fleet.trouble = Some("no image".to_owned());
    answers([
        ("no capacity", unknown, "above_band 4->5 up"),
        ("high, one coming", scene().level(Level::High).servers(4, 5), "in_flight"),
        ("high, one going", scene().level(Level::High).servers(5, 4), "in_flight"),
        ("low, one coming", scene().level(Level::Low).servers(4, 5), "in_flight"),
        ("low, one going", scene().level(Level::Low).servers(5, 4), "in_flight"),
        (
            "high, none will come",
            scene().level(Level::High).servers(4, 5).fleet(trouble),
            "above_band 5->6 up",
        ),
    ]);
}

#[test]
fn a_level_from_before_the_move_took_effect_is_not_used() {
    let high = || scene().level(Level::High).memory(moved_at(900));
    answers([
        ("before it was begun", high().reading(taken(899)), "reading_before_move"),
        ("before the servers were seen", high().reading(taken(999)), "reading_before_move"),
        ("after that", high().reading(taken(1000)), "above_band 4->5 up"),
        ("while one is coming", high().servers(3, 4).reading(taken(950)), "in_flight"),
    ]);
    let seen_in_effect = scene().memory(moved_at(900)).memory(|m| m.in_effect_at = Some(at(950)));
    assert_eq!(seen_in_effect.level(Level::High).reading(taken(951)).says(), "above_band 4->5 up");
}

#[test]
fn what_was_confirmed_in_flight_is_not_held_against_the_new_fleet() {
    let rules = |rules: &mut Rules| rules.scale_up_after = 2;
    let mut scene = scene().rules(rules).level(Level::High).memory(moved_at(900)).servers(3, 4);
    for (second, active, expected) in [
        (910, 3, "not_confirmed"),
        (920, 3, "in_flight"),
        (930, 4, "not_confirmed"),
        (940, 4, "above_band 4->5 up"),
    ] {
        scene = scene.reading(taken(second)).servers(active, 4);
        scene.seen.at = at(second);
        assert_eq!(scene.says(), expected, "at {second}");
        scene.memory = scene.memory.after(&scene.rules, &scene.seen);
    }
}
