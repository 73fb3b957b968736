//! The columns of the table: what can go wrong with a request.

use sandbox::{Fault, RetryAfter};

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The service does not listen.
    Refused,
    /// The connection is reset before an answer.
    Dropped,
    ResetMidBody,
    NeverAnswers,
    /// An error status without Retry-After.
    Status(u16),
    /// One with Retry-After in seconds.
    RetrySeconds(u16),
    /// One with Retry-After as a date.
    RetryDate(u16),
    /// 200 and an HTML page.
    Html,
    TruncatedJson,
    MissingField,
    WrongType,
    /// 100 MB.
    HugeBody,
    OneByteASecond,
}

/// In the order of the table's columns.
pub(super) const KINDS: [Kind; 21] = [
    Kind::Refused,
    Kind::Dropped,
    Kind::ResetMidBody,
    Kind::NeverAnswers,
    Kind::Status(401),
    Kind::Status(403),
    Kind::Status(404),
    Kind::RetrySeconds(413),
    Kind::RetryDate(413),
    Kind::RetrySeconds(429),
    Kind::RetryDate(429),
    Kind::Status(413),
    Kind::Status(422),
    Kind::Status(500),
    Kind::Status(503),
    Kind::Html,
    Kind::TruncatedJson,
    Kind::MissingField,
    Kind::WrongType,
    Kind::HugeBody,
    Kind::OneByteASecond,
];

/// What a service asks us to wait, in seconds: as little as may be, and yet a wait.
pub(super) const WAIT: u64 = 1;

impl Kind {
    /// The sandbox's name for it; none for a service that does not listen, which is no matter of a request.
    pub(super) fn fault(self) -> Option<Fault> {
        Some(match self {
            Kind::Refused => return None,
            Kind::Dropped => Fault::Drop,
            Kind::ResetMidBody => Fault::ResetMidBody,
            Kind::NeverAnswers => Fault::NeverAnswer,
            Kind::Status(status) => Fault::status(status),
            Kind::RetrySeconds(status) => Fault::retry_after(status, RetryAfter::Seconds(WAIT)),
            Kind::RetryDate(status) => Fault::retry_after(status, RetryAfter::Date(WAIT)),
            Kind::Html => Fault::Html,
            Kind::TruncatedJson => Fault::TruncatedJson,
            Kind::MissingField => Fault::MissingField { pointer: None },
            Kind::WrongType => Fault::WrongType { pointer: None },
            Kind::HugeBody => Fault::HugeBody,
            Kind::OneByteASecond => Fault::OneByteASecond,
        })
    }
}
