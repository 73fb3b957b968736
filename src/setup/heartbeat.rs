//! From a heartbeat's settings to the monitor, with the headers that are secret.

use anyhow::{Context, Result};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};

use crate::credentials::{CredentialsError, Secrets, Wanted};
use crate::monitor::heartbeat::{Ask, Band, Connecting, Heartbeat, Page};
use crate::settings::HeartbeatSettings;

/// With the name of the credential in capitals behind it, the variable that holds an Authorization header.
const VARIABLE: &str = "LOADSCALE_HEARTBEAT_";
/// With the name of the credential behind it, the section of the credentials file that holds headers.
const SECTION: &str = "heartbeat";

/// The monitor that `settings` describe.
///
/// # Errors
/// A credential that is nowhere; a header that cannot be sent.
pub(super) fn monitor(settings: &HeartbeatSettings, secrets: &Secrets) -> Result<Heartbeat> {
    let connecting = Connecting { ca_file: settings.ca_file.clone(), reuse: settings.reuse };
    let pages = settings.urls.iter().map(|url| Page::new(url.clone(), connecting.clone()));
    Ok(Heartbeat {
        pages: pages.collect(),
        ask: ask(settings, secrets)?,
        band: Band { high: settings.high, low: settings.low },
        samples: settings.samples,
        percentile: settings.percentile,
    })
}

fn ask(settings: &HeartbeatSettings, secrets: &Secrets) -> Result<Ask> {
    let mut headers = HeaderMap::new();
    for (name, value) in &settings.headers {
        let value =
            HeaderValue::from_str(value).with_context(|| format!("header {name:?} in the settings"))?;
        headers.insert(header(name)?, value);
    }
    for (name, value) in credential(settings.credential.as_deref(), secrets)? {
        headers.insert(
            header(&name)?,
            secret(&value).with_context(|| format!("header {name:?} of its credential"))?,
        );
    }
    let status = settings.status.map(StatusCode::from_u16).transpose().context("status")?;
    let method = Method::from_bytes(settings.method.as_bytes()).context("method")?;
    Ok(Ask { method, headers, status, text: settings.body.clone(), timeout: settings.timeout })
}

/// The headers of the credential: the variable's, else all of the section's.
fn credential(
    name: Option<&str>,
    secrets: &Secrets,
) -> Result<Vec<(String, SecretString)>, CredentialsError> {
    let Some(name) = name else { return Ok(Vec::new()) };
    let variable = format!("{VARIABLE}{}", name.to_uppercase().replace('-', "_"));
    if let Some(value) = secrets.variable(&variable) {
        return Ok(vec![(AUTHORIZATION.to_string(), value)]);
    }
    let section = format!("{SECTION} {name}");
    let headers = secrets.section(&section)?;
    if headers.is_empty() {
        let (what, key) = (format!("the heartbeat's credential {name:?}"), AUTHORIZATION.as_str());
        let value = secrets.one(Wanted { what: &what, variable: &variable, section: &section, key })?;
        return Ok(vec![(AUTHORIZATION.to_string(), value)]);
    }
    Ok(headers)
}

fn header(name: &str) -> Result<HeaderName> {
    name.parse().with_context(|| format!("{name:?} is no name of an HTTP header"))
}

fn secret(value: &SecretString) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(value.expose_secret())
        .context("its value holds characters that no header can carry")?;
    value.set_sensitive(true);
    Ok(value)
}
