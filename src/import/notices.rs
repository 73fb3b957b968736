//! Whom autoscalebot told what: its backends become notifiers.

use std::time::Duration;

use super::draft::{Draft, Section, toml};
use super::python::Literal;
use super::source::{Source, text};
use crate::settings::duration::show;

/// The conditions that autoscalebot knows, by its settings: ours, whether it is on by default.
const CONDITIONS: [(&str, &str, bool); 5] = [
    ("NOTIFY_ON_EVERY_PING", "every-pass", false),
    ("NOTIFY_ON_EVERY_SCALE", "every-scale", false),
    ("NOTIFY_ON_SCALE_FAILS", "scale-fails", false),
    ("NOTIFY_IF_NEEDS_EXCEED_MAX", "needs-exceed-max", true),
    ("NOTIFY_IF_NEEDS_BELOW_MIN", "needs-below-min", false),
];
const DIFF: &str = "NOTIFY_IF_SCALE_DIFF_EXCEEDS_THRESHOLD";
const PERIOD: &str = "NOTIFY_IF_SCALE_DIFF_EXCEEDS_PERIOD_IN_MINUTES";

/// What every notifier is told.
struct Interest {
    when: Vec<&'static str>,
    diff: Option<(u32, Duration)>,
}

pub(super) fn bring_over(source: &Source, draft: &mut Draft) {
    let interest = interest(source, draft);
    let backends = source.value("NOTIFICATION_BACKENDS", "a list of texts", draft, |value| match value {
        Literal::List(backends) => backends.iter().map(text).collect::<Option<Vec<_>>>(),
        _ => None,
    });
    let backends = backends.unwrap_or_default();
    if backends.is_empty() {
        draft.change(
            "No NOTIFICATION_BACKENDS, so nobody is told of anything; docs/notify.md says who could be.",
        );
        return;
    }
    for flag in ["NOTIFY_ON_SCALE_FAILS", "NOTIFY_ON_EVERY_SCALE"] {
        if !source.flag(flag, false, draft) {
            draft.change(format!(
                "{} was not heeded: autoscalebot told of it always. loadscale does as it says; add the condition to \
                 when to hear of it.",
                source.name(flag)
            ));
        }
    }
    if interest.when.is_empty() {
        draft.change(
            "Every NOTIFY_ setting is off, so the NOTIFICATION_BACKENDS have nothing to tell and were left out; \
             docs/notify.md says what could be told.",
        );
        return;
    }
    let mut kinds = Vec::new();
    for backend in &backends {
        let Some(kind) = kind(backend, source, draft) else { continue };
        if kinds.contains(&kind) {
            draft.change(format!(
                "{backend:?} tells what another backend tells already; one of them is enough."
            ));
            continue;
        }
        let section = Section::Notifier(kinds.len());
        kinds.push(kind);
        draft.set(section, "kind", &toml(kind), backend);
        if kind == "email" {
            mail(source, section, draft);
        }
        write(&interest, section, draft);
    }
}

fn interest(source: &Source, draft: &mut Draft) -> Interest {
    let asked = CONDITIONS.iter().filter(|(name, _, default)| source.flag(name, *default, draft));
    let mut when: Vec<_> = asked.map(|(_, condition, _)| *condition).collect();
    let (servers, minutes) = (source.count(DIFF, 0, draft), source.number(PERIOD, draft));
    let period = minutes.and_then(|minutes| Duration::try_from_secs_f64(minutes * 60.0).ok());
    let diff = servers.zip(period.filter(|period| !period.is_zero()));
    if diff.is_some() {
        when.push("scale-diff-exceeds");
        draft.change(format!("{} was never built in autoscalebot; here it works.", source.name(DIFF)));
    }
    Interest { when, diff }
}

fn write(interest: &Interest, section: Section, draft: &mut Draft) {
    let when: Vec<String> = interest.when.iter().map(|condition| toml(*condition)).collect();
    draft.set(section, "when", &format!("[{}]", when.join(", ")), "NOTIFY_…");
    if let Some((servers, period)) = interest.diff {
        draft.set(section, "scale_diff_exceeds", &servers.to_string(), DIFF);
        draft.set(section, "scale_diff_within", &toml(show(period)), PERIOD);
    }
}

/// The kind of notifier that takes the place of a backend, by the last part of its name.
fn kind(backend: &str, source: &Source, draft: &mut Draft) -> Option<&'static str> {
    match backend.rsplit('.').next() {
        Some("ConsoleBackend") => Some("console"),
        Some("LoggerBackend") => Some("log"),
        Some("DjangoEmailBackend") if !admins(source).is_empty() => Some("email"),
        Some("DjangoEmailBackend") => {
            draft.change(
                "DjangoEmailBackend writes to the ADMINS of Django, and they are not written out in this file: add a \
                 [[notifier]] of kind \"email\" with your mail server and addresses (docs/notify.md).",
            );
            None
        }
        Some("TestBackend") => {
            draft.change("TestBackend keeps notices in a list for tests and was left out.");
            None
        }
        _ => {
            draft.change(format!(
                "The backend {backend:?} is not autoscalebot's own: a [[notifier]] of kind \"command\" or \"webhook\" can \
                 take its place (docs/notify.md)."
            ));
            None
        }
    }
}

/// The addresses of Django's `ADMINS = [(name, address), …]`.
fn admins(source: &Source) -> Vec<String> {
    let Some(Literal::List(admins)) = source.plain("ADMINS") else { return Vec::new() };
    let address = |admin: &Literal| match admin {
        Literal::List(parts) => parts.last().and_then(text),
        other => text(other),
    };
    admins.iter().filter_map(address).collect()
}

/// Django's mail settings, with its defaults.
fn mail(source: &Source, section: Section, draft: &mut Draft) {
    let words = |name: &str, default: &str| source.plain(name).and_then(text).unwrap_or(default.to_owned());
    let on = |name: &str| source.plain(name) == Some(&Literal::Flag(true));
    let host = words("EMAIL_HOST", "localhost");
    let security = match (on("EMAIL_USE_SSL"), on("EMAIL_USE_TLS")) {
        (true, _) => "tls",
        (_, true) => "starttls",
        _ if host == "localhost" || host == "127.0.0.1" => "none",
        _ => {
            draft.change(format!(
                "Mail went to {host} in clear; loadscale sends in clear only to its own machine, so security is \
                 \"starttls\" now."
            ));
            "starttls"
        }
    };
    draft.set(section, "host", &toml(host), "EMAIL_HOST");
    if let Some(Literal::Integer(port)) = source.plain("EMAIL_PORT") {
        draft.set(section, "port", &port.to_string(), "EMAIL_PORT");
    }
    draft.set(section, "security", &toml(security), "EMAIL_USE_TLS, EMAIL_USE_SSL");
    if let Some(user) = source.plain("EMAIL_HOST_USER").and_then(text) {
        draft.set(section, "user", &toml(user), "EMAIL_HOST_USER");
        draft.change(
            "EMAIL_HOST_PASSWORD is a secret and does not stand in settings: give it in the variable \
             LOADSCALE_NOTIFIER_EMAIL_PASSWORD, or as password in the section [notifier email] of the credentials \
             file (see credentials.example).",
        );
    }
    draft.set(section, "from", &toml(words("SERVER_EMAIL", "root@localhost")), "SERVER_EMAIL");
    let to: Vec<String> = admins(source).into_iter().map(toml).collect();
    draft.set(section, "to", &format!("[{}]", to.join(", ")), "ADMINS");
}
