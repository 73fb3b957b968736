//! How an HTTP client goes out and whom it trusts: for the sessions here, and for whoever else speaks HTTP.

use std::error::Error;
use std::path::Path;

use reqwest::{Certificate, Client, ClientBuilder};
use url::{Host, Url};

use crate::fault::Fault;
pub use crate::refusal::retry_after;

/// Whether a host is this machine, by its literal address or the name reserved for it.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

/// A client for `url`, as `plain` makes them. This machine is never reached through a proxy, whatever the
/// environment says; http to it needs no authorities. Elsewhere `ca_file` alone is trusted, as with
/// curl's `--cacert`; else the system; else, where the system has no store, the authorities that
/// browsers trust.
///
/// # Errors
/// [`Fault::Misconfigured`] if the CA file cannot be used.
pub fn client(url: &Url, ca_file: Option<&Path>, plain: impl Fn() -> ClientBuilder) -> Result<Client, Fault> {
    match (is_loopback(url), url.scheme() == "https") {
        (true, false) => finish(plain().no_proxy().tls_certs_only([])),
        (true, true) => trusting(ca_file, || plain().no_proxy()),
        (false, _) => trusting(ca_file, plain),
    }
}

fn trusting(ca_file: Option<&Path>, builder: impl Fn() -> ClientBuilder) -> Result<Client, Fault> {
    if let Some(file) = ca_file {
        return finish(builder().tls_certs_only(authorities(file)?));
    }
    builder().build().or_else(|_| {
        tracing::debug!("the system has no certificate authorities, the built-in ones are used");
        let built_in = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
        finish(builder().tls_certs_only(built_in.iter().filter_map(|der| Certificate::from_der(der).ok())))
    })
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
pub fn causes(error: &(dyn Error + 'static)) -> String {
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
}
