//! autoscalebot's settings, and beats that lead to the same actions.

use proptest::prelude::*;

use super::super::autoscalebot::NAMES;
use super::*;
use crate::decide::tests::autoscalebot::{Story, agrees, story};

const AUTOSCALEBOT: &str = "\
HEROKU_APP_NAME = 'dancing-forest-1234'
HEROKU_API_KEY = 'hunter2'
HEARTBEAT_INTERVAL_IN_SECONDS = 45
HEARTBEAT_URL = 'https://www.example.com/beat'
MAX_RESPONSE_TIME_IN_MS = 1500
MIN_RESPONSE_TIME_IN_MS = 250
NUMBER_OF_FAILS_TO_SCALE_UP_AFTER = 4
NUMBER_OF_PASSES_TO_SCALE_DOWN_AFTER = 6
MAX_DYNOS = {'0:00': 2, '17:00': 3, '9:00': 5}
MIN_DYNOS = 1
INCREMENT = 2
NOTIFICATION_BACKENDS = [
    'autoscalebot.backends.notification.ConsoleBackend',
    'autoscalebot.backends.notification.DjangoEmailBackend',
    'autoscalebot.backends.notification.LoggerBackend',
    'autoscalebot.backends.notification.TestBackend',
]
NOTIFY_IF_SCALE_DIFF_EXCEEDS_THRESHOLD = 10
NOTIFY_IF_SCALE_DIFF_EXCEEDS_PERIOD_IN_MINUTES = 30
NOTIFY_IF_NEEDS_EXCEED_MAX = True
NOTIFY_IF_NEEDS_BELOW_MIN = True
NOTIFY_ON_SCALE_FAILS = False
NOTIFY_ON_EVERY_SCALE = True
NOTIFY_ON_EVERY_PING = False
TIME_ZONE = 'America/Vancouver'
";

/// The same as a Django settings file has it.
fn in_django(text: &str) -> String {
    let prefixed = |line: &str| match line.split_once(" = ") {
        Some((name, _)) if NAMES.contains(&name) && name != "TIME_ZONE" => {
            format!("AUTOSCALE_{line}\n")
        }
        _ => format!("{line}\n"),
    };
    let django = "DEBUG = False\nADMINS = (('Ops', 'ops@example.com'),)\nEMAIL_HOST_PASSWORD = 'hunter2'\nEMAIL_HOST_USER = 'me'\n";
    format!("{django}{}", text.lines().map(prefixed).collect::<String>())
}

#[test]
fn all_settings_of_autoscalebot_have_their_place() {
    let plain = brought_over(AUTOSCALEBOT);
    let django = brought_over(&in_django(AUTOSCALEBOT));
    for imported in [&plain, &django] {
        holds(
            &values(&settings(imported)),
            &[
                "cloud.kind = none",
                "group[0].name = dancing-forest-1234",
                "group[0].scaler.app = dancing-forest-1234",
                "group[0].scaler.process = web",
                "group[0].monitor.urls = https://www.example.com/beat",
                "group[0].monitor.high = 1s 500ms",
                "group[0].monitor.low = 250ms",
                "group[0].monitor.timeout = 1s 500ms",
                "group[0].scale_up_after = 4",
                "group[0].scale_down_after = 6",
                "group[0].increment = 2",
                "group[0].min = 1",
                "group[0].max.zone = America/Vancouver",
                "group[0].max.\"9:00\" = 5",
                "group[0].max.\"17:00\" = 3",
                "notifier[0].kind = console",
                "notifier[0].when = every-scale, needs-exceed-max, needs-below-min, scale-diff-exceeds",
                "notifier[0].scale_diff_exceeds = 10",
                "notifier[0].scale_diff_within = 30m",
            ],
        );
        tells(
            imported,
            &[
                "HEROKU_API_KEY is a secret",
                "TestBackend",
                "never built",
                "NOTIFY_ON_SCALE_FAILS was not heeded",
            ],
        );
        assert!(imported.settings.contains("loadscale --interval 45s"), "{}", imported.settings);
        assert!(!imported.settings.contains("hunter2"), "{}", imported.settings);
    }
    holds(&values(&settings(&plain)), &["notifier[1].kind = log"]);
    tells(&plain, &["ADMINS"]);
    let mail = [
        "notifier[1].kind = email",
        "notifier[1].host = localhost",
        "notifier[1].to = ops@example.com",
        "notifier[2].kind = log",
    ];
    holds(&values(&settings(&django)), &mail);
}

#[test]
fn what_autoscalebot_leaves_out_has_its_defaults() {
    let imported = brought_over(
        "HEROKU_APP_NAME = 'app'\nMIN_DYNOS = {'8:00' = 3, '18:00' = 1}\nNOTIFY_ON_EVERY_PING = None\n",
    );
    holds(
        &values(&settings(&imported)),
        &[
            "group[0].monitor.urls = https://app.herokuapp.com/autoscalebot/heartbeat/",
            "group[0].monitor.high = 1s",
            "group[0].monitor.low = 200ms",
            "group[0].scale_up_after = 3",
            "group[0].scale_down_after = 5",
            "group[0].increment = 1",
            "group[0].max = 3",
            "group[0].min.zone = UTC",
            // What autoscalebot took before its first entry.
            "group[0].min.\"0:00\" = 3",
            "group[0].min.\"8:00\" = 3",
            "group[0].min.\"18:00\" = 1",
        ],
    );
    tells(&imported, &["herokuapp.com", "no TIME_ZONE", "0:00", "nobody is told"]);
}

#[test]
fn a_page_is_brought_over_without_its_secrets() {
    let with = |url: &str| format!("HEROKU_APP_NAME = 'app'\nHEARTBEAT_URL = '{url}'\n");
    let imported = brought_over(&with("https://me:hunter2@example.com/beat"));
    holds(&values(&settings(&imported)), &["group[0].monitor.urls = https://example.com/beat"]);
    tells(&imported, &["HEARTBEAT_URL held a user or password"]);
    assert!(!imported.settings.contains("hunter2"));
    for url in ["https://example.com/beat?key=hunter2", "example.com/beat"] {
        let told = problems("a.py", &with(url));
        assert!(told.len() == 1 && told[0].contains("HEARTBEAT_URL must be a URL"), "{told:?}");
        assert!(!told[0].contains("hunter2"));
    }
}

/// What settings with these lines tell, and to whom.
fn notifiers(lines: &str) -> (Imported, Vec<crate::settings::NotifierSettings>) {
    let imported = brought_over(&format!("HEROKU_APP_NAME = 'app'\n{lines}"));
    let notifiers = settings(&imported).notifiers;
    (imported, notifiers)
}

#[test]
fn each_flag_decides_of_what_is_told() {
    let flags = [
        ("NOTIFY_ON_EVERY_PING", Condition::EveryPass),
        ("NOTIFY_ON_EVERY_SCALE", Condition::EveryScale),
        ("NOTIFY_ON_SCALE_FAILS", Condition::ScaleFails),
        ("NOTIFY_IF_NEEDS_EXCEED_MAX", Condition::NeedsExceedMax),
        ("NOTIFY_IF_NEEDS_BELOW_MIN", Condition::NeedsBelowMin),
    ];
    for on in [true, false] {
        for (flag, _) in flags {
            let is_on = |other: &str| if (other == flag) == on { "True" } else { "False" };
            let lines = flags.map(|(other, _)| format!("{other} = {}\n", is_on(other))).concat();
            let (_, told) = notifiers(&format!("NOTIFICATION_BACKENDS = ['x.ConsoleBackend']\n{lines}"));
            let wanted = flags.map(|(_, condition)| told[0].interest.wants(condition, "app"));
            assert_eq!(wanted, flags.map(|(other, _)| (other == flag) == on), "{flag} {on}");
        }
    }
}

#[test]
fn backends_with_nothing_to_tell_or_told_twice_are_no_notifiers() {
    let console = "NOTIFICATION_BACKENDS = ['x.ConsoleBackend']\n";
    let (imported, told) = notifiers(&format!("{console}NOTIFY_IF_NEEDS_EXCEED_MAX = False\n"));
    assert_eq!(told, []);
    tells(&imported, &["nothing to tell"]);
    let (imported, told) =
        notifiers("NOTIFICATION_BACKENDS = ['x.ConsoleBackend', 'x.LoggerBackend', 'y.ConsoleBackend']\n");
    assert_eq!(told.iter().map(|told| told.name.as_str()).collect::<Vec<_>>(), ["console", "log"]);
    tells(&imported, &["\"y.ConsoleBackend\" tells what another backend tells already"]);
}

#[test]
fn no_text_of_the_old_file_becomes_a_setting() {
    let injected = "[[notifier]]\\nkind = \"command\"\\ncommand = [\"sh\"]\\n#\\x01";
    let lines = format!("NOTIFICATION_BACKENDS = ['\\n{injected}.ConsoleBackend', '\\n{injected}.Other']\n");
    let (_, told) = notifiers(&lines);
    assert_eq!(told.iter().map(|told| told.name.as_str()).collect::<Vec<_>>(), ["console"]);
    notifiers("HEARTBEAT_URL = '/beat\\x01'\n");
}

/// `story` as somebody would have written it for autoscalebot.
fn python(story: &Story) -> String {
    let dynos = |dynos: &[(u16, u32)]| {
        let entry = |(minute, number): &(u16, u32)| format!("'{}:{:02}': {number}", minute / 60, minute % 60);
        dynos.iter().map(entry).collect::<Vec<_>>().join(", ")
    };
    format!(
        "HEROKU_APP_NAME = 'app'\nNUMBER_OF_FAILS_TO_SCALE_UP_AFTER = {}\nNUMBER_OF_PASSES_TO_SCALE_DOWN_AFTER = {}\n\
         INCREMENT = {}\nMIN_DYNOS = {{{}}}\nMAX_DYNOS = {{{}}}\nTIME_ZONE = '{}'\n",
        story.fails,
        story.passes,
        story.increment,
        dynos(&story.min),
        dynos(&story.max),
        story.zone
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn beats_lead_to_the_actions_that_autoscalebot_took(story in story()) {
        // Its tables begin at midnight, or it would not take the last entry of the day before.
        let mut story = story;
        for table in [&mut story.min, &mut story.max] {
            table[0].0 = 0;
        }
        let settings = settings(&brought_over(&python(&story)));
        agrees(&story, settings.groups[0].rules.clone())?;
    }
}
