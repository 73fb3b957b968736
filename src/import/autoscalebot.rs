//! autoscalebot 2.1: its settings, by themselves or with `AUTOSCALE_` before each in a Django settings file.

use std::time::Duration;

use url::Url;

use super::draft::{Draft, Section, toml};
use super::notices;
use super::python::Literal;
use super::source::{Setting, Source, count};
use crate::rulebook::minute_of;
use crate::settings::duration::show;

/// Its settings, and TIME_ZONE, which is Django's and never has the prefix.
pub(super) const NAMES: [&str; 20] = [
    "HEROKU_APP_NAME",
    "HEROKU_API_KEY",
    "HEARTBEAT_INTERVAL_IN_SECONDS",
    "HEARTBEAT_URL",
    "MAX_RESPONSE_TIME_IN_MS",
    "MIN_RESPONSE_TIME_IN_MS",
    "NUMBER_OF_FAILS_TO_SCALE_UP_AFTER",
    "NUMBER_OF_PASSES_TO_SCALE_DOWN_AFTER",
    "MAX_DYNOS",
    "MIN_DYNOS",
    "INCREMENT",
    "NOTIFICATION_BACKENDS",
    "NOTIFY_IF_SCALE_DIFF_EXCEEDS_THRESHOLD",
    "NOTIFY_IF_SCALE_DIFF_EXCEEDS_PERIOD_IN_MINUTES",
    "NOTIFY_IF_NEEDS_EXCEED_MAX",
    "NOTIFY_IF_NEEDS_BELOW_MIN",
    "NOTIFY_ON_SCALE_FAILS",
    "NOTIFY_ON_EVERY_SCALE",
    "NOTIFY_ON_EVERY_PING",
    TIME_ZONE,
];

const TIME_ZONE: &str = "TIME_ZONE";
const DJANGO: &str = "AUTOSCALE_";
const GROUP: Section = Section::Group;

/// What the names of its settings begin with in a file that `has` them; none if it has none.
pub(super) fn prefix(has: impl Fn(&str) -> bool) -> Option<&'static str> {
    let own = || NAMES.iter().filter(|name| **name != TIME_ZONE);
    let with = |prefix: &&str| own().any(|name| has(&format!("{prefix}{name}")));
    [DJANGO, ""].into_iter().find(with)
}

pub(super) fn bring_over(source: &Source, draft: &mut Draft) {
    draft.set_plain(Section::Cloud, "kind", &toml("none"));
    tell_unknown(source, draft);
    let app = app(source, draft).unwrap_or_default();
    monitor(source, &app, draft);
    rules(source, draft);
    notices::bring_over(source, draft);
    interval(source, draft);
    draft.change(
        "loadscale reads the number of dynos in every pass instead of once, waits with the next move while dynos are \
         starting, and does not judge by a beat from before its last move.",
    );
}

/// What is in the file and means nothing. In a Django file everything without the prefix is Django's.
fn tell_unknown(source: &Source, draft: &mut Draft) {
    let known = |name: &str| NAMES.iter().any(|known| source.name(known) == name) || name == TIME_ZONE;
    for name in source.names().filter(|name| !known(name)) {
        draft.change(format!("{name} is no setting of autoscalebot and was left out."));
    }
}

/// The app, which also names the group, and its key's new place.
fn app(source: &Source, draft: &mut Draft) -> Option<String> {
    if source.has("HEROKU_API_KEY") {
        draft.change(format!(
            "{} is a secret and does not stand in settings: give it in the variable HEROKU_API_KEY, or as api_key in the \
             section [heroku] of the credentials file (see credentials.example).",
            source.name("HEROKU_API_KEY")
        ));
    }
    let name = source.name("HEROKU_APP_NAME");
    let app = source.text("HEROKU_APP_NAME", draft);
    match &app {
        Some(app) => {
            draft.set(GROUP, "name", &toml(app.as_str()), &name);
            let scaler = format!("{{ kind = \"heroku\", app = {}, process = \"web\" }}", toml(app.as_str()));
            draft.set(GROUP, "scaler", &scaler, &name);
        }
        None if source.has("HEROKU_APP_NAME") => {}
        None => draft.problem(None, format!("{name} is missing; write the name of your Heroku app")),
    }
    app
}

fn monitor(source: &Source, app: &str, draft: &mut Draft) {
    let url = source.text("HEARTBEAT_URL", draft);
    let Setting { value: url, from } =
        source.or_default("HEARTBEAT_URL", url, "/autoscalebot/heartbeat/".to_owned());
    let Some(url) = page(source, app, &url, draft) else { return };
    let high = milliseconds(source, "MAX_RESPONSE_TIME_IN_MS", 1000.0, draft);
    let low = milliseconds(source, "MIN_RESPONSE_TIME_IN_MS", 200.0, draft);
    let value = format!(
        "{{ kind = \"heartbeat\", urls = [{}], high = {}, low = {} }}",
        toml(url),
        toml(high.value),
        toml(low.value)
    );
    draft.set(GROUP, "monitor", &value, &format!("{from}; {}; {}", high.from, low.from));
}

/// The page in full, without a user and password, which are a secret.
fn page(source: &Source, app: &str, url: &str, draft: &mut Draft) -> Option<String> {
    let name = source.name("HEARTBEAT_URL");
    let whole = match url.starts_with('/') {
        true => format!("https://{app}.herokuapp.com{url}"),
        false => url.to_owned(),
    };
    let Some(mut page) = Url::parse(&whole).ok().filter(|page| page.query().or(page.fragment()).is_none())
    else {
        draft.problem(
            None,
            format!("{name} must be a URL, or a path of the app, without what begins with ? or #"),
        );
        return None;
    };
    if url.starts_with('/') {
        draft.change(format!(
            "{name} was a path; it is now {whole}. Mend it if your app has another address."
        ));
    }
    if page.username().is_empty() && page.password().is_none() {
        return Some(whole);
    }
    draft.change(format!(
        "{name} held a user or password, which do not stand in settings: write credential = \"page\" into the monitor, and \
         the header Authorization into the section [heartbeat page] of the credentials file (see credentials.example)."
    ));
    page.set_username("").and_then(|()| page.set_password(None)).ok()?;
    Some(page.into())
}

fn milliseconds(source: &Source, name: &str, default: f64, draft: &mut Draft) -> Setting<String> {
    let number = source.number(name, draft);
    let Setting { value, from } = source.or_default(name, number, default);
    let duration = Duration::try_from_secs_f64(value / 1000.0).unwrap_or(Duration::MAX);
    Setting { value: show(duration), from }
}

fn rules(source: &Source, draft: &mut Draft) {
    for (key, name, default) in [
        ("scale_up_after", "NUMBER_OF_FAILS_TO_SCALE_UP_AFTER", 3),
        ("scale_down_after", "NUMBER_OF_PASSES_TO_SCALE_DOWN_AFTER", 5),
        ("increment", "INCREMENT", 1),
    ] {
        let number = source.count(name, 1, draft);
        let Setting { value, from } = source.or_default(name, number, default);
        draft.set(GROUP, key, &value.to_string(), &from);
    }
    limit(source, "min", "MIN_DYNOS", 1, draft);
    limit(source, "max", "MAX_DYNOS", 3, draft);
}

/// A number, or a table of times of day.
fn limit(source: &Source, key: &str, name: &str, default: u32, draft: &mut Draft) {
    let what =
        "a whole number, or a dictionary of times and whole numbers such as {\"0:00\": 2, \"9:00\": 5}";
    let limit = source.value(name, what, draft, |value| match value {
        Literal::Dict(entries) => times(entries).map(Err),
        number => count(number).map(Ok),
    });
    let Setting { value, from } = source.or_default(name, limit, Ok(default));
    match value {
        Ok(number) => draft.set(GROUP, key, &number.to_string(), &from),
        Err(times) => {
            let table = table(source, name, times, draft);
            draft.set(GROUP, key, &table, &from);
        }
    }
}

/// Minutes of the day with their numbers, in order; none if there is none or one is no time.
fn times(entries: &[(Literal, Literal)]) -> Option<Vec<(u16, u32)>> {
    let time = |(time, number): &(Literal, Literal)| match time {
        Literal::Text(time) => Some((minute_of(time)?, count(number)?)),
        _ => None,
    };
    let mut times: Vec<_> = entries.iter().map(time).collect::<Option<_>>()?;
    times.sort_by_key(|(minute, _)| *minute);
    times.dedup_by_key(|(minute, _)| *minute);
    Some(times).filter(|times| !times.is_empty())
}

fn table(source: &Source, name: &str, mut times: Vec<(u16, u32)>, draft: &mut Draft) -> String {
    let name = source.name(name);
    let zone = match source.plain(TIME_ZONE) {
        Some(Literal::Text(zone)) => zone.clone(),
        _ => {
            draft.change(format!(
                "There is no TIME_ZONE, so the times of {name} are in UTC, as on Heroku's dynos."
            ));
            "UTC".to_owned()
        }
    };
    // Before its first entry autoscalebot takes that one; loadscale the last one of the day before.
    if let Some((_, number)) = times.first().copied().filter(|(minute, _)| *minute > 0) {
        times.insert(0, (0, number));
        draft.change(format!(
            "{name} says nothing of the time from 0:00 on. autoscalebot took its first number then, so it stands there \
             now; without it the last number of the day would hold on over midnight."
        ));
    }
    let entry = |(minute, number): &(u16, u32)| format!("\"{}:{:02}\" = {number}", minute / 60, minute % 60);
    let entries = times.iter().map(entry).collect::<Vec<_>>().join(", ");
    format!("{{ zone = {}, {entries} }}", toml(zone))
}

fn interval(source: &Source, draft: &mut Draft) {
    let seconds = source.number("HEARTBEAT_INTERVAL_IN_SECONDS", draft).unwrap_or(30.0);
    let interval = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    let interval = if interval.is_zero() { Duration::from_secs(1) } else { interval };
    draft.change(format!(
        "{} is no setting: the interval is typed. With cron instead, each run is one pass.",
        source.name("HEARTBEAT_INTERVAL_IN_SECONDS")
    ));
    draft.run_with(format!("loadscale --interval {}", show(interval).replace(' ', "")));
}
