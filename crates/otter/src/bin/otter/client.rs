//! Asking a service over its API.

use anyhow::{Context, bail};
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;

/// Sends a request and reads the JSON of the answer.
pub(crate) async fn ask(method: Method, url: &str, token: Option<&str>) -> anyhow::Result<Value> {
    let mut request = client(url)?.request(method, url).header("Accept", "application/json");
    if let Some(token) = token {
        request = request.header("X-Auth-Token", token);
    }
    let answer =
        request.send().await.with_context(|| format!("cannot reach {url}; is otter serve running?"))?;
    let status = answer.status();
    let text = answer.text().await.with_context(|| format!("the answer of {url} broke off"))?;
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    if status.is_success() {
        return Ok(body);
    }
    let message = body.pointer("/error/message").and_then(Value::as_str).unwrap_or("no reason was given");
    let hint = if status == StatusCode::UNAUTHORIZED { " (set OTTER_TOKEN)" } else { "" };
    bail!("{url}: {status}: {message}{hint}")
}

/// Roots are loaded only where they are needed: a machine may have none.
fn client(url: &str) -> anyhow::Result<Client> {
    let builder = Client::builder().user_agent(concat!("otter/", env!("CARGO_PKG_VERSION")));
    let builder = if url.starts_with("http:") { builder.tls_certs_only([]) } else { builder };
    Ok(builder.build()?)
}
