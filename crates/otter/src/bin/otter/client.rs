//! Asking a service over its API.

use anyhow::{Context, bail};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;

/// Sends a request without a body and reads the JSON of the answer.
pub(crate) async fn ask(method: Method, url: &str, token: Option<&str>) -> anyhow::Result<Value> {
    let mut request = client(url)?.request(method, url);
    if let Some(token) = token {
        request = request.header("X-Auth-Token", token);
    }
    send(request, url).await
}

/// Puts a JSON document and reads the JSON of the answer.
pub(crate) async fn put(url: &str, document: &Value) -> anyhow::Result<Value> {
    send(client(url)?.put(url).body(document.to_string()), url).await
}

async fn send(request: RequestBuilder, url: &str) -> anyhow::Result<Value> {
    let request = request.header("Accept", "application/json");
    let answer = request.send().await.map_err(reqwest::Error::without_url);
    let answer = answer.with_context(|| format!("cannot reach {url}; is otter serve running?"))?;
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
