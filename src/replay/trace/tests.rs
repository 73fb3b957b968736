//! Traces read from text, and spread over ticks.
#![allow(clippy::unwrap_used)]
use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn loads(text: &str, every: Duration) -> Vec<Option<f64>> {
    Trace::parse("t.csv", text, every).unwrap().load
}

fn complaint(text: &str) -> String {
    Trace::parse("t.csv", text, MINUTE).unwrap_err().to_string()
}

#[test]
fn both_kinds_of_timestamp_give_the_same_trace() {
    let rfc = "timestamp,value\n2026-01-01T00:00:00Z,3\n2026-01-01T00:01:00+00:00,4.5\n";
    let epoch = "\u{feff}Timestamp, Value\r\n1767225600,3\r\n1767225660.2,4.5\r\n";
    assert_eq!(loads(rfc, MINUTE), [Some(3.0), Some(4.5)]);
    assert_eq!(loads(epoch, MINUTE), loads(rfc, MINUTE));
    assert_eq!(Trace::parse("t.csv", epoch, MINUTE).unwrap().start, "2026-01-01T00:00:00Z".parse().unwrap());
}

#[test]
fn coarse_samples_are_held_and_gaps_stay_gaps() {
    let text = "timestamp,value\n0,1\n120,2\n240,3\n480,5\n600,\n720,7\n";
    let held = [1.0, 1.0, 2.0, 2.0, 3.0, 3.0].map(Some);
    assert_eq!(loads(text, MINUTE)[..6], held);
    assert_eq!(
        loads(text, MINUTE)[6..],
        [None, None, Some(5.0), Some(5.0), None, None, Some(7.0), Some(7.0)]
    );
}

#[test]
fn of_several_samples_in_a_tick_the_last_counts() {
    let text = "timestamp,value\n0,1\n20,2\n40,3\n60,4\n80,\n100,\n";
    assert_eq!(loads(text, MINUTE), [Some(3.0), Some(4.0)]);
    let uneven = "timestamp,value\n0,1\n90,2\n180,3\n";
    assert_eq!(loads(uneven, MINUTE), [1.0, 2.0, 2.0, 3.0, 3.0].map(Some));
}

#[test]
fn everything_wrong_is_told_at_once_by_line() {
    let text = "time,value\nnoon,1\n60,many\n120,-1\n180,1\n180,2\n240,1,2\n1767225600000,3\n300,inf\n";
    let told = complaint(text);
    for line in [
        "t.csv:1: the header is \"time,value\"; it must be \"timestamp,value\"",
        "t.csv:2: \"noon\" is no timestamp",
        "t.csv:3: the value \"many\" is no number",
        "t.csv:4: the value -1 is no load",
        "t.csv:6: 1970-01-01T00:03:00Z is not after 1970-01-01T00:03:00Z in line 5",
        "t.csv:7: 3 fields",
        "t.csv:8: 1767225600000 is too large for epoch seconds",
        "t.csv:9: the value inf is no load",
    ] {
        assert!(told.contains(line), "{line:?} is missing in\n{told}");
    }
}

#[test]
fn a_load_that_is_cut_off_is_noticed() {
    let wave = |cap: f64| {
        let load = |k: i32| (50.0 + 40.0 * (f64::from(k) / 50.0).sin()).min(cap);
        let rows: String = (0..1000).map(|k| format!("{},{}\n", k * 60, load(k))).collect();
        Trace::parse("t.csv", &format!("timestamp,value\n{rows}"), MINUTE).unwrap().looks_capped
    };
    assert!(wave(75.0) && !wave(f64::INFINITY));
}

#[test]
fn a_short_trace_or_small_whole_numbers_are_not_taken_for_cut_off() {
    let looks_capped = |loads: &[u32]| {
        let rows: String = loads.iter().zip(0..).map(|(load, k)| format!("{},{load}\n", k * 300)).collect();
        Trace::parse("t.csv", &format!("timestamp,value\n{rows}"), MINUTE).unwrap().looks_capped
    };
    assert!(!looks_capped(&[10, 20, 30]));
    let connections: Vec<u32> =
        (0..2000u32).map(|k| k.wrapping_mul(2_654_435_761).rotate_left(9) % 6).collect();
    assert!(!looks_capped(&connections));
    let cut: Vec<u32> = (0..200).map(|k| if k % 50 < 10 { 30 } else { 5 + k % 7 }).collect();
    assert!(looks_capped(&cut));
}

#[test]
fn a_trace_without_a_course_is_refused() {
    assert!(complaint("timestamp,value\n0,1\n").contains("fewer than two samples"));
    assert!(complaint("timestamp,value\n0,\n60,\n").contains("no line has a value"));
    let semicolons = complaint("timestamp;value\n0;1\n60;2\n");
    assert!(semicolons.ends_with("they must be by commas, with points in numbers"), "{semicolons}");
    assert!(complaint("").contains("header"));
    assert!(complaint("timestamp,value\n0,1\n60,1\n90000000000,1\n").contains("too many"));
    let hundred: String = (0..100).map(|_| "x,1\n").collect();
    assert!(complaint(&format!("timestamp,value\n{hundred}")).ends_with("and 80 more"));
}
