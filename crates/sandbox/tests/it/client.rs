//! A plain client of the sandbox.

use reqwest::{Client, RequestBuilder, Response};
use sandbox::{Plan, Sandbox};
use serde_json::{Value, json};

/// A sandbox and a signed-in client.
pub(crate) struct Fixture {
    pub(crate) sandbox: Sandbox,
    pub(crate) http: Client,
    pub(crate) token: String,
}

impl Fixture {
    pub(crate) async fn start(plan: Plan) -> Self {
        let sandbox = Sandbox::start(plan).await.unwrap();
        let http = http();
        let token = sign_in(&http, &sandbox).await;
        Self { sandbox, http, token }
    }

    /// A small cloud without real connections.
    pub(crate) async fn small() -> Self {
        Self::start(Plan { real: false, ..Plan::default() }).await
    }

    pub(crate) fn get(&self, url: &str) -> RequestBuilder {
        self.http.get(url).header("X-Auth-Token", &self.token)
    }

    pub(crate) async fn answer(&self, url: &str) -> (u16, Value) {
        answer(self.get(url).send().await.unwrap()).await
    }

    pub(crate) async fn ok(&self, url: &str) -> Value {
        let (status, body) = self.answer(url).await;
        assert_eq!(status, 200, "{url}: {body}");
        body
    }
}

/// A client that neither looks for a CA store nor for a proxy.
pub(crate) fn http() -> Client {
    Client::builder().tls_certs_only([]).no_proxy().build().unwrap()
}

pub(crate) async fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

pub(crate) fn by_api_key(username: &str, key: &str) -> Value {
    json!({ "auth": { "RAX-KSKEY:apiKeyCredentials": { "username": username, "apiKey": key } } })
}

async fn sign_in(http: &Client, sandbox: &Sandbox) -> String {
    let account = &sandbox.plan().account;
    let url = format!("{}/tokens", sandbox.identity_url());
    let body = by_api_key(&account.username, &account.api_key);
    let (status, body) = answer(http.post(url).json(&body).send().await.unwrap()).await;
    assert_eq!(status, 200);
    body["access"]["token"]["id"].as_str().unwrap().to_owned()
}
