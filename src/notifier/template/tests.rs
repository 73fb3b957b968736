//! Templates in, bodies out.

#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::notifier::tests::notice;

#[test]
fn every_field_that_may_be_named_is_in_a_notice() {
    let notice = serde_json::to_value(notice()).unwrap();
    for (name, pointer) in FIELDS {
        let parent = &pointer[..pointer.rfind('/').unwrap()];
        // What a record does not have is null; only a signal may be missing as a whole.
        assert!(
            notice.pointer(pointer).is_some() || notice.pointer(parent).is_some_and(Value::is_null),
            "{name}: there is nothing at {pointer}"
        );
    }
}

#[test]
fn fields_are_filled_in_and_all_else_stays() {
    let text = r#"{
        "text": "{title} ({level}), {{as is}}",
        "from": "{desired_from}", "policy": "{policy}", "error": "{error}: none",
        "list": ["{group}", 1, null, {"deep": "{max}"}], "fixed": "words"
    }"#;
    let filled = Template::parse(text).unwrap().fill(&notice()).unwrap();
    assert_eq!(
        filled,
        json!({
            "text": "web: needs 9 servers, more than its maximum of 5 (warning), {as is}}",
            "from": 3, "policy": null, "error": "-: none",
            "list": ["web", 1, null, {"deep": 5}], "fixed": "words",
        })
    );
}

#[test]
fn what_a_notice_says_cannot_break_the_json() {
    let mut notice = notice();
    notice.title = "a \"quote\", a \\ and a\nline".to_owned();
    let filled = Template::parse(r#"{"text": "so: {title}"}"#).unwrap().fill(&notice).unwrap();
    assert_eq!(filled["text"], format!("so: {}", notice.title));
}

#[test]
fn what_is_no_template_says_why() {
    for (text, expected) in [
        ("{\"text\": ", "is no JSON"),
        (r#"{"text": "{titel}"}"#, "names {titel}, which a notice does not have; it has id, key"),
        (r#"{"text": ["{title"]}"#, "without its }"),
    ] {
        let told = Template::parse(text).unwrap_err();
        assert!(told.contains(expected), "{told}");
    }
}
