//! The known policies against figures that were worked out elsewhere, on recorded loads that are not part of this
//! project: docs/replay.md says what the folder in `LOADSCALE_TRACES` must hold.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde_json::Value;
use tempfile::tempdir;

use crate::program::{answer, loadscale};

/// Where the folder is named.
const VARIABLE: &str = "LOADSCALE_TRACES";
/// Our names of the policies, and those of the figures.
const POLICIES: [(&str, &str); 2] = [("loadscale2014", "loadscale"), ("hpa", "hpa")];
/// Our names of the metrics, and those of the figures.
const METRICS: [(&str, &str); 14] = [
    ("J", "J100"),
    ("J10", "J10"),
    ("tau_U", "tau_U"),
    ("tau_O", "tau_O"),
    ("theta_U", "theta_U"),
    ("theta_O", "theta_O"),
    ("upsilon", "upsilon"),
    ("server_hours", "server_h"),
    ("hours_ratio", "ratio"),
    ("slo_minutes", "slo_min"),
    ("longest_short_minutes", "longest_short_min"),
    ("lost_load_percent", "lost_load_pct"),
    ("p95_utilization", "p95_util"),
    ("actions", "actions"),
];
/// Figures are given to four decimals.
const SAME: f64 = 0.000_051;

#[test]
fn known_policies_come_to_the_figures_given_for_recorded_loads() {
    let Some(folder) = env::var_os(VARIABLE) else {
        // Past the test harness's capture; a closed stderr takes nothing from the test.
        let _ = writeln!(
            io::stderr(),
            "skipped: {VARIABLE} names no folder of traces (docs/replay.md): agreement"
        );
        return;
    };
    let folder = Path::new(&folder);
    let (traces, expected) = (read(folder, "traces.json"), read(folder, "expected-D3.json"));
    let traces = traces.as_array().expect("a list of traces");
    let wrong: Vec<String> = traces.iter().flat_map(|trace| deviations(folder, trace, &expected)).collect();
    assert!(!traces.is_empty() && wrong.is_empty(), "{}", wrong.join("\n"));
}

fn read(folder: &Path, file: &str) -> Value {
    let path = folder.join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// Every figure of one trace that is another here.
fn deviations(folder: &Path, trace: &Value, expected: &Value) -> Vec<String> {
    let name = trace["name"].as_str().expect("a name");
    let mut wrong = Vec::new();
    for line in replayed(folder, trace) {
        let (_, theirs) = POLICIES.iter().find(|(ours, _)| line["strategy"] == **ours).expect("one of ours");
        for (ours, given) in METRICS {
            let (found, given) = (number(&line[ours]), number(&expected[name][theirs][given]));
            if (found - given).abs() > SAME {
                wrong.push(format!("{name}, {theirs}: {ours} is {found}, not {given}"));
            }
        }
    }
    wrong
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The lines of the known policies on one trace, in the world that its entry tells.
fn replayed(folder: &Path, trace: &Value) -> Vec<Value> {
    let home = tempdir().expect("a folder");
    let mut command = loadscale(home.path());
    command.arg("replay").arg(folder.join(trace["file"].as_str().expect("a file")));
    for (option, key) in [("--capacity", "capacity_C"), ("--min", "min_servers"), ("--max", "max_servers")] {
        command.args([option, &number(&trace[key]).to_string()]);
    }
    command.args(["--boot", "3m", "--strategy", "threshold", "--against", "loadscale2014,hpa", "--json"]);
    let told = answer(&mut command);
    assert_eq!(told.status, 0, "{told:?}");
    let lines = told.records().split_off(1);
    assert_eq!(lines.len(), POLICIES.len(), "{told:?}");
    lines
}
