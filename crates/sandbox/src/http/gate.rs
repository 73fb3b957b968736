//! The gate that every request to a service passes: noted, delayed, spoiled or answered.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::json;
use tower::Service as _;

use super::envelope::{Envelope, answer};
use super::spoil::{Cut, spoil};
use super::{Api, Ask, Faults, Latency, Planned, RequestLog, When};

/// Where webhooks of Autoscale are executed: what follows is the caller's only secret.
pub(crate) const CAPABILITY: &str = "/v1.0/execute/";

/// What all gates of a sandbox share.
#[derive(Debug, Default)]
pub(crate) struct Edges {
    pub(crate) faults: Faults,
    pub(crate) latency: Latency,
    pub(crate) log: RequestLog,
    pub(crate) executions: Executions,
}

/// How often each policy really was executed, whatever the client was told.
#[derive(Debug, Default)]
pub struct Executions(Mutex<BTreeMap<(String, String), u64>>);

impl Executions {
    /// Executions by group id and policy id.
    pub fn all(&self) -> BTreeMap<(String, String), u64> {
        self.counts().clone()
    }

    /// Executions of all policies together.
    pub fn total(&self) -> u64 {
        self.counts().values().sum()
    }

    fn count(&self, path: &str) {
        let mut segments = path.split('/').skip_while(|segment| *segment != "groups").skip(1).step_by(2);
        if let (Some(group), Some(policy)) = (segments.next(), segments.next()) {
            *self.counts().entry((group.to_owned(), policy.to_owned())).or_default() += 1;
        }
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<(String, String), u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The gate of one service.
pub(crate) struct Gate {
    api: Api,
    router: Router,
    edges: std::sync::Arc<Edges>,
}

impl Gate {
    pub(crate) fn new(api: Api, router: Router, edges: std::sync::Arc<Edges>) -> Self {
        Self { api, router, edges }
    }

    /// Lets a request pass.
    pub(crate) async fn pass(&self, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
        let request = request.map(Body::new);
        let ask = Ask::of(self.api, request.method(), request.uri().path());
        let number = self.edges.log.note(ask, request.method(), loggable(ask, request.uri()));
        self.edges.latency.pass().await;
        let response = match self.edges.faults.take(ask) {
            None => self.work(ask, request).await,
            Some(planned) => self.spoiled(&planned, request).await?,
        };
        self.edges.log.answered(number, response.status().as_u16());
        Ok(response)
    }

    async fn spoiled(&self, planned: &Planned, request: Request<Body>) -> Result<Response<Body>, Cut> {
        let envelope = Envelope::of(self.api, request.uri().path());
        // Only an action changes anything; what else is asked for may be looked up before its
        // answer is spoiled.
        let harmless = !planned.ask.acts() && planned.fault.changes_the_answer();
        let own = if planned.when == When::After || harmless {
            self.work(planned.ask, request).await
        } else {
            answer(StatusCode::ACCEPTED, &json!({}))
        };
        spoil(&planned.fault, planned.ask, envelope, own).await
    }

    /// The service's own work.
    async fn work(&self, ask: Ask, request: Request<Body>) -> Response<Body> {
        let path = (ask == Ask::Execute).then(|| request.uri().path().to_owned());
        let Ok(response) = self.router.clone().call(request).await;
        if let Some(path) = path.filter(|_| response.status() == StatusCode::ACCEPTED) {
            self.edges.executions.count(&path);
        }
        response
    }
}

/// Path and query without what is a secret: a token that is asked about, a webhook's capability.
fn loggable(ask: Ask, uri: &axum::http::Uri) -> String {
    match uri.path() {
        path if ask == Ask::TokenCheck && path.starts_with("/v2.0") => "/v2.0/tokens/-".to_owned(),
        path if path.starts_with(CAPABILITY) => format!("{CAPABILITY}-"),
        path => uri.path_and_query().map_or(path, |whole| whole.as_str()).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn secrets_in_paths_are_not_logged() {
        let logged = |ask, uri: &str| loggable(ask, &uri.parse().unwrap());
        assert_eq!(logged(Ask::TokenCheck, "/v2.0/tokens/abc"), "/v2.0/tokens/-");
        assert_eq!(logged(Ask::Other, "/v1.0/execute/1/abc/"), "/v1.0/execute/-");
        assert_eq!(logged(Ask::GroupList, "/v1.0/1/groups?limit=2"), "/v1.0/1/groups?limit=2");
    }

    #[test]
    fn executions_are_counted_by_group_and_policy() {
        let executions = Executions::default();
        executions.count("/v1.0/123456/groups/g/policies/p/execute");
        executions.count("/v1.0/123456/groups/g/policies/p/execute/");
        assert_eq!(executions.all(), BTreeMap::from([(("g".to_owned(), "p".to_owned()), 2)]));
    }
}
