//! Notifiers in a settings file: what they come to, and what is told of those that are wrong.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use super::*;
use crate::settings::tests::{GROUP, problems, read};

fn notifiers(text: &str) -> Vec<NotifierSettings> {
    read(&format!("{GROUP}{text}")).notifiers
}

fn told(text: &str) -> Vec<String> {
    problems(&format!("{GROUP}{text}"))
}

#[test]
fn the_least_notifier_is_told_what_autoscalebot_tells() {
    let [console] = notifiers("[[notifier]]\nkind = \"console\"\n").try_into().unwrap();
    assert_eq!((console.name.as_str(), &console.means), ("console", &Means::Console));
    assert_eq!(console.interest, Interest::default());
    assert!(console.interest.when.contains(&Condition::NeedsExceedMax));
    for off in [Condition::NeedsBelowMin, Condition::ScaleFails, Condition::EveryScale, Condition::EveryPass]
    {
        assert!(!console.interest.when.contains(&off), "{off}");
    }
}

#[test]
fn everything_that_is_written_arrives() {
    let text = r#"
        [[notifier]]
        kind = "log"
        name = "all"
        groups = ["g"]
        when = ["every-scale", "scale-diff-exceeds"]
        level = "warning"
        reading_missing_for = "1h"
        scale_diff_exceeds = 7
        scale_diff_within = "30m"
        again_after = "0s"
        "#;
    let expected = Interest {
        when: [Condition::EveryScale, Condition::ScaleDiffExceeds].into(),
        level: Severity::Warning,
        groups: Some(["g".to_owned()].into()),
        reading_missing_for: Duration::from_secs(3600),
        scale_diff_exceeds: Some(7),
        scale_diff_within: Duration::from_secs(1800),
        again_after: Duration::ZERO,
    };
    assert_eq!(notifiers(text)[0].interest, expected);
}

#[test]
fn a_mail_server_has_the_port_of_its_security() {
    let mail = |more: &str| {
        let text = "[[notifier]]\nkind = \"email\"\nfrom = \"a@b.c\"\nto = [\"Ops <d@e.f>\"]\n";
        let Means::Email(email) = notifiers(&format!("{text}{more}\n")).remove(0).means else { panic!() };
        (email.port, email.security)
    };
    assert_eq!(mail("host = \"h\""), (587, crate::notifier::email::Security::StartTls));
    assert_eq!(mail("host = \"h\"\nsecurity = \"tls\"").0, 465);
    assert_eq!(mail("host = \"localhost\"\nsecurity = \"none\"").0, 25);
    assert_eq!(mail("host = \"h\"\nport = 2525").0, 2525);
}

#[test]
fn a_command_keeps_its_arguments_as_they_are() {
    let text = "[[notifier]]\nkind = \"command\"\ncommand = [\"page\", \"-v\", \"-v\", \"two words\"]\n";
    let Means::Command(command) = notifiers(text).remove(0).means else { panic!() };
    assert_eq!((command.program.as_str(), command.timeout), ("page", Duration::from_secs(10)));
    assert_eq!(command.arguments, ["-v", "-v", "two words"]);
}

#[test]
fn every_fault_is_told_where_it_stands() {
    for (text, expected) in [
        ("", "settings.toml:6: notifier[0].kind: is missing; it must be \"console\" or"),
        ("kind = \"mail\"", "must be \"console\" or \"log\" or \"email\" or \"webhook\" or \"command\""),
        ("kind = \"log\"\nwehn = []", "notifier[0].wehn: unknown key; did you mean when?"),
        ("kind = \"log\"\nwhen = [\"every-scal\"]", "did you mean every-scale?"),
        ("kind = \"log\"\nname = \"Ops Mail\"", "must be lower-case letters, digits and single -"),
        ("kind = \"log\"\ngroups = [\"other\"]", "names a group that there is not"),
        ("kind = \"log\"\nwhen = [\"scale-diff-exceeds\"]", "scale_diff_exceeds: is missing"),
        ("kind = \"log\"\nscale_diff_exceeds = 3", "has no use without \"scale-diff-exceeds\" in when"),
        ("kind = \"webhook\"\ntemplate = \"slack\"\nurl = \"https://h/x\"", "is itself a secret"),
        ("kind = \"webhook\"\nbody = '{\"a\": \"{titel}\"}'", "notifier[0].body: names {titel}"),
        ("kind = \"webhook\"\ntemplate = \"slack\"\nbody = '{}'", "has no use beside template"),
        ("kind = \"webhook\"\npassword = \"hunter2\"", "[notifier NAME] of the credentials file"),
        ("kind = \"command\"\ncommand = []", "notifier[0].command = []: is empty"),
        ("kind = \"email\"\nhost = \"h\"\nfrom = \"nobody\"\nto = [\"a@b.c\"]", "is no mail address"),
        (
            "kind = \"email\"\nhost = \"h\"\nfrom = \"a@b.c\"\nto = [\"a@b.c\"]\nsecurity = \"none\"",
            "would send notices in clear over the network",
        ),
        ("kind = \"email\"\nhost = \"h\"\nfrom = \"a@b.c\"\nto = [\"a@b.c\"]\nport = 70000", "is no port"),
    ] {
        let told = told(&format!("[[notifier]]\n{text}\n"));
        assert_eq!(told.len(), 1, "{text}: {told:#?}");
        assert!(told[0].contains(expected), "{text}: {told:#?}");
        assert!(!told[0].contains("hunter2"));
    }
}

#[test]
fn a_table_without_a_kind_does_not_shift_the_others() {
    let text = "[[notifier]]\nname = \"a\"\n[[notifier]]\nkind = \"log\"\nname = \"B\"\n";
    let told = told(text);
    assert!(told[0].contains("notifier[0].kind") && told[1].contains("notifier[1].name"), "{told:#?}");
}

#[test]
fn two_of_one_name_are_told() {
    let log = "[[notifier]]\nkind = \"log\"\n";
    let told = told(&format!("{log}{log}"));
    assert!(told[0].contains("notifier[1].name = \"log\": is the name of notifier[0] too"), "{told:#?}");
}

#[test]
fn a_program_gets_no_longer_than_one_sending_may_take() {
    let command = |timeout: &str| {
        format!("[[notifier]]\nkind = \"command\"\ncommand = [\"page\"]\ntimeout = {timeout:?}\n")
    };
    let told = told(&command("11s"));
    assert!(told.len() == 1 && told[0].contains("notifier[0].timeout"), "{told:?}");
    assert!(told[0].contains("at most 10s"), "{told:?}");
    notifiers(&command("10s"));
}
