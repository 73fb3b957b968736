//! What a notice says to people: a title, a line for each fact, and the next step.

use std::fmt::Write;
use std::time::Duration;

use jiff::SignedDuration;

use super::conditions::{Event, Phase};
use crate::model::{Condition, Interest, Outcome, elapsed};
use crate::record::{Action, Record, Servers};

/// One line: where, what, from how many to how many.
pub(super) fn title(event: &Event, interest: &Interest, record: &Record) -> String {
    let what = match event.phase {
        Phase::Ended => ended(event.condition).to_owned(),
        _ => holds(event, interest, record),
    };
    let lasting = match event.phase {
        Phase::GoesOn => format!(", for {} now", lasted(event, record)),
        Phase::Ended => format!(", after {}", lasted(event, record)),
        Phase::Happened | Phase::Began => String::new(),
    };
    format!("{}: {what}{lasting}", record.group)
}

fn holds(event: &Event, interest: &Interest, record: &Record) -> String {
    let Servers { desired, min, max, .. } = record.servers;
    match event.condition {
        Condition::ScaleFails => match record.outcome {
            Some(Outcome::Failed) => format!("{} failed", movement("scaling", record)),
            _ => format!("{} may have failed", movement("scaling", record)),
        },
        Condition::NeedsExceedMax => match record.needed {
            Some(needed) => format!("needs {needed} servers, more than its maximum of {}", count(max)),
            None => format!("is at its maximum of {} and still too small", count(max)),
        },
        Condition::NeedsBelowMin => match record.needed {
            Some(needed) => format!("needs {needed} servers, fewer than its minimum of {}", count(min)),
            None => format!("is at its minimum of {} and still too large", count(min)),
        },
        Condition::ScaleDiffExceeds => {
            let (from, to) = (count(event.from), count(record.desired_to.or(desired)));
            format!("went from {from} to {to} servers within {}", show(interest.scale_diff_within))
        }
        Condition::ReadingMissing => format!("no usable reading for {}", lasted(event, record)),
        Condition::OutsideLimits => {
            format!("{} servers are outside its limits, {} to {}", count(desired), count(min), count(max))
        }
        Condition::DryRunWouldScale => movement("would scale", record),
        Condition::EveryPass | Condition::EveryScale | Condition::Recovered => happened(record),
    }
}

/// What a pass did, whatever that is.
fn happened(record: &Record) -> String {
    match (record.action, record.outcome) {
        (Action::Hold, _) => format!("held at {} servers ({})", count(record.servers.desired), record.reason),
        (_, Some(Outcome::Executed)) => movement("scaled", record),
        (_, Some(Outcome::Refused)) => format!("{} was refused", movement("scaling", record)),
        (_, Some(Outcome::DryRun)) => movement("would scale", record),
        (_, Some(Outcome::Failed)) => format!("{} failed", movement("scaling", record)),
        (_, Some(Outcome::Unknown) | None) => format!("{} may have failed", movement("scaling", record)),
    }
}

fn ended(condition: Condition) -> &'static str {
    match condition {
        Condition::ScaleFails => "scaling works again",
        Condition::NeedsExceedMax => "its maximum is enough again",
        Condition::NeedsBelowMin => "its minimum is needed again",
        Condition::ScaleDiffExceeds => "its size is steady again",
        Condition::ReadingMissing => "readings are back",
        Condition::OutsideLimits => "is within its limits again",
        Condition::DryRunWouldScale => "would no longer scale",
        Condition::EveryPass | Condition::EveryScale | Condition::Recovered => "is over",
    }
}

fn movement(verb: &str, record: &Record) -> String {
    let way = if record.action == Action::ScaleDown { "down" } else { "up" };
    format!("{verb} {way} from {} to {} servers", count(record.desired_from), count(record.desired_to))
}

/// A line for each fact that the record knows.
pub(super) fn text(event: &Event, record: &Record) -> String {
    let mut text = format!("Group: {}", record.group);
    let names = |balancers: &Vec<crate::model::BalancerLoad>| {
        balancers.iter().map(|balancer| balancer.name.clone()).collect::<Vec<_>>().join(", ")
    };
    line(&mut text, "Load balancers", record.load_balancers.as_ref().map(names));
    line(&mut text, "Servers", Some(servers(record)));
    line(&mut text, "Move", moved(record));
    line(&mut text, "Why", Some(record.explanation.clone()));
    line(&mut text, "Error", record.error.clone().filter(|error| !record.explanation.contains(error)));
    line(&mut text, "Pass", Some(record.time.to_string()));
    line(&mut text, "Since", (event.phase != Phase::Happened).then(|| event.since.to_string()));
    text
}

fn line(text: &mut String, name: &str, value: Option<String>) {
    if let Some(value) = value {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{name}: {value}");
    }
}

fn servers(record: &Record) -> String {
    let Servers { serving, active, pending, desired, min, max } = record.servers;
    let known = |name: &str, n: Option<u32>| n.map(|n| format!("{n} {name}"));
    let parts = [known("serving", serving), known("active", active), known("pending", pending)];
    let limits = min.zip(max).map(|(min, max)| format!("limits {min} to {max}"));
    let wanted = desired.map(|n| format!("desired {n}"));
    let needed = record.needed.map(|n| format!("needed {n}"));
    let parts: Vec<String> = parts.into_iter().chain([wanted, needed, limits]).flatten().collect();
    if parts.is_empty() { "unknown".to_owned() } else { parts.join(", ") }
}

fn moved(record: &Record) -> Option<String> {
    let (from, to) = (record.desired_from?, record.desired_to?);
    let by = record.policy.as_ref().map_or(String::new(), |policy| format!(" by policy {policy:?}"));
    let outcome = match record.outcome {
        Some(Outcome::Executed) => "executed",
        Some(Outcome::Refused) => "refused by the scaling service's own rules",
        Some(Outcome::Failed) => "failed, nothing was changed",
        Some(Outcome::DryRun) => "a dry run, nothing was changed",
        Some(Outcome::Unknown) | None => "the answer was lost",
    };
    Some(format!("from {from} to {to} servers{by}: {outcome}"))
}

/// What to do now.
pub(super) fn next_step(event: &Event, record: &Record) -> &'static str {
    if event.phase == Phase::Ended {
        return "nothing to do.";
    }
    match event.condition {
        Condition::ScaleFails if record.outcome == Some(Outcome::Failed) => {
            "the next pass tries again; if this goes on, `loadscale check` tests credentials, names and policies."
        }
        Condition::ScaleFails => {
            "the move counts as made until the next pass has looked; `loadscale status` shows the group as it is."
        }
        Condition::NeedsExceedMax => {
            "find out what makes the load; if it is meant, raise max in the settings or in the scaling group."
        }
        Condition::NeedsBelowMin => {
            "nothing is wrong; if so few servers are enough, lower min in the settings or in the scaling group."
        }
        Condition::ScaleDiffExceeds => {
            "look whether the load explains it; `loadscale status` shows what the balancers carry now."
        }
        Condition::ReadingMissing if record.reason == "sign_in_refused" => {
            "renew the credentials; until then the group is left as it is."
        }
        Condition::ReadingMissing => {
            "the group is left as it is until there is a reading; `loadscale check` shows what is missing."
        }
        Condition::OutsideLimits => "loadscale mends it as soon as the scaling group lets it.",
        Condition::DryRunWouldScale => "run without --dry-run to have it done.",
        Condition::EveryPass | Condition::EveryScale | Condition::Recovered => of_a_pass(record),
    }
}

fn of_a_pass(record: &Record) -> &'static str {
    if record.error.is_some() {
        return "see the error above; `loadscale check` tests what passes depend on.";
    }
    "nothing to do."
}

fn lasted(event: &Event, record: &Record) -> String {
    show(elapsed(event.since, record.time))
}

/// To the minute, or to the second below one: nobody reads more.
fn show(duration: Duration) -> String {
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    let shown = if seconds < 60 { seconds } else { seconds / 60 * 60 };
    format!("{:#}", SignedDuration::from_secs(shown))
}

fn count(n: Option<u32>) -> String {
    n.map_or("an unknown number of".to_owned(), |n| n.to_string())
}
