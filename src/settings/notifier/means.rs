//! How a notifier tells: the keys and values of each kind.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::email::{EmailSettings, EmailTable};
use super::{KINDS, Resolving};
use crate::notifier::PATIENCE;
use crate::notifier::command::Command;
use crate::notifier::template::Template;
use crate::settings::duration;
use crate::settings::origin::Rows;
use crate::settings::schema::join;

/// Their names in settings.
pub(super) const TEMPLATES: [&str; 5] = ["plain", "slack", "teams", "discord", "pagerduty"];

/// How somebody is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Means {
    /// A line on stderr.
    Console,
    /// A line in the log.
    Log,
    /// A mail.
    Email(EmailSettings),
    /// A POST of JSON.
    Webhook(WebhookSettings),
    /// A program that reads JSON.
    Command(Command),
}

/// A POST of JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookSettings {
    /// Where to; none if it is a secret, or PagerDuty's own.
    pub url: Option<String>,
    /// What.
    pub body: WebhookBody,
    /// A PEM file with the certificate authorities to trust.
    pub ca_file: Option<PathBuf>,
}

/// What a webhook is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum WebhookBody {
    /// The notice as it is.
    Plain,
    /// A text of the user's.
    Own(Template),
    /// A message for Slack.
    Slack,
    /// A message for Teams.
    Teams,
    /// A message for Discord.
    Discord,
    /// An event for PagerDuty.
    PagerDuty,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum MeansTable {
    Console,
    Log,
    Email(EmailTable),
    Webhook {
        template: Option<String>,
        body: Option<String>,
        url: Option<String>,
        ca_file: Option<String>,
    },
    Command {
        #[serde(default)]
        command: Vec<String>,
        #[serde(default = "patience", deserialize_with = "duration::deserialize")]
        timeout: Duration,
    },
}

fn patience() -> Duration {
    PATIENCE
}

impl MeansTable {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            MeansTable::Console => KINDS[0].name,
            MeansTable::Log => KINDS[1].name,
            MeansTable::Email(_) => KINDS[2].name,
            MeansTable::Webhook { .. } => KINDS[3].name,
            MeansTable::Command { .. } => KINDS[4].name,
        }
    }

    pub(super) fn resolve(self, on: &mut Resolving<'_>) -> Option<Means> {
        Some(match self {
            MeansTable::Console => Means::Console,
            MeansTable::Log => Means::Log,
            MeansTable::Email(email) => Means::Email(email.resolve(on)?),
            MeansTable::Webhook { template, body, url, ca_file } => {
                let body = webhook_body(template.as_deref(), body, on)?;
                tell_secret_url(&body, url.is_some(), on);
                Means::Webhook(WebhookSettings { url, body, ca_file: on.path("ca_file", ca_file) })
            }
            MeansTable::Command { command, timeout } => {
                tell_timeout(timeout, on);
                let mut words = command.into_iter();
                let program = words.next()?;
                Means::Command(Command { program, arguments: words.collect(), timeout })
            }
        })
    }
}

fn webhook_body(template: Option<&str>, body: Option<String>, on: &mut Resolving<'_>) -> Option<WebhookBody> {
    if let Some(body) = body {
        if template.is_some() {
            on.tell("body", None, "has no use beside template; keep one of them");
        }
        return match Template::parse(&body) {
            Ok(template) => Some(WebhookBody::Own(template)),
            Err(fault) => {
                on.tell("body", None, fault);
                None
            }
        };
    }
    Some(match template {
        Some("slack") => WebhookBody::Slack,
        Some("teams") => WebhookBody::Teams,
        Some("discord") => WebhookBody::Discord,
        Some("pagerduty") => WebhookBody::PagerDuty,
        _ => WebhookBody::Plain,
    })
}

/// The outbox would end it before.
fn tell_timeout(timeout: Duration, on: &mut Resolving<'_>) {
    if timeout > PATIENCE {
        let fault = format!(
            "must be at most {}, which is all that one sending may take; let the program hand long work on",
            duration::show(PATIENCE)
        );
        on.tell("timeout", Some(duration::show(timeout)), fault);
    }
}

/// Whoever knows such a service's URL can post there.
fn tell_secret_url(body: &WebhookBody, given: bool, on: &mut Resolving<'_>) {
    let secret = matches!(body, WebhookBody::Slack | WebhookBody::Teams | WebhookBody::Discord);
    if secret && given {
        let fault = "is itself a secret for this template; write it as url = ... into the section [notifier NAME] of \
            the credentials file, or set LOADSCALE_NOTIFIER_NAME_URL";
        on.tell("url", None, fault);
    }
}

impl Means {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Means::Console => KINDS[0].name,
            Means::Log => KINDS[1].name,
            Means::Email(_) => KINDS[2].name,
            Means::Webhook(_) => KINDS[3].name,
            Means::Command(_) => KINDS[4].name,
        }
    }

    pub(super) fn rows(&self, at: &str, rows: &mut Rows<'_>) {
        let key = |name| join(at, name);
        match self {
            Means::Console | Means::Log => {}
            Means::Email(email) => email.rows(at, rows),
            Means::Webhook(webhook) => {
                match &webhook.body {
                    WebhookBody::Own(_) => rows.add(key("body"), "a template"),
                    ready => rows.add(key("template"), ready.name()),
                }
                rows.add_some(key("url"), webhook.url.as_ref());
                rows.add_some(key("ca_file"), webhook.ca_file.as_ref().map(|path| path.display()));
            }
            Means::Command(command) => {
                let words = std::iter::once(&command.program).chain(&command.arguments);
                rows.add(key("command"), words.cloned().collect::<Vec<_>>().join(" "));
                rows.add(key("timeout"), duration::show(command.timeout));
            }
        }
    }
}

impl WebhookBody {
    fn name(&self) -> &'static str {
        match self {
            WebhookBody::Plain | WebhookBody::Own(_) => TEMPLATES[0],
            WebhookBody::Slack => TEMPLATES[1],
            WebhookBody::Teams => TEMPLATES[2],
            WebhookBody::Discord => TEMPLATES[3],
            WebhookBody::PagerDuty => TEMPLATES[4],
        }
    }
}
