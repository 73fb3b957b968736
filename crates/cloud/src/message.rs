//! Finds a service's own words in the body of a refusal, whatever envelope it puts them in.

use serde_json::Value;

/// How much of a message a person is shown, in characters.
const SHOWN: usize = 300;

/// What a refusal's body says.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Message {
    /// The service's name for the fault, where it gives one: `GroupPausedError`, `overLimit`.
    pub(crate) kind: Option<String>,
    /// Its words, as they came.
    pub(crate) text: String,
}

/// Reads the envelopes in use:
/// `{"message": ..}` (load balancers; the message may be a list), `{"faultstring": ..}` (Octavia),
/// `{"error": {..}}` (Keystone, Autoscale), `{"overLimit": {..}}` (identity v2.0, compute and the
/// proxy before them); else plain text.
pub(crate) fn read(body: &[u8]) -> Message {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.starts_with('<') {
        return Message { kind: None, text: "an HTML page".into() };
    }
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(fields)) => envelope(&fields).unwrap_or_else(|| plain(text)),
        _ => plain(text),
    }
}

fn plain(text: &str) -> Message {
    Message { kind: None, text: text.into() }
}

fn envelope(fields: &serde_json::Map<String, Value>) -> Option<Message> {
    if let Some(text) = fields.get("message").or(fields.get("faultstring")).and_then(words) {
        let kind = ["type", "title"].iter().find_map(|key| fields.get(*key)?.as_str());
        return Some(Message { kind: kind.map(str::to_owned), text });
    }
    let (name, inner) = fields.iter().find(|(_, value)| value.is_object())?;
    let mut message = envelope(inner.as_object()?)?;
    if name != "error" {
        message.kind.get_or_insert_with(|| name.clone());
    }
    Some(message)
}

fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => Some(parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; ")),
        _ => None,
    }
}

/// `text` on one line, without control characters, cut to what a person reads.
pub(crate) fn excerpt(text: &str) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    let mut line = String::new();
    for word in printable.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if let Some((end, _)) = line.char_indices().nth(SHOWN) {
            line.truncate(end);
            line.push('…');
            break;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn says(body: &str, kind: Option<&str>, text: &str) {
        let expected = Message { kind: kind.map(str::to_owned), text: text.to_owned() };
        assert_eq!(read(body.as_bytes()), expected);
    }

    #[test]
    fn flat() {
        says(r#"{"message":"Load balancer not found","code":404}"#, None, "Load balancer not found");
    }

    #[test]
    fn a_list_of_messages() {
        says(r#"{"message":["no port","no name"]}"#, None, "no port; no name");
    }

    #[test]
    fn wrapped_by_the_faults_name() {
        says(
            r#"{"overLimit":{"code":413,"message":"OverLimit Retry...","retryAfter":"x"}}"#,
            Some("overLimit"),
            "OverLimit Retry...",
        );
    }

    #[test]
    fn error_envelopes() {
        says(
            r#"{"error":{"type":"GroupPausedError","code":403,"message":"paused","details":""}}"#,
            Some("GroupPausedError"),
            "paused",
        );
        says(r#"{"error":{"code":401,"title":"Unauthorized","message":"no"}}"#, Some("Unauthorized"), "no");
    }

    #[test]
    fn octavia() {
        says(r#"{"faultcode":"Client","faultstring":"immutable","debuginfo":null}"#, None, "immutable");
    }

    #[test]
    fn what_is_no_json() {
        says("<html><body>Bad gateway", None, "an HTML page");
        says("upstream gone\n", None, "upstream gone");
        says("", None, "");
    }

    #[test]
    fn an_excerpt_is_one_short_line() {
        assert_eq!(excerpt("a\n\n b\u{1b}[31m\tc"), "a b [31m c");
        assert_eq!(excerpt(&"x".repeat(1000)).chars().count(), SHOWN + 1);
    }
}
