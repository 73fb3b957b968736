//! The HTTP clients: one for each way out, built when it is first needed, since reading the
//! system's authorities takes longer than a request on this machine.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, redirect, retry};
use url::{Host, Url};

use crate::fault::Fault;

/// Many servers drop a connection that was idle for 5 s. An action sent on one that is just being
/// dropped ends as unknown, so we let go first.
const IDLE: Duration = Duration::from_secs(4);

/// Whether a host is this machine, by its literal address or the name reserved for it.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

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
        match (is_loopback(url), url.scheme() == "https") {
            (true, false) => {
                built(&self.loopback_http, || finish(self.plain().no_proxy().tls_certs_only([])))
            }
            (true, true) => built(&self.loopback_https, || self.trusting(|| self.plain().no_proxy())),
            (false, _) => built(&self.remote, || self.trusting(|| self.plain())),
        }
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

    /// Trusts the CA file alone, as curl's `--cacert`; else the system; else, where the system has
    /// no store, the authorities that browsers trust.
    fn trusting(&self, builder: impl Fn() -> ClientBuilder) -> Result<Client, Fault> {
        if let Some(file) = &self.ca_file {
            return finish(builder().tls_certs_only(authorities(file)?));
        }
        builder().build().or_else(|_| {
            tracing::debug!("the system has no certificate authorities, the built-in ones are used");
            let built_in = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
            finish(
                builder().tls_certs_only(built_in.iter().filter_map(|der| Certificate::from_der(der).ok())),
            )
        })
    }
}

/// Two tasks may build the same client at once; the first one is kept.
fn built(slot: &OnceLock<Client>, build: impl FnOnce() -> Result<Client, Fault>) -> Result<&Client, Fault> {
    if let Some(client) = slot.get() {
        return Ok(client);
    }
    let client = build()?;
    Ok(slot.get_or_init(|| client))
}

fn finish(builder: ClientBuilder) -> Result<Client, Fault> {
    builder.build().map_err(|error| {
        Fault::Misconfigured(vec![format!("no HTTP client could be made: {}", causes(&error))])
    })
}

fn authorities(file: &Path) -> Result<Vec<Certificate>, Fault> {
    let problem = |what: String| Fault::Misconfigured(vec![format!("ca_file {}: {what}", file.display())]);
    let pem = std::fs::read(file).map_err(|error| problem(error.to_string()))?;
    let certificates = Certificate::from_pem_bundle(&pem)
        .map_err(|error| problem(format!("no PEM certificates: {}", causes(&error))))?;
    if certificates.is_empty() {
        return Err(problem("it holds no certificate; PEM is expected".into()));
    }
    Ok(certificates)
}

/// How the outer errors of reqwest and hyper begin, which say nothing that the inner ones do not.
const WRAPPERS: [&str; 2] = ["error sending request", "client error ("];

/// An error with all its causes on one line, as far as they say something.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> String {
    let mut line = String::new();
    for error in std::iter::successors(Some(error), |&error| error.source()) {
        let text = error.to_string();
        let wraps = error.source().is_some() && WRAPPERS.iter().any(|wrapper| text.starts_with(wrapper));
        if wraps || line.contains(&text) {
            continue;
        }
        if !line.is_empty() {
            line.push_str(": ");
        }
        line.push_str(&text);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_by_every_name() {
        for (address, ours) in [
            ("http://127.0.0.1:80/", true),
            ("http://127.8.9.1/", true),
            ("http://[::1]:8080/", true),
            ("http://LOCALHOST/", true),
            ("http://localhost.example.com/", false),
            ("http://10.0.0.1/", false),
            ("http://127.0.0.1.example.com/", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(address).expect("a URL")), ours, "{address}");
        }
    }

    #[test]
    fn a_ca_file_that_cannot_be_used_is_named() {
        let clients = Clients::new(Some("/nowhere/ca.pem".into()), Duration::from_secs(1));
        let fault = clients.of(&Url::parse("https://example.com").expect("a URL")).expect_err("no file");
        assert!(fault.to_string().contains("/nowhere/ca.pem"), "{fault}");
    }
}
