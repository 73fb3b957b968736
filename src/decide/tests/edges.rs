//! What set the edges of an aim: each rule that can, and how it is told.

use super::aims::{after, look, predictive, tracking};
use super::*;
use crate::decide::aim::{Aim, AimedBy};
use crate::decide::asked::Passed;
use crate::decide::edges::{Bound, Edges};
use crate::forecast::{Plan, Timing};
use crate::model::TargetTracking;

/// The edges that target tracking holds for right, each with what set it.
fn bounds(scene: &Scene) -> ((u32, Bound), (u32, Bound)) {
    let aim = scene.memory.after(&scene.rules, &scene.seen).aim().unwrap();
    let Some(Edges::Tracked { at_least, at_most, .. }) = aim.edges else { panic!("{aim:?}") };
    ((aim.at_least, at_least), (aim.at_most, at_most))
}

#[test]
fn each_edge_tells_which_rule_of_the_target_set_it() {
    let both = |servers, bound| ((servers, bound), (servers, bound));
    assert_eq!(bounds(&tracking().load(153.0)), both(4, Bound::Tolerance));
    assert_eq!(bounds(&tracking().load(170.0)), both(5, Bound::Target));
    let crowd = bounds(&tracking().load(900.0));
    assert_eq!(crowd, ((8, Bound::Rate), (26, Bound::Target)), "four more, or double, in a period");
    let below_need = tracking().load(140.0).rules(|rules| rules.tracking.target = 1.4);
    assert_eq!(bounds(&below_need), ((2, Bound::Target), (3, Bound::Need)));
    let slow = tracking().load(60.0).rules(|rules| rules.tracking.down.percent = 25.0);
    assert_eq!(bounds(&slow), ((2, Bound::Target), (3, Bound::Rate)));
    let (fell, rose) = ([140.0, 70.0], [140.0, 170.0]);
    let second =
        |scene, loads: [f64; 2]| bounds(&look(after(scene, 0..1, |_| Some(loads[0])), 1, Some(loads[1])));
    assert_eq!(second(tracking(), fell), ((2, Bound::Target), (4, Bound::Stabilization)));
    let patient = tracking().rules(|rules| rules.tracking.up.stabilization = secs(300));
    assert_eq!(second(patient, rose), ((4, Bound::Stabilization), (5, Bound::Target)));
}

#[test]
fn a_forecast_tells_what_it_planned_for_and_what_is_needed_now() {
    let known = after(predictive(), 0..600, |_| Some(140.0));
    let foretold = |aim: Aim| match aim.edges {
        Some(Edges::Foretold { timing, plan, needed }) => (timing, plan, needed),
        other => panic!("{other:?}"),
    };
    let before = foretold(known.memory.aim().unwrap());
    let aim = |load| {
        let scene = look(known.clone(), 600, Some(load));
        scene.memory.after(&scene.rules, &scene.seen).aim().unwrap()
    };
    let (timing, plan, needed) = foretold(aim(140.0));
    assert_eq!((timing, needed), (Timing::new(3, 1), 3));
    assert!(plan.start <= plan.keep && (2.0..=3.0).contains(&plan.start), "140 fill 2.8 servers: {plan:?}");
    let jump = aim(390.0);
    assert!(foretold(jump).2 == 8 && jump.at_least >= 8, "{jump:?}");
    let cut = aim(0.0);
    assert_eq!((cut.by, foretold(cut)), (AimedBy::LastForecast, (before.0, before.1, 0)));
}

#[test]
fn an_aim_without_its_edges_is_read_as_it_was_written() {
    let older = r#"{"at_least":2,"at_most":3,"by":"target"}"#;
    let aim: Aim = serde_json::from_str(older).unwrap();
    assert_eq!((aim.at_least, aim.at_most, aim.edges), (2, 3, None));
    assert_eq!(serde_json::to_string(&aim).unwrap(), older);
}

/// What `aim` says of its edges, under the usual rules of target tracking.
fn told(edges: Edges) -> String {
    let (at_least, at_most, by) = (4, 6, AimedBy::Forecast);
    let aim = Aim { at_least, at_most, by, edges: Some(edges) };
    Passed::Aimed { aim, tracking: TargetTracking::default() }.to_string()
}

#[test]
fn edges_are_told_by_the_keys_of_the_settings() {
    let tracked = |at_least, at_most| told(Edges::Tracked { asked: 5, at_least, at_most });
    assert_eq!(
        tracked(Bound::Rate, Bound::Stabilization),
        "With target = 0.7 the load asks for 5 servers. At least 4: no faster by servers_up = 4, \
         percent_up = 100, period_up = 15 s. At most 6: the largest size recommended within \
         stabilization_down = 300 s."
    );
    assert!(
        tracked(Bound::Tolerance, Bound::Need).contains("tolerance_up = 0.1, tolerance_down = 0.1. At most")
    );
    assert!(
        tracked(Bound::Target, Bound::Need).ends_with("At most 6: what the load needs at scale_up_above.")
    );
    let foretold = |needed| {
        told(Edges::Foretold { timing: Timing::new(3, 1), plan: Plan { start: 3.2, keep: 5.5 }, needed })
    };
    let planned = "Planned for a boot of 3 min and a pass every 1 min: below 3.20 servers some must be started, \
                   above 5.50 some can go. The load needs ";
    assert_eq!(foretold(4), format!("{planned}4 now."));
    assert_eq!(foretold(5), format!("{planned}5 now, more than was planned, and that counts."));
}
