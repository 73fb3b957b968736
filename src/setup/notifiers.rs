//! From settings and secrets to notifiers that can tell.

use cloud::http;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::credentials::{CredentialsError, Secrets, Wanted};
use crate::notifier::console::Console;
use crate::notifier::email::{Email, Server};
use crate::notifier::log::Log;
use crate::notifier::webhook::{Body, Webhook};
use crate::notifier::{Notifier, Watch};
use crate::settings::{EmailSettings, Means, NotifierSettings, WebhookBody, WebhookSettings};

/// PagerDuty's address for events, unless the settings name another (it has one more for Europe).
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";

/// Why a notifier cannot be used. No text holds a secret.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    /// A secret that it needs is nowhere, or cannot be read.
    #[error(transparent)]
    Secret(#[from] CredentialsError),
    /// What was found does not serve.
    #[error("notifier {name:?}: {why}")]
    Unfit {
        /// Its name.
        name: String,
        /// What does not serve, and what would.
        why: String,
    },
}

/// The notifier of one `[[notifier]]`.
///
/// # Errors
/// See [`Unusable`].
pub(super) fn watch(settings: &NotifierSettings, secrets: &Secrets) -> Result<Watch, Unusable> {
    let own = Own { name: &settings.name, secrets };
    let notifier: Box<dyn Notifier> = match &settings.means {
        Means::Console => Box::new(Console),
        Means::Log => Box::new(Log),
        Means::Email(email) => Box::new(own.email(email)?),
        Means::Webhook(webhook) => Box::new(own.webhook(webhook)?),
        Means::Command(command) => Box::new(command.clone()),
    };
    Ok(Watch { name: settings.name.clone(), interest: settings.interest.clone(), notifier })
}

/// What one notifier has of its own.
struct Own<'a> {
    name: &'a str,
    secrets: &'a Secrets,
}

impl Own<'_> {
    fn email(&self, settings: &EmailSettings) -> Result<Email, Unusable> {
        let login = match &settings.user {
            Some(user) => Some((user.clone(), self.secret("password", "password")?)),
            None => None,
        };
        let EmailSettings { host, port, security, ca_file, .. } = settings;
        let server =
            Server { host: host.clone(), port: *port, security: *security, login, ca_file: ca_file.clone() };
        Ok(Email::new(server, settings.from.clone(), settings.to.clone()))
    }

    fn webhook(&self, settings: &WebhookSettings) -> Result<Webhook, Unusable> {
        let body = match &settings.body {
            WebhookBody::Plain => Body::Plain,
            WebhookBody::Own(template) => Body::Own(template.clone()),
            WebhookBody::Slack => Body::Slack,
            WebhookBody::Teams => Body::Teams,
            WebhookBody::Discord => Body::Discord,
            WebhookBody::PagerDuty => Body::PagerDuty(self.secret("routing_key", "routing key")?),
        };
        let url = match (&settings.url, &body) {
            (Some(url), _) => url.clone(),
            (None, Body::PagerDuty(_)) => PAGERDUTY.to_owned(),
            (None, _) => self.secret("url", "URL")?.expose_secret().to_owned(),
        };
        let url = address(&url).map_err(|why| self.unfit(why))?;
        let mut webhook = Webhook::new(url, body, settings.ca_file.clone());
        if let Some(authorization) = self.secret_if_any("authorization")? {
            webhook = webhook.authorized(&authorization);
        }
        match self.secret_if_any("signing_key")? {
            Some(key) => webhook.signed(&key).map_err(|why| self.unfit(why)),
            None => Ok(webhook),
        }
    }

    fn secret(&self, key: &str, what: &str) -> Result<SecretString, Unusable> {
        let what = format!("the {what} of notifier {:?}", self.name);
        let (variable, section) = (self.variable(key), self.section());
        Ok(self.secrets.one(Wanted { what: &what, variable: &variable, section: &section, key })?)
    }

    fn secret_if_any(&self, key: &str) -> Result<Option<SecretString>, Unusable> {
        let (variable, section) = (self.variable(key), self.section());
        Ok(self.secrets.any(Wanted { what: key, variable: &variable, section: &section, key })?)
    }

    fn section(&self) -> String {
        format!("notifier {}", self.name)
    }

    fn variable(&self, key: &str) -> String {
        format!("LOADSCALE_NOTIFIER_{}_{key}", self.name.replace('-', "_")).to_uppercase()
    }

    fn unfit(&self, why: String) -> Unusable {
        Unusable::Unfit { name: self.name.to_owned(), why }
    }
}

/// No text of this repeats the address.
fn address(url: &str) -> Result<Url, String> {
    let url =
        Url::parse(url).map_err(|why| format!("its url is none ({why}); write it in full, with https://"))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if http::is_loopback(&url) => Ok(url),
        "http" => Err("its url would send notices in clear over the network; write https://".to_owned()),
        _ => Err("its url must begin with https://".to_owned()),
    }
}
