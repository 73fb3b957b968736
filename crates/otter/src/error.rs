//! Every answer of the API that is not what was asked for.

use axum::http::StatusCode;

use crate::engine::Refusal;
use crate::fault::Fault;
use crate::store::StoreError;

/// Why a request was not served. [`Error::kind`] and [`Error::status`] are what clients see and rely
/// on; the text is for people.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The body is not JSON. The original's message is empty, too.
    #[error("")]
    InvalidJson,
    /// The body is JSON and yet not what it should be.
    #[error("{0}")]
    Validation(String),
    /// minEntities is more than maxEntities.
    #[error("minEntities must be less than or equal to maxEntities")]
    InvalidMinEntities,
    /// The cloud would refuse such servers.
    #[error("Following problems with launch configuration: {0}")]
    InvalidLaunchConfiguration(String),
    /// A query argument cannot be read.
    #[error("Invalid query argument for \"{name}\": must be {wanted}")]
    InvalidQueryArgument {
        /// Which.
        name: &'static str,
        /// What it may be.
        wanted: &'static str,
    },
    /// The group still wants servers.
    #[error("Group {0} still has entities.")]
    GroupNotEmpty(String),
    /// The engine refused.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// One server less would be too few.
    #[error("It would leave the group with fewer servers than minEntities.")]
    BelowMin,
    /// There is no such group.
    #[error("No such scaling group {0}")]
    NoSuchGroup(String),
    /// There is no such policy.
    #[error("No such scaling policy {0}")]
    NoSuchPolicy(String),
    /// There is no such webhook.
    #[error("No such webhook {0}")]
    NoSuchWebhook(String),
    /// The group has no such server.
    #[error("The group has no server {0}")]
    ServerNotFound(String),
    /// The tenant has as many groups as it may have.
    #[error("Tenant {tenant} may have no more than {most} groups.")]
    GroupsOverLimit {
        /// Whose.
        tenant: String,
        /// How many.
        most: u64,
    },
    /// The group would have more policies than it may have.
    #[error("A group may have no more than {most} policies.")]
    PoliciesOverLimit {
        /// How many.
        most: u64,
    },
    /// The policy would have more webhooks than it may have.
    #[error("A policy may have no more than {most} webhooks.")]
    WebhooksOverLimit {
        /// How many.
        most: u64,
    },
    /// Declared by the API and never offered.
    #[error("Not implemented.")]
    NotImplemented,
    /// No token, or one that nobody vouches for.
    #[error("A valid token is needed in X-Auth-Token.")]
    Unauthorized,
    /// A token that does not allow this.
    #[error("The token does not allow this.")]
    Forbidden,
    /// There is no such route.
    #[error("There is nothing here.")]
    NotFound,
    /// The route does not know the method.
    #[error("The method is not allowed here.")]
    MethodNotAllowed,
    /// The body is larger than is taken.
    #[error("The body is larger than {most} bytes.")]
    TooLarge {
        /// The limit.
        most: usize,
    },
    /// The body did not come in time.
    #[error("The body did not come in time.")]
    TooSlow,
    /// Too many requests.
    #[error("Too many requests; try again in {retry_after} seconds.")]
    OverRate {
        /// Seconds to wait.
        retry_after: u64,
        /// 413 or 429.
        status: u16,
    },
    /// The service is stopping.
    #[error("The service is stopping; try again.")]
    Stopping,
    /// The database does not work. What is wrong with it goes to the log, not to the caller.
    #[error("The store is not available; nothing was changed.")]
    Store(#[source] StoreError),
    /// The identity service does not answer.
    #[error("The identity service is not available.")]
    Identity,
    /// The cloud does not do as asked.
    #[error("{0}")]
    Cloud(#[from] Fault),
    /// A fault of ours, or a row that cannot be read.
    #[error("An internal error occurred.")]
    Internal(anyhow::Error),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Store(error),
            StoreError::Unreadable(_) => Self::Internal(error.into()),
        }
    }
}

impl Error {
    /// Its status and the word by which clients know it.
    pub fn sort(&self) -> (StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::InvalidJson => (S::BAD_REQUEST, "InvalidJsonError"),
            Self::Validation(_) => (S::BAD_REQUEST, "ValidationError"),
            Self::InvalidMinEntities => (S::BAD_REQUEST, "InvalidMinEntities"),
            Self::InvalidLaunchConfiguration(_) => (S::BAD_REQUEST, "InvalidLaunchConfiguration"),
            Self::InvalidQueryArgument { .. } => (S::BAD_REQUEST, "InvalidQueryArgument"),
            Self::GroupNotEmpty(_) => (S::FORBIDDEN, "GroupNotEmptyError"),
            Self::Refused(refusal @ Refusal::NoSuchPolicy(_)) => (S::NOT_FOUND, refusal.error_type()),
            Self::Refused(refusal) => (S::FORBIDDEN, refusal.error_type()),
            Self::BelowMin => (S::FORBIDDEN, "CannotDeleteServerBelowMinError"),
            Self::NoSuchGroup(_) => (S::NOT_FOUND, "NoSuchScalingGroupError"),
            Self::NoSuchPolicy(_) => (S::NOT_FOUND, "NoSuchPolicyError"),
            Self::NoSuchWebhook(_) => (S::NOT_FOUND, "NoSuchWebhookError"),
            Self::ServerNotFound(_) => (S::NOT_FOUND, "ServerNotFoundError"),
            Self::GroupsOverLimit { .. } => (S::UNPROCESSABLE_ENTITY, "ScalingGroupOverLimitError"),
            Self::PoliciesOverLimit { .. } => (S::UNPROCESSABLE_ENTITY, "PoliciesOverLimitError"),
            Self::WebhooksOverLimit { .. } => (S::UNPROCESSABLE_ENTITY, "WebhooksOverLimitError"),
            Self::NotImplemented => (S::NOT_IMPLEMENTED, "NotImplementedError"),
            Self::Unauthorized => (S::UNAUTHORIZED, "UnauthorizedError"),
            Self::Forbidden => (S::FORBIDDEN, "ForbiddenError"),
            Self::NotFound => (S::NOT_FOUND, "NotFoundError"),
            Self::MethodNotAllowed => (S::METHOD_NOT_ALLOWED, "MethodNotAllowedError"),
            Self::TooLarge { .. } => (S::PAYLOAD_TOO_LARGE, "RequestTooLargeError"),
            Self::TooSlow => (S::REQUEST_TIMEOUT, "RequestTimeoutError"),
            Self::OverRate { status, .. } => {
                (S::from_u16(*status).unwrap_or(S::PAYLOAD_TOO_LARGE), "OverLimitError")
            }
            Self::Stopping | Self::Store(_) | Self::Identity => {
                (S::SERVICE_UNAVAILABLE, "ServiceUnavailableError")
            }
            Self::Cloud(_) | Self::Internal(_) => (S::INTERNAL_SERVER_ERROR, "InternalError"),
        }
    }

    /// Seconds after which the same request may be served, where that is known.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::OverRate { retry_after, .. } => Some(*retry_after),
            Self::Stopping | Self::Store(_) | Self::Identity => Some(1),
            _ => None,
        }
    }
}
