//! Heroku's Platform API, version 3: the formation of an app, its dynos, and how many there are to be.
//!
//! It knows no sign-in: one key goes with every request. All else is as for the other services: reads are
//! repeated while time allows, and an action is sent again only if it was certainly not carried out.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, sleep_until};
use url::Url;

use crate::config::{Config, Kind, Pacing, address};
use crate::credentials::Credentials;
use crate::fault::{Call, Fault, Said};
use crate::json::{self, BadBody};
use crate::message;
use crate::paging::escaped;
use crate::rate::{Rate, book};
use crate::redact::Redactor;
use crate::refusal;
use crate::retry::{Retries, within};
use crate::session::Undone;
use crate::transport::{Dialect, Outgoing, Reply, Transport, Wanted};

/// Where the Platform API is.
pub const ADDRESS: &str = "https://api.heroku.com";

/// Heroku grants an account 4,500 requests an hour ("Rate limits"), whoever makes them; this is a tenth less.
const RATE: Rate = Rate { requests: 4_050, per: Duration::from_secs(3600) };
/// With fewer requests left to the account somebody should know.
const FEW: u32 = 450;

/// What a way to Heroku is built from.
#[derive(Debug, Clone)]
pub struct Access {
    /// The key of an account that may scale the apps.
    pub key: SecretString,
    /// Another address than [`ADDRESS`].
    pub address: Option<String>,
    /// PEM file of the authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Lets the key go over plain http to other hosts than this one.
    pub allow_plain_http: bool,
    /// Time limits and pauses.
    pub pacing: Pacing,
}

/// A way to talk to Heroku.
pub struct Heroku {
    base: String,
    key: SecretString,
    transport: Transport,
    pacing: Pacing,
    sent: Mutex<VecDeque<Instant>>,
}

/// One process type of an app (`GET /apps/{app}/formation/{type}`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Formation {
    /// The dynos asked for.
    pub quantity: u32,
    /// Their size, such as `standard-1x`.
    pub size: String,
}

/// One dyno (`GET /apps/{app}/dynos`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Dyno {
    /// Its process type.
    #[serde(rename = "type")]
    pub process: String,
    /// `up`, `starting`, `idle`, `crashed` or `down`.
    pub state: String,
}

impl Formation {
    /// How many dynos of this size a process type may have at most, where that is the same for every account
    /// ("Dyno scaling and process limits"): one that is eco or basic.
    pub fn most(&self) -> Option<u32> {
        let size = self.size.to_lowercase();
        ["eco", "basic", "free", "hobby"].contains(&size.as_str()).then_some(1)
    }
}

impl Heroku {
    /// A way that has asked nothing yet.
    ///
    /// # Errors
    /// [`Fault::Misconfigured`] if the address is none.
    pub fn new(access: Access) -> Result<Self, Fault> {
        let base = access.address.as_deref().unwrap_or(ADDRESS).trim_end_matches('/').to_owned();
        address("endpoints.heroku", &base).map_err(|problem| Fault::Misconfigured(vec![problem]))?;
        let config = Config {
            ca_file: access.ca_file,
            allow_plain_http: access.allow_plain_http,
            pacing: access.pacing.clone(),
            ..Config::new(Kind::None, Credentials::Anonymous)
        };
        let (transport, sent) = (Transport::new(&config), Mutex::default());
        Ok(Self { base, key: access.key, transport, pacing: access.pacing, sent })
    }

    /// The formation of a process type as it is now.
    ///
    /// # Errors
    /// Whatever is left when repeating has not helped or would not help.
    pub async fn formation(&self, app: &str, process: &str, deadline: Instant) -> Result<Formation, Fault> {
        self.read(&formation_path(app, process), json::read::<Formation>, deadline).await
    }

    /// All dynos of an app, one-off ones included.
    ///
    /// # Errors
    /// As for a formation.
    pub async fn dynos(&self, app: &str, deadline: Instant) -> Result<Vec<Dyno>, Fault> {
        self.read(&format!("/apps/{}/dynos", escaped(app)), json::read::<Vec<Dyno>>, deadline).await
    }

    /// Sets how many dynos of a process type there are to be. It is sent once more, and only once, if
    /// Heroku asked to come back later.
    ///
    /// # Errors
    /// [`Undone`], which says whether it may have been carried out all the same.
    pub async fn scale(
        &self,
        app: &str,
        process: &str,
        quantity: u32,
        deadline: Instant,
    ) -> Result<(), Undone> {
        let path = formation_path(app, process);
        let mut again = true;
        loop {
            let body = json!({ "quantity": quantity }).to_string().into_bytes();
            let fault = match self.send(Method::PATCH, &path, Some(body), deadline).await {
                Ok((reply, call)) => match taken(&reply, quantity) {
                    Ok(()) => return Ok(()),
                    Err(what) => {
                        Fault::BadBody { call, what: message::excerpt(&self.redactor().clean(&what)) }
                    }
                },
                Err(fault) => fault,
            };
            match fault {
                Fault::OverLimit { retry_after: Some(pause), .. } if std::mem::take(&mut again) => {
                    let Some(wake) = within(deadline, pause) else { return Err(Undone::from(fault)) };
                    sleep_until(wake).await;
                }
                fault => return Err(Undone::from(fault)),
            }
        }
    }

    async fn read<T>(
        &self,
        path: &str,
        parse: fn(&[u8]) -> Result<T, BadBody>,
        deadline: Instant,
    ) -> Result<T, Fault> {
        let mut retries = Retries::new(&self.pacing, deadline);
        let (reply, call) = loop {
            match self.send(Method::GET, path, None, deadline).await {
                Ok(answer) => break answer,
                Err(fault) => retries.pause(fault).await?,
            }
        };
        // A list longer than a page; what is missing would be taken for dynos that are not there.
        if reply.status == StatusCode::PARTIAL_CONTENT {
            return Err(Fault::BadBody { call, what: "only the first page of a list".to_owned() });
        }
        parse(&reply.body).map_err(|BadBody(what)| Fault::BadBody {
            call,
            what: message::excerpt(&self.redactor().clean(&what)),
        })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        deadline: Instant,
    ) -> Result<(Reply, Call), Fault> {
        let url = Url::parse(&format!("{}{path}", self.base))
            .map_err(|error| Fault::NoEndpoint(format!("{}{path} is no address: {error}", self.base)))?;
        let outgoing = Outgoing { method, url, token: Some(&self.key), body, dialect: Dialect::Heroku };
        let call = outgoing.call();
        let late = || Fault::Deadline { what: format!("{call}, kept below its rate") };
        sleep_until(self.free(deadline).ok_or_else(late)?).await;
        let reply = self.transport.send(outgoing, Wanted::Body, deadline).await?;
        if let Some(left) = reply.rate_remaining.filter(|left| *left < FEW) {
            tracing::warn!(left, "few requests are left to this Heroku account for a while");
        }
        if reply.status.is_success() {
            return Ok((reply, call));
        }
        Err(refused(refusal::fault(call, &reply, &self.redactor()), &reply))
    }

    /// When the next request may be sent.
    fn free(&self, deadline: Instant) -> Option<Instant> {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        book(&[RATE], &mut sent, Instant::now(), deadline)
    }

    fn redactor(&self) -> Redactor<'_> {
        Redactor::new([&self.key])
    }
}

fn formation_path(app: &str, process: &str) -> String {
    format!("/apps/{}/formation/{}", escaped(app), escaped(process))
}

/// Whether the answer to a change says that it was made: any page can answer 200.
fn taken(reply: &Reply, quantity: u32) -> Result<(), String> {
    let BadBody(what) = match json::read::<Formation>(&reply.body) {
        Ok(formation) if formation.quantity == quantity => return Ok(()),
        Ok(formation) => BadBody(format!("a quantity of {} where {quantity} was set", formation.quantity)),
        Err(bad) => bad,
    };
    Err(what)
}

/// Heroku's refusals, with what to do about them ("Error responses").
fn refused(fault: Fault, reply: &Reply) -> Fault {
    let status = reply.status.as_u16();
    match fault {
        Fault::Unauthorized { call, said } => {
            let advice = "Heroku does not take the key; make a new one (heroku authorizations:create)";
            Fault::SignInRefused { call, said: advised(advice, &said) }
        }
        Fault::Forbidden { call, kind, said } => {
            let advice = "the key's account may not do this to the app, or the app is suspended";
            Fault::Forbidden { call, kind, said: advised(advice, &said) }
        }
        Fault::NotFound { call, said } => {
            let advice = "the key's account has no such app, or the app no such process type";
            Fault::NotFound { call, said: advised(advice, &said) }
        }
        Fault::BadRequest { call, said, .. } if status == 402 => {
            let advice = "payment is due; see the account's billing page";
            Fault::BadRequest { call, status, said: advised(advice, &said) }
        }
        Fault::Immutable { call, said, .. } if status == 409 => {
            let advice = "something else is being done to the app";
            Fault::BadRequest { call, status, said: advised(advice, &said) }
        }
        Fault::Immutable { call, said, .. } => {
            let advice = "Heroku does not take this number of dynos: eco and basic ones cannot be more than one \
                of a process type, and an account has limits for the others";
            Fault::BadRequest { call, status, said: advised(advice, &said) }
        }
        Fault::OverLimit { call, retry_after, said } => {
            let left = reply.rate_remaining.map_or("no".to_owned(), |left| left.to_string());
            let advice = format!("the account has {left} requests left for now, whoever makes them");
            Fault::OverLimit { call, retry_after, said: advised(&advice, &said) }
        }
        fault => fault,
    }
}

/// The advice, then Heroku's own words.
fn advised(advice: &str, said: &Said) -> Said {
    Said(format!("{advice}{said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        let mut reply = Reply::empty(StatusCode::from_u16(status).expect("a status"));
        reply.body = body.into();
        reply
    }

    #[test]
    fn bodies_are_read_by_their_members() {
        let body = r#"{"app":{"id":"01234567-89ab-cdef-0123-456789abcdef","name":"web-app"},
            "command":"bundle exec puma","created_at":"2026-01-01T12:00:00Z","id":"0123","quantity":2,
            "size":"standard-1x","type":"web","updated_at":"2026-01-01T12:00:00Z"}"#;
        let expected = Formation { quantity: 2, size: "standard-1x".into() };
        assert_eq!(json::read::<Formation>(body.as_bytes()), Ok(expected));
        let body = r#"[{"id":"1","name":"web.1","type":"web","state":"starting","size":"eco"}]"#;
        let expected = Dyno { process: "web".into(), state: "starting".into() };
        assert_eq!(json::read::<Vec<Dyno>>(body.as_bytes()), Ok(vec![expected]));
    }

    #[test]
    fn only_an_answer_with_the_number_that_was_set_says_that_it_is_set() {
        assert_eq!(taken(&reply(200, r#"{"quantity":3,"size":"basic"}"#), 3), Ok(()));
        for (body, told) in [
            (r#"{"quantity":2,"size":"basic"}"#, "a quantity of 2 where 3 was set"),
            (r#"{"size":"basic"}"#, "missing field `quantity`"),
            ("<html>", "an HTML page"),
            ("", "an empty body"),
        ] {
            assert!(taken(&reply(200, body), 3).is_err_and(|what| what.contains(told)), "{body}");
        }
    }

    #[test]
    fn sizes_that_cannot_be_scaled_are_known() {
        for (size, most) in
            [("Eco", Some(1)), ("basic", Some(1)), ("standard-1X", None), ("performance-m", None)]
        {
            assert_eq!(Formation { quantity: 1, size: size.into() }.most(), most, "{size}");
        }
    }

    #[test]
    fn every_refusal_says_what_to_do() {
        for (status, id, advice) in [
            (401, "unauthorized", "make a new one"),
            (402, "delinquent", "billing"),
            (403, "suspended", "suspended"),
            (404, "not_found", "process type"),
            (409, "conflict", "being done"),
            (422, "invalid_params", "eco and basic"),
            (429, "rate_limit", "no requests left"),
        ] {
            let reply = reply(status, &format!(r#"{{"id":"{id}","message":"In their words."}}"#));
            let call = Call { method: "PATCH", address: "http://h/apps/a/formation/web".into() };
            let none: [&SecretString; 0] = [];
            let told = refused(refusal::fault(call, &reply, &Redactor::new(none)), &reply).to_string();
            assert!(told.contains(advice) && told.contains("In their words."), "{told}");
        }
    }
}
