//! Everything that can go wrong between us and a cloud, as callers tell it apart.

use std::fmt;
use std::time::Duration;

/// The request that a fault belongs to: method and address, without the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `GET`, `POST` or `PATCH`.
    pub method: &'static str,
    /// Scheme, host and path.
    pub address: String,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.address)
    }
}

/// What a service said in its own words: cleaned, shortened, without secrets; often nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said(pub String);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ": {}", self.0) }
    }
}

/// Why a request, or what had to come before it, failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Fault {
    /// The config cannot work; every problem is listed.
    #[error("{}", .0.join("\n"))]
    Misconfigured(Vec<String>),
    /// Identity does not take these credentials.
    #[error("{call}: the sign-in was refused{said}")]
    SignInRefused {
        /// The sign-in.
        call: Call,
        /// Identity's words.
        said: Said,
    },
    /// 401, also with a new token.
    #[error("{call}: 401, the token is not accepted{said}")]
    Unauthorized {
        /// The request.
        call: Call,
        /// The service's words.
        said: Said,
    },
    /// 403.
    #[error("{call}: 403, not allowed{said}")]
    Forbidden {
        /// The request.
        call: Call,
        /// The service's name for the reason, such as `GroupPausedError`.
        kind: Option<String>,
        /// The service's words.
        said: Said,
    },
    /// 404 or 410.
    #[error("{call}: not found{said}")]
    NotFound {
        /// The request.
        call: Call,
        /// The service's words.
        said: Said,
    },
    /// 429, or 413 with Retry-After: too many requests.
    #[error("{call}: too many requests{}{said}", wait(.retry_after))]
    OverLimit {
        /// The request.
        call: Call,
        /// How long the service asks one to wait.
        retry_after: Option<Duration>,
        /// The service's words.
        said: Said,
    },
    /// 413 without Retry-After: a quota, which waiting does not mend.
    #[error("{call}: 413, a quota is used up{said}")]
    Quota {
        /// The request.
        call: Call,
        /// The service's words.
        said: Said,
    },
    /// 422 of Cloud Load Balancers or 409 of Octavia: the balancer is just being changed.
    #[error("{call}: {status}, it cannot be used just now{said}")]
    Immutable {
        /// The request.
        call: Call,
        /// 409 or 422.
        status: u16,
        /// It is being deleted, so waiting is in vain.
        being_deleted: bool,
        /// The service's words.
        said: Said,
    },
    /// 400, or another refusal that has no name of its own here.
    #[error("{call}: {status}, the request was refused{said}")]
    BadRequest {
        /// The request.
        call: Call,
        /// The status.
        status: u16,
        /// The service's words.
        said: Said,
    },
    /// A redirect. None is followed: the token would go along.
    #[error(
        "{call}: {status}, it redirects to {to}, which is not followed since the token would go along; configure the final address"
    )]
    Redirected {
        /// The request.
        call: Call,
        /// The status.
        status: u16,
        /// Scheme and host that it points to.
        to: String,
    },
    /// 5xx, or 408: the service failed, perhaps after it had done what it was asked.
    #[error("{call}: {status}, the service failed{}{said}", wait(.retry_after))]
    Server {
        /// The request.
        call: Call,
        /// The status.
        status: u16,
        /// How long the service asks one to wait.
        retry_after: Option<Duration>,
        /// The service's words.
        said: Said,
    },
    /// The connection could not be made, or broke.
    #[error("{call}: {}: {what}", if *.sent { "the connection broke" } else { "no connection" })]
    Connection {
        /// The request.
        call: Call,
        /// Whether the request may have reached the service.
        sent: bool,
        /// What happened.
        what: String,
    },
    /// The request was sent, and no whole answer came in time.
    #[error("{call}: no whole answer within {waited:.1?}")]
    Timeout {
        /// The request.
        call: Call,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The deadline left no time to send the request.
    #[error("{what}: no time left before the deadline")]
    Deadline {
        /// What was to be done.
        what: String,
    },
    /// An answer that is not what it should be.
    #[error("{call}: an answer that cannot be used: {what}")]
    BadBody {
        /// The request.
        call: Call,
        /// What is wrong with it.
        what: String,
    },
    /// A secret would have crossed the network in clear text.
    #[error(
        "{address}: credentials and tokens go over https only, or over http to this machine; use https, or allow plain http"
    )]
    PlainHttp {
        /// Scheme and host.
        address: String,
    },
    /// Nobody says where the service is.
    #[error("{0}")]
    NoEndpoint(String),
}

impl Fault {
    /// Whether a request that ended so may nevertheless have been carried out.
    pub(crate) fn may_have_been_done(&self) -> bool {
        matches!(
            self,
            Self::Server { .. }
                | Self::Timeout { .. }
                | Self::BadBody { .. }
                | Self::Connection { sent: true, .. }
        )
    }
}

fn wait(retry_after: &Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |wait| format!(" (retry after {} s)", wait.as_secs()))
}
