//! A session: signs in when it has to, finds the service, and asks it as often as is right.

use std::sync::Arc;
use std::time::SystemTime;

use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use secrecy::SecretString;
use tokio::time::Instant;
use url::Url;

use crate::catalog::Catalog;
use crate::config::{Config, Kind, address};
use crate::credentials::Credentials;
use crate::fault::{Call, Fault};
use crate::identity::{Grant, SignIn};
use crate::json::BadBody;
use crate::message;
use crate::rate::Gates;
use crate::redact::Redactor;
use crate::refusal;
use crate::retry::{self, Retries};
use crate::service::Service;
use crate::token_file::TokenFile;
use crate::tokens::{Held, Source, Tokens};
use crate::transport::{Dialect, Outgoing, Reply, Transport, Wanted};

/// A way to talk to a cloud. Clones share the token, the connections and the rates.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    transport: Transport,
    tokens: Tokens,
    gates: Gates,
}

/// Who a session is signed in as.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// The user's name, where identity tells it.
    pub user: Option<String>,
    /// The id of the project or tenant.
    pub project: Option<String>,
    /// The user's own region, where there is one.
    pub default_region: Option<String>,
    /// When the token expires; none for one from elsewhere.
    pub expires: Option<SystemTime>,
}

/// How an action failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Undone {
    /// It was not carried out.
    #[error(transparent)]
    Failed(Fault),
    /// It may have been carried out, and must not be sent again.
    #[error("{0}; whether it was carried out is unknown")]
    Unknown(Fault),
}

impl Session {
    /// A session that has not signed in yet.
    ///
    /// # Errors
    /// [`Fault::Misconfigured`] with all problems of the config.
    pub fn new(config: Config) -> Result<Self, Fault> {
        let mut problems = Vec::new();
        let endpoints = &config.endpoints;
        let given = [
            ("endpoints.autoscale", &endpoints.autoscale),
            ("endpoints.load_balancer", &endpoints.load_balancer),
            ("endpoints.compute", &endpoints.compute),
        ];
        for (key, value) in given {
            problems.extend(value.as_deref().and_then(|value| address(key, value).err()));
        }
        let source = source(&config);
        match source {
            Ok(source) if problems.is_empty() => {
                let transport = Transport::new(&config);
                let (tokens, gates) = (Tokens::new(source), Gates::new(config.rates.clone()));
                Ok(Self { inner: Arc::new(Inner { config, transport, tokens, gates }) })
            }
            source => {
                problems.extend(source.err());
                Err(Fault::Misconfigured(problems))
            }
        }
    }

    /// Signs in even if a token is at hand, for whoever wants to know that it works.
    ///
    /// # Errors
    /// [`Fault::SignInRefused`], or what kept the sign-in from being made.
    pub async fn sign_in_afresh(&self, deadline: Instant) -> Result<Account, Fault> {
        let held = self.inner.tokens.afresh(&self.inner.transport, deadline).await?;
        let Grant { user, project, default_region, expires, .. } = held.grant.clone();
        Ok(Account { user, project, default_region, expires: expires.map(SystemTime::from) })
    }

    /// The address of `service`, as its paths are appended to it.
    ///
    /// # Errors
    /// [`Fault::NoEndpoint`] that says what there is instead; those of a sign-in.
    pub async fn endpoint(&self, service: Service, deadline: Instant) -> Result<String, Fault> {
        let held = self.current(deadline).await?;
        self.base(service, &held).map(str::to_owned)
    }

    /// Reads `path` (with its query) of `service`, and understands the answer with `parse`. Faults
    /// that pass are waited out, as long as `deadline` allows.
    ///
    /// # Errors
    /// Whatever is left when repeating has not helped or would not help.
    pub async fn get<T>(
        &self,
        service: Service,
        path: &str,
        parse: impl FnOnce(&[u8]) -> Result<T, BadBody>,
        deadline: Instant,
    ) -> Result<T, Fault> {
        let (reply, call) = self.read(service, path, deadline).await?;
        parse(&reply.body)
            .map_err(|BadBody(what)| Fault::BadBody { call, what: message::excerpt(&self.redact(&what)) })
    }

    /// Posts to `path` of `service` without a body; `accepted` is the one status by which the service
    /// says that it has done what it was asked. It is sent once more, and only once, if the first one
    /// was certainly not carried out: the token was refused, or the service asked to come back later.
    ///
    /// # Errors
    /// [`Undone`], which says whether the action may have been carried out all the same.
    pub async fn execute_once(
        &self,
        service: Service,
        path: &str,
        accepted: u16,
        deadline: Instant,
    ) -> Result<(), Undone> {
        let mut held = self.current(deadline).await.map_err(Undone::Failed)?;
        let mut again = true;
        loop {
            let post = (Method::POST, service, path);
            let fault = match self.send(post, &held, Wanted::Status, deadline).await {
                Ok((reply, _)) if reply.status.as_u16() == accepted => return Ok(()),
                Ok((reply, call)) => {
                    let what = format!("status {} where only {accepted} means done", reply.status.as_u16());
                    return Err(Undone::Unknown(Fault::BadBody { call, what }));
                }
                Err(fault) => fault,
            };
            if !std::mem::take(&mut again) {
                return Err(Undone::from(fault));
            }
            match fault {
                Fault::Unauthorized { .. } => {
                    held = self.instead_of(&held, fault, deadline).await.map_err(Undone::Failed)?;
                }
                Fault::OverLimit { retry_after: Some(pause), .. } => match retry::within(deadline, pause) {
                    Some(wake) => tokio::time::sleep_until(wake).await,
                    None => return Err(Undone::from(fault)),
                },
                fault => return Err(Undone::from(fault)),
            }
        }
    }

    /// `text` without this session's secrets, for what a service says in an answer that is
    /// otherwise good.
    pub fn redact(&self, text: &str) -> String {
        let newest = self.inner.tokens.newest();
        self.redactor(newest.as_deref()).clean(text)
    }

    async fn read(&self, service: Service, path: &str, deadline: Instant) -> Result<(Reply, Call), Fault> {
        let mut held = self.current(deadline).await?;
        let mut renewed = false;
        let mut retries = Retries::new(&self.inner.config.pacing, deadline);
        loop {
            match self.send((Method::GET, service, path), &held, Wanted::Body, deadline).await {
                Ok(answer) => return Ok(answer),
                Err(fault @ Fault::Unauthorized { .. }) if !renewed => {
                    held = self.instead_of(&held, fault, deadline).await?;
                    renewed = true;
                }
                Err(fault) => retries.pause(fault).await?,
            }
        }
    }

    async fn send(
        &self,
        (method, service, path): (Method, Service, &str),
        held: &Held,
        wanted: Wanted,
        deadline: Instant,
    ) -> Result<(Reply, Call), Fault> {
        let base = self.base(service, held)?;
        let url = Url::parse(&format!("{base}{path}"))
            .map_err(|error| Fault::NoEndpoint(format!("{service}: {base}{path} is no address: {error}")))?;
        let token = Some(&held.grant.token).filter(|_| !self.is_anonymous());
        let outgoing = Outgoing { method, url, token, body: None, dialect: Dialect::OpenStack };
        let call = outgoing.call();
        let free = self.inner.gates.book(service, Instant::now(), deadline);
        let free = free.ok_or_else(|| Fault::Deadline { what: format!("{call}, kept below its rate") })?;
        tokio::time::sleep_until(free).await;
        let reply = self.inner.transport.send(outgoing, wanted, deadline).await?;
        if reply.status != StatusCode::UNAUTHORIZED {
            held.accept();
        }
        if reply.status.is_success() {
            return Ok((reply, call));
        }
        Err(refusal::fault(call, &reply, &self.redactor(Some(held))))
    }

    async fn current(&self, deadline: Instant) -> Result<Arc<Held>, Fault> {
        self.inner.tokens.current(&self.inner.transport, deadline).await
    }

    async fn instead_of(
        &self,
        refused: &Arc<Held>,
        fault: Fault,
        deadline: Instant,
    ) -> Result<Arc<Held>, Fault> {
        self.inner.tokens.instead_of(refused, fault, &self.inner.transport, deadline).await
    }

    fn base<'a>(&'a self, service: Service, held: &'a Held) -> Result<&'a str, Fault> {
        let Config { endpoints, region, kind, .. } = &self.inner.config;
        let given = match service {
            Service::Autoscale => &endpoints.autoscale,
            Service::LoadBalancers | Service::Octavia => &endpoints.load_balancer,
            Service::Compute => &endpoints.compute,
        };
        if let Some(given) = given {
            return Ok(service.base(given));
        }
        if *kind == Kind::None {
            let key = service.endpoint_key();
            return Err(Fault::NoEndpoint(format!(
                "{key} is missing: without a sign-in nobody else says where the {service} service is"
            )));
        }
        let region = region.as_deref().or(held.grant.default_region.as_deref());
        held.grant.catalog.pick(service, region).map(|url| service.base(url)).map_err(Fault::NoEndpoint)
    }

    fn redactor<'a>(&'a self, held: Option<&'a Held>) -> Redactor<'a> {
        let token = held.map(|held| &held.grant.token);
        Redactor::new(self.inner.config.credentials.secret().into_iter().chain(token))
    }

    fn is_anonymous(&self) -> bool {
        matches!(self.inner.config.credentials, Credentials::Anonymous)
    }
}

impl From<Fault> for Undone {
    fn from(fault: Fault) -> Undone {
        if fault.may_have_been_done() { Undone::Unknown(fault) } else { Undone::Failed(fault) }
    }
}

/// Where the tokens of a session come from.
fn source(config: &Config) -> Result<Source, String> {
    if let Some(sign_in) = SignIn::new(config)? {
        let identity = sign_in.identity()?;
        let file = config.token_folder.as_deref().map(|folder| TokenFile::new(folder, &identity));
        return Ok(Source::SignIn(Box::new(sign_in), file));
    }
    let token = match &config.credentials {
        Credentials::Token(token) => token.clone(),
        Credentials::Anonymous => SecretString::from(""),
        _ => return Err("kind none signs in nowhere: it takes a token, or nothing".into()),
    };
    Ok(Source::given(Grant {
        token,
        expires: None,
        received: Timestamp::now(),
        user: None,
        project: None,
        default_region: None,
        catalog: Catalog::default(),
    }))
}
