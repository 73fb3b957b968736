//! Requests: what handlers take out of a path, a query and a body.

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use http_body_util::LengthLimitError;
use serde::Deserialize;
use serde_json::Value;
use url::form_urlencoded;

use crate::app::App;
use crate::error::Error;
use crate::model::{GroupKey, PolicyKey};

/// A body of JSON.
pub(super) struct Body(pub(super) Value);

impl FromRequest<App> for Body {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self, Error> {
        let limits = &app.settings().limits;
        let most = limits.body_bytes;
        let read = tokio::time::timeout(limits.body_timeout, to_bytes(request.into_body(), most)).await;
        let bytes = read.map_err(|_| Error::TooSlow)?.map_err(|error| unread(&error, most))?;
        serde_json::from_slice(&bytes).map(Self).map_err(|_| Error::InvalidJson)
    }
}

/// A body may be too long, or broken off before its end.
fn unread(error: &axum::Error, most: usize) -> Error {
    let too_long = std::error::Error::source(error).is_some_and(|source| source.is::<LengthLimitError>());
    if too_long { Error::TooLarge { most } } else { Error::InvalidJson }
}

/// The arguments of a query; of several of one name the first counts.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// The value of an argument.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// An argument that is `true` or `false`, in any case.
    pub(super) fn flag(&self, name: &'static str, default: bool) -> Result<bool, Error> {
        match self.get(name) {
            None => Ok(default),
            Some(value) if value.eq_ignore_ascii_case("true") => Ok(true),
            Some(value) if value.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(Error::InvalidQueryArgument { name, wanted: "true or false" }),
        }
    }

    /// Whether a group is to be shown with its webhooks; what is neither true nor false means nothing.
    pub(super) fn webhooks(&self) -> bool {
        self.flag("webhooks", false).unwrap_or(false)
    }
}

impl FromRequestParts<App> for Query {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Error> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect()))
    }
}

/// The names in a path.
#[derive(Deserialize)]
pub(super) struct Names {
    pub(super) tenant: String,
    #[serde(default)]
    pub(super) group: String,
    #[serde(default)]
    policy: String,
    #[serde(default)]
    pub(super) webhook: String,
    #[serde(default)]
    pub(super) server: String,
}

impl Names {
    pub(super) fn group(&self) -> GroupKey {
        GroupKey { tenant: self.tenant.clone(), group: self.group.clone() }
    }

    pub(super) fn policy(&self) -> PolicyKey {
        PolicyKey { group: self.group(), policy: self.policy.clone() }
    }
}

impl FromRequestParts<App> for Names {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        // A path that is no UTF-8 names nothing.
        Path::from_request_parts(parts, app).await.map(|Path(names)| names).map_err(|_| Error::NotFound)
    }
}

/// Whether the client asks for an answer in `form`, such as `xml`.
pub(super) fn accepts(headers: &HeaderMap, form: &str) -> bool {
    headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|it| it.contains(form))
}
