//! Each lint where it must speak, and its advice followed.

use super::*;
use crate::settings::{HeartbeatSettings, MonitorSettings};

fn rules(low: f64, high: f64) -> Rules {
    Rules { scale_down_below: low, scale_up_above: high, ..Rules::default() }
}

fn limits(min: u32, max: u32) -> Option<Limits> {
    Some(Limits { min, max })
}

#[test]
fn a_narrow_band_names_the_sizes_and_the_band_that_would_do() {
    let narrow = narrow_band(&rules(0.8, 1.0), None).expect("0.8 to 1.0 is narrow for small fleets");
    assert_eq!((narrow.from, narrow.to), (2, 4));
    assert_eq!((narrow.scale_down_below, narrow.min), (0.5, 4));
    assert!(narrow_band(&rules(0.5, 1.0), None).is_none());
    assert!(narrow_band(&rules(0.8, 1.0), limits(4, 9)).is_none());
    assert!(narrow_band(&rules(0.8, 1.0), limits(1, 1)).is_none());
}

#[test]
fn what_the_narrow_band_advises_does() {
    for (low, high) in [(0.8, 1.0), (0.7, 0.9), (0.95, 1.0), (40.0, 50.0), (0.66, 1.0), (0.008, 0.01)] {
        for min in 0..6 {
            let Some(narrow) = narrow_band(&rules(low, high), limits(min, 1000)) else { continue };
            assert!(narrow.from <= narrow.to, "{narrow:?}");
            assert!(
                narrow_band(&rules(narrow.scale_down_below, high), limits(min, 1000)).is_none(),
                "{narrow:?}"
            );
            assert!(narrow_band(&rules(low, high), limits(narrow.min, 1000)).is_none(), "{narrow:?}");
            assert!(narrow_band(&rules(low, high), limits(narrow.min - 1, 1000)).is_some(), "{narrow:?}");
        }
    }
}

fn group(rules: Rules) -> GroupSettings {
    GroupSettings {
        name: "g".into(),
        monitor: MonitorSettings::RackspaceLb {
            load_balancers: vec![],
            stats_cache: Duration::from_secs(300),
        },
        scaler: crate::settings::ScalerSettings::Autoscale {
            group: "g".into(),
            scale_up: vec![],
            scale_down: vec![],
        },
        rules: rules.into(),
        fixed_servers: Default::default(),
        flavors: Default::default(),
    }
}

#[test]
fn times_are_held_against_the_stats_cache() {
    let wide = rules(0.5, 1.0);
    let minute = Some(Duration::from_secs(60));
    assert!(lint_group(&group(wide.clone()), &Known::default()).is_empty());

    let found = lint_group(&group(wide.clone()), &Known { interval: minute, cooldown: minute, limits: None });
    assert!(matches!(found[0].kind, LintKind::CooldownBelowCache { .. }), "{found:?}");
    assert!(matches!(found[1].kind, LintKind::IntervalBelowCache { .. }), "{found:?}");
    assert!(found.iter().all(|lint| lint.severity == Severity::Warning));

    let hasty = Rules { stats_max_age: Duration::from_secs(300), ..wide };
    let found = lint_group(&group(hasty), &Known::default());
    assert!(
        matches!(found[0].kind, LintKind::NoReadingUsable { .. }) && found[0].severity == Severity::Error
    );
}

#[test]
fn passes_too_rare_for_a_forecast_are_told() {
    let every = |minutes: u64, strategy| {
        let known = Known { interval: Some(Duration::from_secs(60 * minutes)), ..Known::default() };
        lint_group(&group(Rules { strategy, ..rules(0.5, 1.0) }), &known)
    };
    let found = every(15, Strategy::Predictive);
    assert!(matches!(
        found[..],
        [Lint { severity: Severity::Warning, kind: LintKind::TooRareForForecast { .. } }]
    ));
    assert!(found[0].kind.to_string().contains("passes come 15m apart"), "{}", found[0].kind);
    assert!(every(10, Strategy::Predictive).is_empty());
    assert!(every(15, Strategy::TargetTracking).is_empty());
}

#[test]
fn a_boot_longer_than_a_forecast_is_told() {
    let with_boot = |minutes: u64, strategy| {
        let boot = Some(Duration::from_secs(60 * minutes));
        lint_group(&group(Rules { strategy, boot, ..rules(0.5, 1.0) }), &Known::default())
    };
    let found = with_boot(45, Strategy::Predictive);
    assert!(matches!(
        found[..],
        [Lint { severity: Severity::Warning, kind: LintKind::BootBeyondForecast { .. } }]
    ));
    assert!(found[0].kind.to_string().contains("boot is 45m"), "{}", found[0].kind);
    assert!(with_boot(20, Strategy::Predictive).is_empty() && with_boot(45, Strategy::Threshold).is_empty());
}

#[test]
fn an_increment_beside_policies_is_told() {
    let by_three = Rules { increment: Some(3), ..rules(0.5, 1.0) };
    let found = lint_group(&group(by_three), &Known::default());
    assert!(matches!(
        found[..],
        [Lint { severity: Severity::Warning, kind: LintKind::IncrementWithoutUse(3) }]
    ));
}

#[test]
fn only_those_who_use_a_band_are_told_that_it_is_narrow() {
    for strategy in [Strategy::TargetTracking, Strategy::Predictive] {
        let found = lint_group(&group(Rules { strategy, ..Rules::default() }), &Known::default());
        assert_eq!(found, [], "{strategy:?}");
    }
    let found = lint_group(&group(Rules::default()), &Known::default());
    assert!(matches!(found[..], [Lint { kind: LintKind::NarrowBand(_), .. }]), "{found:?}");
}

#[test]
fn a_strategy_that_a_heartbeat_gives_no_load_to_is_told() {
    let judged = |strategy| GroupSettings {
        monitor: MonitorSettings::Heartbeat(HeartbeatSettings {
            urls: vec![],
            high: Duration::from_secs(1),
            low: Duration::from_millis(200),
            timeout: Duration::from_secs(5),
            method: "GET".into(),
            headers: Default::default(),
            credential: None,
            status: None,
            body: None,
            ca_file: None,
            samples: 1,
            percentile: 50.0,
            reuse: false,
        }),
        ..group(Rules { strategy, ..rules(0.5, 1.0) })
    };
    let found = lint_group(&judged(Strategy::Predictive), &Known::default());
    assert!(
        matches!(found[..], [Lint { kind: LintKind::StrategyWithoutUse(Strategy::Predictive), .. }]),
        "{found:?}"
    );
    assert!(found[0].kind.to_string().starts_with("strategy = \"predictive\" has no effect"));
    assert_eq!(lint_group(&judged(Strategy::Threshold), &Known::default()), []);
}

#[test]
fn limits_without_a_common_number_are_an_error() {
    let high = Rules { min: Some(12), ..rules(0.5, 1.0) };
    let found = lint_group(&group(high.clone()), &Known { limits: limits(1, 10), ..Known::default() });
    assert_eq!(found[0].severity, Severity::Error);
    assert!(found[0].kind.to_string().contains("allows 1 to 10 servers"));
    assert!(lint_group(&group(high), &Known { limits: limits(1, 12), ..Known::default() }).is_empty());
}
