//! The direction of imports, and the purity of the core, read off the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Modules of the program that a module may use, beside itself.
const ALLOWED: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("tick", &[]),
    ("memo", &["tick"]),
    ("files", &[]),
    ("known", &["files"]),
    ("forecast", &["model"]),
    ("decide", &["forecast", "model"]),
    ("record", &["decide", "model"]),
    ("rulebook", &["model"]),
    ("journal", &["decide", "files", "model", "record"]),
    ("explain", &["decide", "journal", "model", "record"]),
    ("table", &[]),
    ("markup", &[]),
    ("chart", &[]),
    ("calibrate", &["chart", "markup", "model", "table"]),
    ("replay", &["chart", "decide", "journal", "markup", "model", "rulebook", "table"]),
    ("monitor", &["known", "memo", "model", "tick"]),
    ("scaler", &["known", "memo", "model", "tick"]),
    ("capacity", &["model", "scaler", "settings"]),
    (
        "controller",
        &[
            "capacity", "decide", "journal", "known", "model", "monitor", "notifier", "record", "rulebook",
            "scaler", "settings", "tick",
        ],
    ),
    ("notifier", &["files", "model", "record"]),
    ("settings", &["model", "notifier", "rulebook"]),
    ("credentials", &["settings"]),
    ("exit", &["model", "record"]),
    ("import", &["rulebook", "settings"]),
];

/// Rooms without clock, I/O and async, and what would betray one.
const PURE: &[&str] = &[
    "src/model.rs",
    "src/model",
    "src/forecast",
    "src/decide",
    "src/explain",
    "src/notifier/conditions.rs",
    "src/notifier/template.rs",
    "src/notifier/words.rs",
    "src/replay",
    "src/rulebook",
    "src/calibrate",
    "src/markup.rs",
    "src/chart.rs",
    "src/table.rs",
    "src/import",
    "crates/otter/src/model",
    "crates/otter/src/engine.rs",
    "crates/otter/src/percent.rs",
    "crates/otter/src/schedule",
    "crates/otter/src/converge",
];
const IMPURE: &[&str] = &[
    "async fn",
    ".await",
    "tokio::",
    "std::fs",
    "std::net",
    "std::io::",
    "::now()",
    "SystemTime",
    "reqwest",
    "std::env",
];

#[test]
fn modules_use_only_what_stands_below_them() {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut wrong = Vec::new();
    for file in sources("src") {
        let module = module(&file);
        let Some(below) = allowed.get(module.as_str()) else { continue };
        for used in used(&code(&file)) {
            if used != module && !below.contains(&used.as_str()) {
                wrong.push(format!("{} uses {used}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "against the direction of imports:\n{}", wrong.join("\n"));
}

#[test]
fn every_allowance_names_a_module_that_is_there() {
    let there: BTreeSet<String> = sources("src").iter().map(|file| module(file)).collect();
    let named = ALLOWED.iter().flat_map(|(module, below)| below.iter().chain([module]));
    let gone: Vec<_> = named.filter(|module| !there.contains(**module)).collect();
    assert!(gone.is_empty(), "no such modules: {gone:?}");
}

#[test]
fn the_core_is_pure() {
    let mut wrong = Vec::new();
    for file in PURE.iter().flat_map(|room| sources(room)) {
        let code = code(&file);
        wrong.extend(
            IMPURE
                .iter()
                .filter(|word| code.contains(**word))
                .map(|word| format!("{}: {word}", file.display())),
        );
    }
    assert!(wrong.is_empty(), "clock, I/O or async in the pure core:\n{}", wrong.join("\n"));
}

#[test]
fn only_demo_and_sandbox_link_the_sandbox() {
    let users: Vec<_> = sources("src")
        .into_iter()
        .filter(|file| code(file).lines().any(|line| line.trim_start().starts_with("use sandbox")))
        .filter(|file| !file.ends_with("commands/demo.rs") && !file.ends_with("commands/sandbox.rs"))
        .filter(|file| !file.ends_with("commands/demo/heroku.rs"))
        .collect();
    assert!(users.is_empty(), "these use the sandbox: {users:?}");
}

/// Every source file below `room`, tests left out.
fn sources(room: &str) -> Vec<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(room);
    let mut found = Vec::new();
    collect(&path, &mut found);
    assert!(!found.is_empty(), "{room} is not there");
    found
}

fn collect(path: &Path, found: &mut Vec<PathBuf>) {
    if path.file_stem().is_some_and(|name| name == "tests") {
        return;
    }
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("a readable folder");
        entries.for_each(|entry| collect(&entry.expect("an entry").path(), found));
    } else if path.extension().is_some_and(|e| e == "rs") {
        found.push(path.to_owned());
    }
}

/// The code of a file: without comments, and without the tests at its end.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).expect("a readable source");
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The module of the program that a file belongs to.
fn module(file: &Path) -> String {
    let below = file.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect("a file of src");
    let first = below.components().next().expect("a path").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The modules that `use crate::…` names, in any of its forms.
fn used(code: &str) -> BTreeSet<String> {
    let after = code.split("crate::").skip(1);
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut modules = BTreeSet::new();
    for text in after {
        match text.strip_prefix('{') {
            Some(group) => {
                let inside = group.split('}').next().unwrap_or_default();
                modules.extend(inside.split(',').map(|part| word(part.trim())));
            }
            None => {
                modules.insert(word(text));
            }
        }
    }
    modules.remove("");
    modules
}
