//! A notice as a POST of JSON to a URL, signed if asked for.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud::{Redactor, http};
use jiff::Timestamp;
use reqwest::{Client, ClientBuilder, RequestBuilder, Response, StatusCode, header, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::template::Template;
use super::{Notice, Notifier, Undelivered, ready};

const CONNECT: Duration = Duration::from_secs(5);
/// What a receiver answers is read up to here, and told up to `TOLD` characters.
const HEARD: usize = 4096;
const TOLD: usize = 200;
/// How a signing key is marked in the Standard Webhooks specification; what follows is base64.
const KEY_MARK: &str = "whsec_";

/// What is posted.
pub enum Body {
    /// The notice as it is.
    Plain,
    /// A text of the user's.
    Own(Template),
    /// Block Kit.
    Slack,
    /// An Adaptive Card.
    Teams,
    /// An embed.
    Discord,
    /// An event of the Events API v2, for the service that this key belongs to.
    PagerDuty(SecretString),
}

/// Where to post, and how. The whole URL counts as a secret: for most receivers it is one.
pub struct Webhook {
    url: Url,
    body: Body,
    signing_key: Option<hmac::Key>,
    authorization: Option<SecretString>,
    /// Whatever must not be told, even if the receiver sends it back.
    secrets: Vec<SecretString>,
    ca_file: Option<PathBuf>,
    /// Made when it is first needed: most passes tell nothing.
    client: OnceLock<Client>,
}

impl Webhook {
    /// A webhook without signature and authorization; `ca_file` is trusted in the place of the system's authorities.
    pub fn new(url: Url, body: Body, ca_file: Option<PathBuf>) -> Webhook {
        let parts = [Some(url.as_str()), Some(url.path()), url.query()].into_iter().flatten();
        let mut secrets: Vec<SecretString> = parts.filter(|part| part.len() > 1).map(Into::into).collect();
        if let Body::PagerDuty(key) = &body {
            secrets.push(key.clone());
        }
        let client = OnceLock::new();
        Webhook { url, body, signing_key: None, authorization: None, secrets, ca_file, client }
    }

    /// Has every request signed: HMAC-SHA256 as the Standard Webhooks specification has it.
    ///
    /// # Errors
    /// A key that is marked as base64 and is none.
    pub fn signed(mut self, key: &SecretString) -> Result<Webhook, String> {
        let bytes = match key.expose_secret().strip_prefix(KEY_MARK) {
            Some(base64) => STANDARD.decode(base64).map_err(|_| {
                format!("its signing key begins with {KEY_MARK} but is not base64 after that")
            })?,
            None => key.expose_secret().as_bytes().to_vec(),
        };
        self.signing_key = Some(hmac::Key::new(hmac::HMAC_SHA256, &bytes));
        self.secrets.push(key.clone());
        Ok(self)
    }

    /// Has every request bear this `Authorization`.
    pub fn authorized(mut self, authorization: &SecretString) -> Webhook {
        self.authorization = Some(authorization.clone());
        self.secrets.push(authorization.clone());
        self
    }

    fn body(&self, notice: &Notice) -> Result<Vec<u8>, serde_json::Error> {
        let body: Value = match &self.body {
            Body::Plain => return serde_json::to_vec(notice),
            Body::Own(template) => template.fill(notice)?,
            Body::Slack => ready::slack(notice),
            Body::Teams => ready::teams(notice),
            Body::Discord => ready::discord(notice),
            Body::PagerDuty(key) => ready::pagerduty(notice, key.expose_secret()),
        };
        serde_json::to_vec(&body)
    }

    fn client(&self) -> Result<&Client, Undelivered> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = http::client(&self.url, self.ca_file.as_deref(), plain)
            .map_err(|fault| Undelivered::failed(fault.to_string()))?;
        Ok(self.client.get_or_init(|| client))
    }

    fn request(&self, client: &Client, notice: &Notice, body: Vec<u8>) -> RequestBuilder {
        let mut request = client
            .post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", &notice.id);
        if let Some(key) = &self.signing_key {
            let time = Timestamp::now().as_second();
            request = request
                .header("webhook-timestamp", time)
                .header("webhook-signature", signature(key, &notice.id, time, &body));
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization.expose_secret());
        }
        request.body(body)
    }

    fn clean(&self, text: &str) -> String {
        Redactor::new(&self.secrets).clean(text)
    }

    /// Nothing that a receiver says is told before its secrets are taken out.
    async fn judge(&self, mut answer: Response) -> Result<(), Undelivered> {
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let retry_after = retry_after(&answer);
        let mut said = Vec::new();
        while let Ok(Some(chunk)) = answer.chunk().await {
            said.extend_from_slice(&chunk);
            if said.len() >= HEARD {
                break;
            }
        }
        let said = self.clean(String::from_utf8_lossy(&said).trim());
        let said: String = said.chars().take(TOLD).collect();
        Err(verdict(status, retry_after, &said))
    }
}

#[async_trait]
impl Notifier for Webhook {
    async fn notify(&self, notice: &Notice) -> Result<(), Undelivered> {
        let body = self
            .body(notice)
            .map_err(|error| Undelivered::Refused(format!("it has no JSON form: {error}")))?;
        match self.request(self.client()?, notice, body).send().await {
            Ok(answer) => self.judge(answer).await,
            Err(error) => Err(Undelivered::failed(self.clean(&http::causes(&error.without_url())))),
        }
    }
}

/// A redirect would send the notice, and a secret with it, to somebody else.
fn plain() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("loadscale/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .referer(false)
        .connect_timeout(CONNECT)
}

/// `v1,` and the base64 of HMAC-SHA256 over id, time in seconds and body, with dots between them.
fn signature(key: &hmac::Key, id: &str, time: i64, body: &[u8]) -> String {
    let mut signed = format!("{id}.{time}.").into_bytes();
    signed.extend_from_slice(body);
    format!("v1,{}", STANDARD.encode(hmac::sign(key, &signed)))
}

/// A body that the receiver cannot read will not get better; all else somebody may mend.
fn verdict(status: StatusCode, retry_after: Option<Duration>, said: &str) -> Undelivered {
    let said = if said.is_empty() { String::new() } else { format!(", saying {said:?}") };
    let why = format!("the receiver answered {}{said}", status.as_u16());
    match status {
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
            Undelivered::Refused(why)
        }
        status if status.is_redirection() => {
            Undelivered::failed(format!("{why}; redirects are not followed, write the URL that it leads to"))
        }
        _ => Undelivered::Failed { why, retry_after },
    }
}

fn retry_after(answer: &Response) -> Option<Duration> {
    http::retry_after(answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?, SystemTime::now())
}

#[cfg(test)]
mod tests;
