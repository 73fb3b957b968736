//! The HTTP clients: one for each way out, built when it is first needed, since reading the
//! system's authorities takes longer than a request on this machine.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, redirect, retry};
use url::Url;

use crate::fault::Fault;
use crate::http;

/// Many servers drop a connection that was idle for 5 s. An action sent on one that is just being
/// dropped ends as unknown, so we let go first.
const IDLE: Duration = Duration::from_secs(4);

/// The clients of a session.
pub(crate) struct Clients {
    ca_file: Option<PathBuf>,
    connect_timeout: Duration,
    loopback_http: OnceLock<Client>,
    loopback_https: OnceLock<Client>,
    remote: OnceLock<Client>,
}

impl Clients {
    pub(crate) fn new(ca_file: Option<PathBuf>, connect_timeout: Duration) -> Self {
        Self {
            ca_file,
            connect_timeout,
            loopback_http: OnceLock::new(),
            loopback_https: OnceLock::new(),
            remote: OnceLock::new(),
        }
    }

    /// The client for `url`. This machine is never reached through a proxy, whatever the
    /// environment says; http to it needs no authorities.
    ///
    /// # Errors
    /// [`Fault::Misconfigured`] if the CA file cannot be used.
    pub(crate) fn of(&self, url: &Url) -> Result<&Client, Fault> {
        match (http::is_loopback(url), url.scheme() == "https") {
            (true, false) => self.built(&self.loopback_http, url),
            (true, true) => self.built(&self.loopback_https, url),
            (false, _) => self.built(&self.remote, url),
        }
    }

    /// Two tasks may build the same client at once; the first one is kept.
    fn built<'a>(&self, slot: &'a OnceLock<Client>, url: &Url) -> Result<&'a Client, Fault> {
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let client = http::client(url, self.ca_file.as_deref(), || self.plain())?;
        Ok(slot.get_or_init(|| client))
    }

    /// HTTP/1.1 alone, which every service here speaks: on it, a request is repeated behind our
    /// back only if not one byte of it was handed to a connection, so an action is never sent
    /// twice. Redirects are ours to judge, and so are repetitions.
    fn plain(&self) -> ClientBuilder {
        Client::builder()
            .user_agent(concat!("loadscale/", env!("CARGO_PKG_VERSION")))
            .http1_only()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(IDLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_file_that_cannot_be_used_is_named() {
        let clients = Clients::new(Some("/nowhere/ca.pem".into()), Duration::from_secs(1));
        let fault = clients.of(&Url::parse("https://example.com").expect("a URL")).expect_err("no file");
        assert!(fault.to_string().contains("/nowhere/ca.pem"), "{fault}");
    }
}
