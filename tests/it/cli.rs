//! What is typed and what is answered, without a cloud.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::tempdir;

use crate::program::{answer, loadscale};

#[test]
fn without_settings_it_says_what_is_missing_and_offers_a_way() {
    let home = tempdir().expect("a folder");
    let answer = answer(&mut loadscale(home.path()));
    assert_eq!(answer.status, 2);
    assert_eq!(answer.stdout, "");
    for words in ["settings.toml", "loadscale demo", "settings.example.toml", "--settings"] {
        assert!(answer.stderr.contains(words), "{words} is not in: {}", answer.stderr);
    }
}

#[test]
fn all_problems_of_a_settings_file_are_told_at_once() {
    let home = tempdir().expect("a folder");
    let text = "[cloud]\nregoin = \"DFW\"\n[capacity]\ndefault = -1\n[[group]]\nname = \"g\"\nscale_up_after = 1.5\n";
    fs::write(home.path().join("settings.toml"), text).expect("written");
    let answer = answer(&mut loadscale(home.path()));
    assert_eq!(answer.status, 2);
    for words in [
        "settings.toml:2",
        "region",
        "settings.toml:4",
        "settings.toml:7",
        "scale_up_after",
        "load_balancers",
    ] {
        assert!(answer.stderr.contains(words), "{words} is not in: {}", answer.stderr);
    }
}

#[test]
fn a_credentials_file_that_others_can_read_is_refused_with_the_remedy() {
    let home = tempdir().expect("a folder");
    let secret = "0123456789abcdef";
    let credentials = home.path().join(".rackspace_cloud_credentials");
    fs::write(&credentials, format!("[rackspace_cloud]\nusername = u\napi_key = {secret}\n"))
        .expect("written");
    fs::set_permissions(&credentials, fs::Permissions::from_mode(0o644)).expect("set");
    let settings = "[capacity]\ndefault = 50\n[[group]]\nname = \"g\"\nload_balancers = [\"lb\"]\nscale_up = [\"u\"]\nscale_down = [\"d\"]\n";
    fs::write(home.path().join("settings.toml"), settings).expect("written");
    let answer = answer(&mut loadscale(home.path()));
    assert_eq!(answer.status, 2, "{}", answer.stderr);
    assert!(answer.stderr.contains("chmod 600"), "{}", answer.stderr);
    assert!(!answer.stderr.contains(secret));
}

#[test]
fn settings_are_brought_over_once_and_never_written_over() {
    let home = tempdir().expect("a folder");
    let old = "LOAD_BAL_NAME = 'lb'\nAUTO_SCALE_NAME = 'web'\n";
    fs::write(home.path().join("settings.py"), old).expect("written");
    let import =
        |file: &str| answer(loadscale(home.path()).args(["import", file, "--output", "settings.toml"]));
    let first = import("settings.py");
    assert_eq!(first.status, 0, "{first:?}");
    assert!(
        first.stdout.contains("settings.toml is written") && first.stdout.contains("chmod 600"),
        "{first:?}"
    );
    let written = fs::read_to_string(home.path().join("settings.toml")).expect("written");
    assert!(written.contains("name = \"web\"") && written.contains("# * The credentials file"), "{written}");
    let again = import("settings.py");
    assert_eq!((again.status, again.stdout.as_str()), (2, ""), "{again:?}");
    assert!(again.stderr.contains("there already"), "{again:?}");

    let printed = answer(loadscale(home.path()).args(["import", "settings.py"]));
    assert_eq!(printed.stdout, written);
    fs::write(home.path().join("bad.py"), "MAX_CONN = 5 * 10\n").expect("written");
    let bad = import("bad.py");
    assert_eq!((bad.status, bad.stdout.as_str()), (2, ""), "{bad:?}");
    assert!(
        bad.stderr.contains("bad.py:1: MAX_CONN") && bad.stderr.contains("LOAD_BAL_NAME is missing"),
        "{bad:?}"
    );
}

#[test]
fn help_and_version_need_nothing() {
    let home = tempdir().expect("a folder");
    let help = answer(loadscale(home.path()).arg("--help"));
    assert_eq!(help.status, 0);
    for words in ["--dry-run", "--interval", "--deadline", "--state-dir", "--log-format", "Exit status", "75"]
    {
        assert!(help.stdout.contains(words), "{words} is not in: {}", help.stdout);
    }
    let version = answer(loadscale(home.path()).arg("--version"));
    assert_eq!(version.stdout, concat!("loadscale ", env!("CARGO_PKG_VERSION"), "\n"));
}

/// What `cargo run` takes in a workspace of several programs, as the README has it.
#[test]
fn cargo_run_takes_loadscale() {
    let manifest: toml::Table = include_str!("../../Cargo.toml").parse().expect("a manifest");
    assert_eq!(manifest["package"]["default-run"].as_str(), Some("loadscale"));
}

#[test]
fn an_unknown_option_is_a_usage_error() {
    let home = tempdir().expect("a folder");
    assert_eq!(answer(loadscale(home.path()).arg("--dry-rum")).status, 2);
}
