//! One page: a request to it, how long its first byte takes, and what is wrong with the answer.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use cloud::http;
use reqwest::header::HeaderMap;
use reqwest::{Client, ClientBuilder, Method, Response, StatusCode, redirect, retry};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::phases::Phases;

/// Of a body no more is read, neither to look for a text nor to be done with it.
const LARGEST_BODY: usize = 64 << 10;
/// Redirects that are followed.
const MOST_REDIRECTS: usize = 5;

/// How pages are asked, and what a good answer is.
#[derive(Debug, Clone)]
pub struct Ask {
    /// GET, HEAD or POST.
    pub method: Method,
    /// Headers beside the usual ones.
    pub headers: HeaderMap,
    /// The one status that is right; without it, every success.
    pub status: Option<StatusCode>,
    /// What the body must hold.
    pub text: Option<String>,
    /// From the start to the first byte, and to the last one where the body matters.
    pub timeout: Duration,
}

/// How connections to pages are made.
#[derive(Debug, Clone, Default)]
pub struct Connecting {
    /// A PEM file of the authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether a connection may serve for several requests.
    pub reuse: bool,
}

/// Why no request can be made at all.
#[derive(Debug, thiserror::Error)]
#[error("no heartbeat can be sent: {0}")]
pub struct UnusableClient(#[from] cloud::Fault);

/// One page. Its client is its own, so that what comes before a request can be told apart by page.
pub struct Page {
    /// Its address, without a query.
    pub(super) url: Url,
    connecting: Connecting,
    /// Built when it is first needed: the system's authorities take some milliseconds to read.
    client: OnceLock<Client>,
    phases: Phases,
}

/// One beat.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pulse {
    /// To the first byte of the body, or to the failure.
    pub(super) took: Duration,
    /// What was wrong with the answer.
    pub(super) error: Option<String>,
    /// Whether the pass had no more time for it, so that nothing is known of how long it would have taken.
    pub(super) cut_short: bool,
    /// For the name.
    pub(super) dns: Option<Duration>,
    /// For the connection.
    pub(super) connect: Option<Duration>,
}

impl Pulse {
    /// The order from best to worst.
    pub(super) fn rank(&self) -> (bool, Duration) {
        (self.error.is_some(), self.took)
    }
}

impl Page {
    /// The page at `url`.
    pub fn new(url: Url, connecting: Connecting) -> Page {
        Page { url, connecting, client: OnceLock::new(), phases: Phases::default() }
    }

    /// Asks once, and gives up at `until`, or when the ask does. Whatever comes back is a beat.
    ///
    /// # Errors
    /// When nothing can be asked, such as with a CA file that cannot be read.
    pub(super) async fn beat(&self, ask: &Ask, until: Instant) -> Result<Pulse, UnusableClient> {
        let client = self.client(ask)?;
        self.phases.clear();
        let start = Instant::now();
        let patience = start + ask.timeout;
        let ends = until.min(patience);
        let answer = timeout_at(ends, self.answer(client, ask)).await;
        let cut_short = answer.is_err() && until < patience;
        let (took, error) = match answer {
            Ok(Ok(first_byte)) => (first_byte - start, None),
            Ok(Err(why)) => (start.elapsed(), Some(why)),
            Err(_) => {
                (start.elapsed(), Some(format!("no whole answer within {} ms", (ends - start).as_millis())))
            }
        };
        Ok(Pulse { took, error, cut_short, dns: self.phases.dns(), connect: self.phases.connect() })
    }

    /// When the first byte came, or what is wrong.
    async fn answer(&self, client: &Client, ask: &Ask) -> Result<Instant, String> {
        let request = client.request(ask.method.clone(), self.url.clone()).headers(ask.headers.clone());
        let mut response = request.send().await.map_err(broken)?;
        judge_status(&response, ask.status)?;
        let (first_byte, mut body) = begin(&mut response, ask).await?;
        if ask.text.is_some() || self.connecting.reuse {
            finish(&mut response, &mut body).await?;
        }
        match &ask.text {
            Some(text) if !String::from_utf8_lossy(&body).contains(text) => {
                Err(format!("its body does not hold {text:?}"))
            }
            _ => Ok(first_byte),
        }
    }

    fn client(&self, ask: &Ask) -> Result<&Client, UnusableClient> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = http::client(&self.url, self.connecting.ca_file.as_deref(), || self.plain(ask.status))?;
        Ok(self.client.get_or_init(|| client))
    }

    fn plain(&self, status: Option<StatusCode>) -> ClientBuilder {
        let follows = !status.is_some_and(|status| status.is_redirection());
        let builder = Client::builder()
            .user_agent(concat!("loadscale/", env!("CARGO_PKG_VERSION"), " (heartbeat)"))
            .redirect(if follows { redirect::Policy::custom(follow) } else { redirect::Policy::none() })
            .retry(retry::never())
            .referer(false)
            .dns_resolver(self.phases.clone())
            .connector_layer(self.phases.clone());
        if self.connecting.reuse { builder } else { builder.pool_max_idle_per_host(0) }
    }
}

/// Redirects are followed as long as they stay: headers with credentials go along.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let stays = attempt.previous().last().is_some_and(|from| stays(from, attempt.url()));
    if stays && attempt.previous().len() <= MOST_REDIRECTS { attempt.follow() } else { attempt.stop() }
}

/// Whether `to` is the same service as `from`, or the same host's with TLS.
fn stays(from: &Url, to: &Url) -> bool {
    from.origin() == to.origin()
        || from.host() == to.host() && from.scheme() == "http" && to.scheme() == "https"
}

fn judge_status(response: &Response, expected: Option<StatusCode>) -> Result<(), String> {
    let status = response.status();
    match expected {
        Some(expected) if status == expected => Ok(()),
        Some(expected) => Err(format!("{status} instead of {}", expected.as_u16())),
        None if status.is_success() => Ok(()),
        None if status.is_redirection() => {
            Err(format!("{status}: a redirect that is not followed; name the page that it leads to"))
        }
        None => Err(status.to_string()),
    }
}

/// When the first byte of the body came, with what came of it. Where none was asked for, that is now.
async fn begin(response: &mut Response, ask: &Ask) -> Result<(Instant, Vec<u8>), String> {
    let bodiless = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED];
    if ask.method == Method::HEAD || ask.status.is_some_and(|asked| bodiless.contains(&asked)) {
        return Ok((Instant::now(), Vec::new()));
    }
    loop {
        match response.chunk().await.map_err(broken)? {
            Some(chunk) if chunk.is_empty() => {}
            Some(chunk) => return Ok((Instant::now(), chunk.to_vec())),
            None => return Err("an empty body".to_owned()),
        }
    }
}

async fn finish(response: &mut Response, body: &mut Vec<u8>) -> Result<(), String> {
    while body.len() < LARGEST_BODY
        && let Some(chunk) = response.chunk().await.map_err(broken)?
    {
        body.extend_from_slice(&chunk);
    }
    Ok(())
}

fn broken(error: reqwest::Error) -> String {
    http::causes(&error.without_url())
}
