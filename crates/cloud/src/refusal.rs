//! Turns an answer that is not a success into the fault it stands for.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;

use crate::fault::{Call, Fault, Said};
use crate::message;
use crate::redact::Redactor;
use crate::transport::Reply;

/// The fault that `reply` to `call` stands for.
pub(crate) fn fault(call: Call, reply: &Reply, redactor: &Redactor<'_>) -> Fault {
    let message = message::read(&reply.body);
    let text = redactor.clean(&message.text);
    let kind = message.kind.map(|kind| message::excerpt(&redactor.clean(&kind)));
    let said = Said(message::excerpt(&text));
    let status = reply.status.as_u16();
    match reply.status {
        StatusCode::UNAUTHORIZED => Fault::Unauthorized { call, said },
        StatusCode::FORBIDDEN => Fault::Forbidden { call, kind, said },
        StatusCode::NOT_FOUND | StatusCode::GONE => Fault::NotFound { call, said },
        StatusCode::PAYLOAD_TOO_LARGE if reply.retry_after.is_none() => Fault::Quota { call, said },
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::TOO_MANY_REQUESTS => {
            Fault::OverLimit { call, retry_after: reply.retry_after, said }
        }
        StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => {
            let being_deleted = text.contains("PENDING_DELETE") || text.to_lowercase().contains("deleted");
            Fault::Immutable { call, status, being_deleted, said }
        }
        code if code.is_server_error() || code == StatusCode::REQUEST_TIMEOUT => {
            Fault::Server { call, status, retry_after: reply.retry_after, said }
        }
        code if code.is_redirection() => {
            let to = reply.redirected_to.clone().unwrap_or_else(|| "nowhere".into());
            Fault::Redirected { call, status, to: redactor.clean(&to) }
        }
        _ => Fault::BadRequest { call, status, said },
    }
}

/// Reads Retry-After, which is a number of seconds or an HTTP date (RFC 9110, section 10.2.3). A
/// date that has passed means now.
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::SecretString;

    fn of(status: u16, retry_after: Option<u64>, body: &str) -> Fault {
        let call = Call { method: "GET", address: "http://lb/x".into() };
        let status = StatusCode::from_u16(status).expect("a status");
        let mut reply = Reply::empty(status);
        reply.retry_after = retry_after.map(Duration::from_secs);
        reply.body = body.into();
        let secret = SecretString::from("s3cr3t-token");
        fault(call, &reply, &Redactor::new([&secret]))
    }

    #[test]
    fn each_status_has_its_fault() {
        assert!(matches!(of(401, None, ""), Fault::Unauthorized { .. }));
        assert!(matches!(of(404, None, ""), Fault::NotFound { .. }));
        assert!(matches!(of(410, None, ""), Fault::NotFound { .. }));
        assert!(matches!(of(413, None, ""), Fault::Quota { .. }));
        assert!(matches!(of(413, Some(2), ""), Fault::OverLimit { retry_after: Some(_), .. }));
        assert!(matches!(of(429, None, ""), Fault::OverLimit { retry_after: None, .. }));
        assert!(matches!(of(400, None, ""), Fault::BadRequest { status: 400, .. }));
        assert!(matches!(of(500, None, ""), Fault::Server { status: 500, .. }));
        assert!(matches!(of(503, Some(300), ""), Fault::Server { retry_after: Some(_), .. }));
    }

    #[test]
    fn a_forbidden_action_keeps_the_services_name_for_it() {
        let body = r#"{"error":{"type":"GroupPausedError","code":403,"message":"m","details":""}}"#;
        assert!(
            matches!(of(403, None, body), Fault::Forbidden { kind: Some(k), .. } if k == "GroupPausedError")
        );
    }

    #[test]
    fn a_balancer_that_changes_is_told_from_one_that_goes() {
        let changing = r#"{"message":"Load Balancer '71' has a status of 'PENDING_UPDATE' and is considered immutable.","code":422}"#;
        assert!(matches!(of(422, None, changing), Fault::Immutable { being_deleted: false, .. }));
        let going = changing.replace("PENDING_UPDATE", "PENDING_DELETE");
        assert!(matches!(of(422, None, &going), Fault::Immutable { being_deleted: true, .. }));
        assert!(matches!(of(409, None, "{}"), Fault::Immutable { status: 409, .. }));
    }

    #[test]
    fn messages_show_the_words_and_no_secret() {
        let fault = of(400, None, r#"{"badRequest":{"message":"bad token s3cr3t-token"}}"#);
        assert_eq!(fault.to_string(), "GET http://lb/x: 400, the request was refused: bad token [redacted]");
    }

    #[test]
    fn retry_after_in_both_forms() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now), Some(Duration::from_secs(10)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("99999999999999999999999", now), Some(Duration::from_secs(u64::MAX)));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("", now), None);
    }
}
