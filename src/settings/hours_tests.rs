//! Limits by local time: what is read, and every fault told.

#![allow(clippy::unwrap_used)]

use super::tests::{GROUP, problem, problems, read};

#[test]
fn limits_may_be_tables_of_local_times() {
    let times = "\"0:00\" = 2, \"mon-fri 9:00\" = 5, \"2025-12-24 to 2025-12-26\" = 1";
    let settings = read(&format!("{GROUP}min = {{ zone = \"America/Vancouver\", {times} }}\nmax = 6\n"));
    let rules = |at: &str| settings.groups[0].rules.at(at.parse().unwrap()).into_owned();
    // A Wednesday in Vancouver, eight hours behind.
    for (at, min) in [("2025-12-03T16:59:59Z", 2), ("2025-12-03T17:00:00Z", 5), ("2025-12-24T18:00:00Z", 1)] {
        assert_eq!((rules(at).min, rules(at).max), (Some(min), Some(6)), "{at}");
    }
    let rows: Vec<_> =
        settings.origins().into_iter().map(|row| format!("{} = {}", row.key, row.value)).collect();
    for row in
        ["group[0].min.zone = America/Vancouver", "group[0].min.\"mon-fri 9:00\" = 5", "group[0].max = 6"]
    {
        assert!(rows.iter().any(|known| known == row), "{row} is not in {rows:#?}");
    }
}

#[test]
fn every_fault_of_limits_by_the_clock_is_told() {
    let min = "[group.min]\nzone = \"America/Vancuver\"\n\"25:00\" = 1\n\"9:00\" = -1\n\"10:00\" = 1.5\n\"11:00\" = 2\n\
               \"mon-sun 11:00\" = 3\n";
    let told = problems(&format!("{GROUP}{min}[group.max]\n\"0:00\" = 4\n"));
    let begins = [
        "settings.toml:7: group[0].min.zone = \"America/Vancuver\": is no time zone; write its IANA name, such as \
         \"America/Vancouver\"; did you mean America/Vancouver?",
        "settings.toml:8: group[0].min.\"25:00\" = 1: is no time that a limit can begin at; write",
        "settings.toml:9: group[0].min.\"9:00\" = -1: must be",
        "settings.toml:10: group[0].min.\"10:00\" = 1.5: must be a whole number",
        "settings.toml:12: group[0].min.\"mon-sun 11:00\" = 3: holds at the same time as \"11:00\"",
        "settings.toml:13: group[0].max.zone: is missing; it must be the IANA name of a time zone",
    ];
    assert_eq!(told.len(), begins.len(), "{told:#?}");
    for (told, begin) in told.iter().zip(begins) {
        assert!(told.starts_with(begin), "{told}\n{begin}");
    }
    let empty = problem(&format!("{GROUP}min = {{ zone = \"UTC\" }}"));
    assert!(empty.ends_with("write at least one, such as \"0:00\" = 2"), "{empty}");
}

#[test]
fn limits_by_the_clock_must_not_contradict_each_other() {
    let table = |entries: &str| format!("{{ zone = \"UTC\", {entries} }}");
    let day = table("\"0:00\" = 2, \"tue 9:00\" = 5");
    let holidays = table("\"0:00\" = 6, \"2025-12-24 18:00 to 2025-12-27 8:00\" = 1");
    let elsewhere = "{ zone = \"Europe/Berlin\", \"0:00\" = 9 }".to_owned();
    for (max, ending) in [
        ("4".to_owned(), "min: is above max: it is 5 every Tuesday from 9:00 on, and max is then 4"),
        (holidays, "it is 2 on 2025-12-24 from 18:00 on, and max is then 1"),
        (
            elsewhere,
            "max.zone = \"Europe/Berlin\": must be that of min, \"UTC\": both limits go by one clock",
        ),
    ] {
        let told = problem(&format!("{GROUP}min = {day}\nmax = {max}\n"));
        assert!(told.ends_with(ending), "{told}\n{ending}");
    }
}

#[test]
fn an_apps_limits_have_no_gaps_in_which_it_could_grow_without_end_or_be_shut_down() {
    let app = "[cloud]\nkind = \"none\"\n[[group]]\nname = \"a\"\nscaler = { kind = \"heroku\", app = \"a\" }\n\
               monitor = { kind = \"heartbeat\", urls = [\"https://a/\"] }\n";
    let dated = |number| format!("{{ zone = \"UTC\", \"2026-12-24\" = {number} }}");
    let told = problem(&format!("{app}max = {}\n", dated(9)));
    assert!(told.contains("group[0].max") && told.contains("holds on its dates only"), "{told}");
    let told = problem(&format!("{app}max = 3\nmin = {}\n", dated(0)));
    assert!(told.contains("group[0].min") && told.contains("be shut down on dates only"), "{told}");
    read(&format!("{app}max = 3\nmin = {}\n", dated(2)));
}
