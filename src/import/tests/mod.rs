//! Files of other programs in; settings that decide alike out.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use jiff::Timestamp;

use super::*;
use crate::decide::decide;
use crate::decide::memory::Memory;
use crate::decide::verdict::Verdict;
use crate::model::*;
use crate::settings::{Settings, Surroundings, from_text};

mod autoscalebot;

fn brought_over(text: &str) -> Imported {
    import(&[File { name: "settings.py", text }], None).unwrap_or_else(|why| panic!("{why}"))
}

fn problems(name: &str, text: &str) -> Vec<String> {
    let problems = import(&[File { name, text }], None).unwrap_err();
    problems.0.iter().map(ToString::to_string).collect()
}

fn settings(imported: &Imported) -> Settings {
    let around = Surroundings { home: Some("/home/me".into()), ..Surroundings::default() };
    let read = from_text(&imported.settings, Path::new("settings.toml"), &around);
    read.unwrap_or_else(|why| panic!("{why}\n{}", imported.settings))
}

/// Every value of the settings, as `check` shows it.
fn values(settings: &Settings) -> Vec<String> {
    settings.origins().into_iter().map(|row| format!("{} = {}", row.key, row.value)).collect()
}

#[track_caller]
fn holds(values: &[String], expected: &[&str]) {
    for value in expected {
        assert!(values.iter().any(|known| known == value), "{value} is not in {values:#?}");
    }
}

#[track_caller]
fn tells(imported: &Imported, words: &[&str]) {
    for word in words {
        assert!(
            imported.changes.iter().any(|change| change.contains(word)),
            "{word}: {:#?}",
            imported.changes
        );
    }
}

const LOADSCALE_PY: &str = "\
# settings of loadscale.py
MAX_CONN = 70
MIN_CONN = 33
ADD_ON_POLICY = 'add_two'
SUB_OFF_POLICY = 'remove_two'
RACK_CRED_FILE = '/etc/rackspace_cred'
LOAD_BAL_NAME = \"web-lb\"
AUTO_SCALE_NAME = 'web'
LOAD_BAL_IP_ADDR = '10.0.0.1'
";

#[test]
fn all_settings_of_loadscale_py_have_their_place() {
    let imported = brought_over(LOADSCALE_PY);
    holds(
        &values(&settings(&imported)),
        &[
            "cloud.kind = rackspace",
            "cloud.credentials = /etc/rackspace_cred",
            "capacity.default = 70",
            "group[0].name = web",
            "group[0].load_balancers = web-lb",
            "group[0].scale_up = add_two",
            "group[0].scale_down = remove_two",
            "group[0].scale_up_above = 1",
            "group[0].scale_down_below = 0.471428571428",
        ],
    );
    tells(&imported, &["LOAD_BAL_IP_ADDR was never used", "chmod 600", "would call for a move up"]);
    assert!(imported.settings.contains("loadscale --interval 5m"), "{}", imported.settings);
    let as_dict = "SETTINGS = dict(LOAD_BAL_NAME='web-lb', AUTO_SCALE_NAME='web')\n";
    let in_dict = settings(&brought_over(as_dict));
    holds(
        &values(&in_dict),
        &["capacity.default = 50", "group[0].scale_down_below = 0.8", "group[0].scale_up = add_on"],
    );
}

/// What loadscale.py does with `connections` on `servers` that are all there: up, down or nothing.
fn loadscale_py(most: u32, least: u32, connections: u32, servers: u32) -> i32 {
    let average = f64::from(connections) / f64::from(servers);
    i32::from(average > f64::from(most)) - i32::from(average < f64::from(least))
}

/// What `decide` does, as the sign of the move, and the reason.
fn ours(settings: &Settings, connections: u32, servers: u32) -> (i32, &'static str) {
    let now = Timestamp::UNIX_EPOCH;
    let per_server = settings.capacity.of("any").unwrap();
    let fleet = Fleet {
        active: servers,
        desired: servers,
        limits: Limits { min: 0, max: 10_000 },
        paused: false,
        trouble: None,
        cooldown: std::time::Duration::ZERO,
        moves: Moves::Steps(vec![
            crate::decide::tests::step("up", Effect::Change(1)),
            crate::decide::tests::step("down", Effect::Change(-1)),
        ]),
        flavor: None,
        details_at: now,
    };
    let reading = Reading {
        signal: Signal::Demand { load: f64::from(connections) },
        taken: Window { earliest: now, latest: now },
        balancers: Vec::new(),
        nodes: None,
        beat: None,
    };
    let serving = f64::from(servers) * per_server;
    let seen = Observation {
        at: now,
        fleet: Ok(fleet),
        reading: Ok(reading),
        capacity: Ok(Capacity { servers, serving, fixed: 0.0, per_server }),
    };
    let verdict = decide(&settings.groups[0].rules.at(now), &Memory::default(), &seen).verdict;
    let sign = match &verdict {
        Verdict::Scale(change, _) => i32::from(change.to > change.from) - i32::from(change.to < change.from),
        Verdict::Hold(_) => 0,
    };
    (sign, verdict.reason())
}

#[test]
fn connections_lead_to_the_moves_that_loadscale_py_made() {
    for (most, least) in [(50u32, 40u32), (70, 33), (7, 3), (1000, 1), (3, 2)] {
        let named = "LOAD_BAL_NAME = 'b'\nAUTO_SCALE_NAME = 'a'\n";
        let settings = settings(&brought_over(&format!("{named}MAX_CONN = {most}\nMIN_CONN = {least}\n")));
        for servers in (1..60).chain([200, 999, 1000]) {
            let edges = [most * servers, least * servers, (most + least) * servers / 2];
            for connections in edges.into_iter().flat_map(|edge| edge.saturating_sub(1)..=edge + 1) {
                let (sign, reason) = ours(&settings, connections, servers);
                let theirs = loadscale_py(most, least, connections, servers);
                let case = format!("{connections} on {servers} servers at {least} to {most}: {reason}");
                // The one difference: no move down after which it would go up.
                let flaps =
                    theirs < 0 && (servers == 1 && connections > 0 || connections > most * (servers - 1));
                assert_eq!(sign, if flaps { 0 } else { theirs }, "{case}");
                assert_eq!(reason == "would_flap", flaps, "{case}");
            }
        }
    }
}

#[test]
fn what_cannot_be_brought_over_is_told_all_at_once_and_no_secret_repeated() {
    let text = "import os\nMAX_CONN = 5 * 10\nMIN_CONN = 'few'\nLOAD_BAL_NAME = os.environ['LB']\nAUTO_SCALE_NAME = 'a'\n";
    let told = problems("settings.py", text);
    assert_eq!(told.len(), 3, "{told:#?}");
    for (line, words) in
        [(2, "MAX_CONN is not written out"), (3, "MIN_CONN must be"), (4, "LOAD_BAL_NAME is not")]
    {
        let found = told
            .iter()
            .any(|told| told.starts_with(&format!("settings.py:{line}: ")) && told.contains(words));
        assert!(found, "{words}: {told:#?}");
    }
    let below = problems("s.py", "MAX_CONN = -5\nMIN_CONN = 2\nLOAD_BAL_NAME = 'b'\nAUTO_SCALE_NAME = 'a'");
    assert!(below[0].starts_with("s.py:1: MAX_CONN must be a number of at least 0"), "{below:?}");
    let swapped =
        problems("s.py", "MAX_CONN = 10\nMIN_CONN = 20\nLOAD_BAL_NAME = 'b'\nAUTO_SCALE_NAME = 'a'");
    assert!(swapped[0].contains("MIN_CONN is 20 and MAX_CONN 10"), "{swapped:?}");
    let secret = problems("a.py", "HEROKU_API_KEY = 'hunter2'\nMAX_DYNOS = 'many'\n");
    assert!(secret.len() == 2 && !secret.join("").contains("hunter2"), "{secret:?}");
    assert!(problems("x.py", "A = 1")[0].contains("no setting of autoscalebot"));
    assert!(problems("x.py", "A = 'x")[0].starts_with("x.py:1: this is neither Python nor"));
}

const PYRAX_CFG: &str = "\
# pyrax
[london]
identity_type = rackspace
region = LON
keyring_username = me
verify_ssl = False

[private]
identity_type = keystone
auth_endpoint = https://keystone.example.com:5000/v2.0/
tenant_id = 42
region = RegionOne
";

#[test]
fn environments_of_pyrax_become_a_cloud() {
    let file = File { name: ".pyrax.cfg", text: PYRAX_CFG };
    let first = import(&[file], None).unwrap();
    assert!(first.settings.contains("kind = \"rackspace\"") && first.settings.contains("region = \"LON\""));
    assert!(!first.has_group);
    tells(&first, &["\"london\"", "private", "keyring", "verify_ssl", "no group"]);

    let script = File { name: "settings.py", text: LOADSCALE_PY };
    let both = import(&[file, script], Some("private")).unwrap();
    let values = values(&settings(&both));
    let cloud = ["cloud.kind = openstack", "cloud.identity_url = https://keystone.example.com:5000/v3"];
    holds(&values, &cloud);
    holds(&values, &["cloud.region = RegionOne", "group[0].name = web"]);
    tells(&both, &["tenant_id belongs to the credentials", "v2.0 is gone"]);

    let unknown = import(&[file], Some("none")).unwrap_err().to_string();
    assert!(unknown.contains("no environment \"none\"; it has london, private"), "{unknown}");
    let by_name = import(
        &[File { name: "p", text: "[a]\nidentity_type = keystone\n[settings]\nidentity_type = rackspace\n" }],
        None,
    );
    assert!(by_name.unwrap().settings.contains("rackspace"), "[settings] is the default wherever it stands");
    assert!(problems("p", "[a]\nregion = ORD\n")[0].contains("has no identity_type"));
}
