//! Every objection, each against its neighbours in the order, and at its boundary values.

use super::super::limits_in_force;
use super::super::verdict::{Hold, Verdict, WrittenOff};
use super::*;

fn overloaded() -> Scene {
    scene().load(201.0)
}

fn idle() -> Scene {
    scene().load(10.0)
}

fn unreadable(scene: Scene) -> Scene {
    let why = Unreadable::Failed("groups answered 503".to_owned());
    Scene { seen: Observation { fleet: Err(why), ..scene.seen }, ..scene }
}

fn confirmed_after(readings: u32) -> impl FnOnce(&mut Rules) {
    move |rules| (rules.scale_up_after, rules.scale_down_after) = (readings, readings)
}

fn all_cooling(fleet: &mut Fleet) {
    fleet.cooldown = secs(60);
}

fn moved_at(second: i64) -> impl FnOnce(&mut Memory) {
    move |memory| memory.changed_at = Some(at(second))
}

#[test]
fn the_first_objection_wins() {
    let paused = |fleet: &mut Fleet| fleet.paused = true;
    let outage = Nodes { serving: 3, offline: 1, total: 4 };
    answers([
        ("1 before 2", unreadable(scene().fleet(paused)), "fleet_unreadable"),
        ("2 before 3", scene().fleet(paused).servers(11, 11), "paused"),
        ("3 before 4", scene().servers(0, 0).no_reading(), "outside_limits 0->1 up"),
        ("3 before 6", scene().servers(11, 11).rules(confirmed_after(9)), "outside_limits 11->10 down"),
        ("4 before 5", scene().no_reading(), "no_reading"),
        ("4, an outage", scene().load(0.0).reading(|r| r.nodes = Some(outage)), "outage"),
        ("5 before 6", scene().rules(confirmed_after(2)), "inside_band"),
        ("6 before 7 up", overloaded().servers(4, 5).rules(confirmed_after(2)), "not_confirmed"),
        ("6 before 7 down", idle().servers(4, 3).rules(confirmed_after(2)), "not_confirmed"),
        ("7 before 8 up", overloaded().servers(4, 10).limits(1, 10), "pending_covers"),
        ("7 before 8 down", idle().servers(4, 3).limits(3, 10), "in_flight"),
        ("8 before 9 up", overloaded().limits(1, 4).fleet(all_cooling).memory(moved_at(990)), "at_max"),
        ("8 before 9 down", idle().limits(4, 9).fleet(all_cooling).memory(moved_at(990)), "at_min"),
        ("9 before 10", overloaded().steps(&[]).fleet(all_cooling).memory(moved_at(990)), "cooling_down"),
        ("10 up", overloaded().steps(&[("down", Effect::Change(-1))]), "no_policy"),
        ("10 down", idle().steps(&[("up", Effect::Change(1))]), "no_policy"),
        ("no objection up", overloaded(), "above_band 4->5 up"),
        ("no objection down", idle(), "below_band 4->3 down"),
    ]);
}

#[test]
fn a_refused_sign_in_has_a_reason_of_its_own() {
    let mut refused = scene();
    refused.seen.fleet = Err(Unreadable::SignInRefused("401".to_owned()));
    assert_eq!(refused.says(), "sign_in_refused");
}

#[test]
fn the_edges_of_the_band_belong_to_it() {
    answers([
        ("at the upper edge", scene().load(200.0), "inside_band"),
        ("above it", scene().load(200.000_1), "above_band 4->5 up"),
        ("at the lower edge", scene().load(160.0), "inside_band"),
        ("below it, one less would do", scene().load(150.0), "below_band 4->3 down"),
        ("below it, one less would not do", scene().load(150.000_1), "would_flap"),
    ]);
}

#[test]
fn a_reading_may_be_as_old_as_the_rules_say_and_no_older() {
    let taken = |second| move |r: &mut Reading| r.taken.earliest = at(second);
    let rules = |rules: &mut Rules| rules.stats_max_age = secs(60);
    answers([
        ("just fresh", scene().rules(rules).reading(taken(940)), "inside_band"),
        ("just stale", scene().rules(rules).reading(taken(939)), "stale_reading"),
        ("from ahead of our clock", scene().rules(rules).reading(taken(2000)), "inside_band"),
        (
            "demand from before our move",
            overloaded().reading(taken(980)).memory(moved_at(990)),
            "above_band 4->5 up",
        ),
    ]);
}

#[test]
fn no_connections_are_an_outage_only_when_nodes_are_offline() {
    let nodes =
        |offline| move |r: &mut Reading| r.nodes = Some(Nodes { serving: 4, offline, total: 4 + offline });
    answers([
        ("a quiet hour", scene().load(0.0).reading(nodes(0)), "below_band 4->3 down"),
        ("an outage", scene().load(0.0).reading(nodes(1)), "outage"),
        ("nodes offline, but people come", scene().load(1.0).reading(nodes(1)), "below_band 4->3 down"),
    ]);
    assert_eq!(scene().load(0.0).reading(nodes(1)).needed(), None);
}

#[test]
fn what_gives_no_reading_is_told_apart() {
    let mut changing = scene();
    changing.seen.reading = Err(NoReading::Changing("422".to_owned()));
    let mut unknown = scene();
    unknown.seen.capacity = Err(NoReading::NoCapacity("flavor 7".to_owned()));
    answers([("422", changing, "balancer_changing"), ("flavor", unknown, "unknown_capacity")]);
}

#[test]
fn nothing_that_serves_is_overloaded_by_any_load() {
    answers([
        ("no load", scene().servers(0, 1).load(0.0), "inside_band"),
        ("load, one is coming", scene().servers(0, 1).load(50.0), "pending_covers"),
        ("load, one is not enough", scene().servers(0, 1).load(51.0), "above_band 1->2 up"),
        ("the last server", scene().servers(1, 1).limits(0, 9).load(1.0), "would_flap"),
        ("the last server, idle", scene().servers(1, 1).limits(0, 9).load(0.0), "below_band 1->0 down"),
    ]);
    let last = scene().servers(1, 1).limits(0, 9).load(1.0).decide().verdict;
    assert_eq!(last, Verdict::Hold(Hold::WouldFlap { utilization: None }));
}

#[test]
fn needed_is_the_smallest_number_that_carries_the_load() {
    let above = |x: f64| move |rules: &mut Rules| rules.scale_up_above = x;
    let fixed = |x: f64| move |c: &mut Capacity| c.fixed = x;
    let per_server = |x: f64| move |c: &mut Capacity| c.per_server = x;
    for (scene, expected) in [
        (scene().load(0.0), 0),
        (scene().load(1.0), 1),
        (scene().load(50.0), 1),
        (scene().load(51.0), 2),
        (scene().load(500_000.0), 10_000),
        (scene().load(81.0).rules(above(0.8)), 3),
        (scene().load(80.0).rules(above(0.8)), 2),
        (scene().load(100.0).capacity(fixed(100.0)), 0),
        (scene().load(101.0).capacity(fixed(100.0)), 1),
        (scene().load(1.0).capacity(per_server(0.1)), 10),
        (scene().load(1.0).capacity(per_server(0.0)), u32::MAX),
    ] {
        assert_eq!(scene.needed(), Some(expected), "{:?}", scene.seen);
    }
}

#[test]
fn fixed_servers_carry_their_share() {
    let fixed = |x: f64| move |c: &mut Capacity| c.fixed = x;
    answers([
        ("they take the overload", scene().load(300.0).capacity(fixed(100.0)), "inside_band"),
        ("they do not", scene().load(301.0).capacity(fixed(100.0)), "above_band 4->5 up"),
        ("they carry all of it", scene().load(90.0).capacity(fixed(100.0)), "below_band 4->3 down"),
    ]);
}

#[test]
fn a_mixed_fleet_counts_by_what_it_carries() {
    let carry = |serving: f64| move |c: &mut Capacity| c.serving = serving;
    answers([
        ("larger servers than the launched ones", scene().load(390.0).capacity(carry(400.0)), "inside_band"),
        (
            "coming ones are launched ones",
            scene().servers(4, 6).load(201.0).capacity(carry(100.0)),
            "above_band 6->7 up",
        ),
        ("enough carried, too few left", scene().load(201.0).capacity(carry(400.0)), "would_fall_short"),
        ("smaller servers than the launched ones", scene().load(60.0).capacity(carry(100.0)), "would_flap"),
    ]);
}

#[test]
fn pending_counts_until_the_boot_timeout() {
    let rules = |rules: &mut Rules| rules.boot_timeout = secs(300);
    let rose = |second| {
        move |memory: &mut Memory| {
            memory.rose_at = Some(at(second));
            memory.desired = Some(crate::decide::memory::Sighting { value: 5, at: at(second) });
        }
    };
    let booting = || overloaded().servers(4, 5).rules(rules);
    answers([
        ("still counts", booting().memory(rose(700)), "pending_covers"),
        ("overdue", booting().memory(rose(699)), "above_band 5->6 up"),
        ("first look", booting(), "pending_covers"),
        ("overdue and idle", idle().servers(4, 5).rules(rules).memory(rose(699)), "below_band 5->4 down"),
    ]);
    let overdue = booting().memory(rose(699)).decide().written_off;
    assert_eq!(overdue, Some(WrittenOff::Overdue { pending: 1, waited: secs(301) }));
}

#[test]
fn pending_of_a_group_in_error_counts_no_more() {
    let trouble = |fleet: &mut Fleet| fleet.trouble = Some("no image".to_owned());
    answers([
        ("up", overloaded().servers(4, 5).fleet(trouble), "above_band 5->6 up"),
        ("down", idle().servers(4, 5).fleet(trouble), "below_band 5->4 down"),
    ]);
    let told = overloaded().servers(4, 5).fleet(trouble).decide().written_off;
    assert_eq!(told, Some(WrittenOff::Trouble { pending: 1, message: "no image".to_owned() }));
    assert_eq!(overloaded().fleet(trouble).decide().written_off, None);
}

#[test]
fn the_tightest_limits_are_in_force_and_the_lower_wins() {
    for (ours, theirs, expected) in [
        ((2, 8), (1, 10), (2, 8)),
        ((1, 10), (2, 8), (2, 8)),
        ((6, 20), (1, 3), (6, 6)),
        ((0, 2), (4, 9), (4, 4)),
    ] {
        let scene = scene().limits(theirs.0, theirs.1).our_limits(ours.0, ours.1);
        let limits = limits_in_force(&scene.rules, scene.seen.fleet.as_ref().unwrap());
        assert_eq!((limits.min, limits.max), expected, "ours {ours:?}, theirs {theirs:?}");
    }
    answers([
        ("our maximum", overloaded().our_limits(1, 4), "at_max"),
        ("our minimum", idle().our_limits(4, 9), "at_min"),
        ("out of reach for the group", overloaded().limits(1, 4).our_limits(6, 9), "no_policy"),
    ]);
}
