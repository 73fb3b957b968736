//! Sends one request and brings back what of its answer matters, within limits of time and size.

use std::time::{Duration, SystemTime};

use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION,
    RETRY_AFTER, WWW_AUTHENTICATE,
};
use reqwest::{Method, Request, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use crate::clients::Clients;
use crate::config::Config;
use crate::fault::{Call, Fault, Said};
use crate::http::{causes, is_loopback};
use crate::refusal;

/// An answer larger than this is refused: ten times a full page of a thousand-server group.
const LARGEST_BODY: usize = 16 << 20;

/// Of a refusal's body no more is read than a message needs.
const LARGEST_REFUSAL: usize = 64 << 10;

/// Nor is it waited for longer than this.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(2);

const AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

/// A request on its way out.
pub(crate) struct Outgoing<'a> {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) token: Option<&'a SecretString>,
    /// A JSON body.
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) dialect: Dialect,
}

/// How a service wants to be spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Plain JSON, the token in `X-Auth-Token`.
    OpenStack,
    /// The version in `Accept`, the key in `Authorization` (Platform API, "Clients").
    Heroku,
}

impl Dialect {
    fn accept(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Dialect::OpenStack => "application/json",
            Dialect::Heroku => "application/vnd.heroku+json; version=3",
        })
    }

    /// The header that carries the token, and what stands before it there.
    fn token(self) -> (HeaderName, &'static str) {
        match self {
            Dialect::OpenStack => (AUTH_TOKEN, ""),
            Dialect::Heroku => (AUTHORIZATION, "Bearer "),
        }
    }
}

impl Outgoing<'_> {
    /// What a fault says of the request.
    pub(crate) fn call(&self) -> Call {
        let known = [(Method::POST, "POST"), (Method::PATCH, "PATCH")];
        let method =
            known.into_iter().find(|(method, _)| *method == self.method).map_or("GET", |(_, name)| name);
        let origin = self.url.origin().ascii_serialization();
        Call { method, address: format!("{origin}{}", self.url.path()) }
    }
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<Duration>,
    /// `RateLimit-Remaining`: the requests that the account has left for now.
    pub(crate) rate_remaining: Option<u32>,
    /// Scheme and host of `Location`.
    pub(crate) redirected_to: Option<String>,
    /// Keystone's token.
    pub(crate) subject_token: Option<SecretString>,
    /// `WWW-Authenticate`, which says when a second factor is wanted.
    pub(crate) challenge: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// One that says nothing beyond its status.
    pub(crate) fn empty(status: StatusCode) -> Self {
        let body = Vec::new();
        Self {
            status,
            retry_after: None,
            rate_remaining: None,
            redirected_to: None,
            subject_token: None,
            challenge: None,
            body,
        }
    }

    fn of(response: &Response) -> Self {
        let headers = response.headers();
        Self {
            retry_after: text(headers, RETRY_AFTER)
                .and_then(|value| refusal::retry_after(value, SystemTime::now())),
            rate_remaining: text(headers, HeaderName::from_static("ratelimit-remaining"))
                .and_then(|value| value.trim().parse().ok()),
            redirected_to: text(headers, LOCATION)
                .and_then(|value| response.url().join(value).ok())
                .map(|url| url.origin().ascii_serialization()),
            subject_token: text(headers, HeaderName::from_static("x-subject-token")).map(SecretString::from),
            challenge: text(headers, WWW_AUTHENTICATE).map(str::to_owned),
            ..Self::empty(response.status())
        }
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// How much of a successful answer is wanted.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Wanted {
    /// All of it.
    Body,
    /// The status line, which is the whole answer to an action.
    Status,
}

/// The way out.
pub(crate) struct Transport {
    clients: Clients,
    allow_plain_http: bool,
    request_timeout: Duration,
}

impl Transport {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            clients: Clients::new(config.ca_file.clone(), config.pacing.connect_timeout),
            allow_plain_http: config.allow_plain_http,
            request_timeout: config.pacing.request_timeout,
        }
    }

    /// Sends a request once, and waits for its answer until `deadline` or the request time-out.
    ///
    /// # Errors
    /// [`Fault::PlainHttp`], [`Fault::Deadline`] and [`Fault::Connection`] with `sent: false`
    /// where nothing was sent; [`Fault::Connection`] and [`Fault::Timeout`] where it may have been;
    /// [`Fault::BadBody`] for a success that is too large.
    pub(crate) async fn send(
        &self,
        outgoing: Outgoing<'_>,
        wanted: Wanted,
        deadline: Instant,
    ) -> Result<Reply, Fault> {
        let call = outgoing.call();
        if outgoing.url.scheme() == "http" && !self.allow_plain_http && !is_loopback(&outgoing.url) {
            return Err(Fault::PlainHttp { address: outgoing.url.origin().ascii_serialization() });
        }
        let start = Instant::now();
        if start >= deadline {
            return Err(Fault::Deadline { what: call.to_string() });
        }
        let client = self.clients.of(&outgoing.url)?;
        let request = request(outgoing, &call)?;
        let exchange = async {
            let response = client.execute(request).await.map_err(|error| broken(&call, error))?;
            receive(response, wanted, &call).await
        };
        let until = deadline.min(start + self.request_timeout);
        let reply = timeout_at(until, exchange)
            .await
            .unwrap_or_else(|_| Err(Fault::Timeout { call: call.clone(), waited: start.elapsed() }));
        trace(&call, start, &reply);
        reply
    }
}

fn trace(call: &Call, start: Instant, reply: &Result<Reply, Fault>) {
    let status = reply.as_ref().map(|reply| reply.status.as_u16()).ok();
    tracing::debug!(%call, status, elapsed_ms = start.elapsed().as_millis() as u64, "request");
}

fn request(outgoing: Outgoing<'_>, call: &Call) -> Result<Request, Fault> {
    let post = outgoing.method == Method::POST;
    let mut request = Request::new(outgoing.method, outgoing.url);
    let headers = request.headers_mut();
    headers.insert(ACCEPT, outgoing.dialect.accept());
    if let Some(token) = outgoing.token {
        let (name, prefix) = outgoing.dialect.token();
        headers.insert(name, sensitive(prefix, token, call)?);
    }
    match outgoing.body {
        Some(body) => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.into());
        }
        // hyper writes no length for a body that is not there, and some proxies insist on one.
        None if post => {
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        None => {}
    }
    Ok(request)
}

fn sensitive(prefix: &str, token: &SecretString, call: &Call) -> Result<HeaderValue, Fault> {
    let text = format!("{prefix}{}", token.expose_secret());
    let mut value = HeaderValue::from_str(&text).map_err(|_| Fault::Unauthorized {
        call: call.clone(),
        said: Said("the token holds characters that no header can carry".into()),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

async fn receive(mut response: Response, wanted: Wanted, call: &Call) -> Result<Reply, Fault> {
    let mut reply = Reply::of(&response);
    if !reply.status.is_success() {
        // The status has said what counts, so a body that lingers or breaks off is let go.
        let _ = timeout(REFUSAL_PATIENCE, beginning(&mut response, &mut reply.body)).await;
    } else if wanted == Wanted::Body {
        reply.body = whole(&mut response, call).await?;
    }
    Ok(reply)
}

/// As much of a refusal's body as comes.
async fn beginning(response: &mut Response, body: &mut Vec<u8>) {
    while body.len() < LARGEST_REFUSAL
        && let Ok(Some(chunk)) = response.chunk().await
    {
        let room = LARGEST_REFUSAL - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }
}

async fn whole(response: &mut Response, call: &Call) -> Result<Vec<u8>, Fault> {
    let too_large = || Fault::BadBody {
        call: call.clone(),
        what: format!("it is larger than {} MiB", LARGEST_BODY >> 20),
    };
    let announced = response.content_length().unwrap_or(0);
    if announced > LARGEST_BODY as u64 {
        return Err(too_large());
    }
    let mut body = Vec::with_capacity(announced as usize);
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(call, error))? {
        if body.len() + chunk.len() > LARGEST_BODY {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn broken(call: &Call, error: reqwest::Error) -> Fault {
    let sent = !(error.is_connect() || error.is_builder());
    Fault::Connection { call: call.clone(), sent, what: causes(&error.without_url()) }
}
