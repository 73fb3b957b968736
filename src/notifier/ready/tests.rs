//! Bodies against what each service's documentation asks for.

use super::*;
use crate::model::Condition;
use crate::notifier::tests::notice;

fn long() -> Notice {
    Notice { title: "t".repeat(5000), text: "x".repeat(5000), ..notice() }
}

fn length(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.chars().count())
}

#[test]
fn slack_is_sent_plain_texts_within_its_limits() {
    let body = slack(&Notice { title: "<!channel> & more".to_owned(), ..notice() });
    assert_eq!(body["text"], "[warning] &lt;!channel&gt; &amp; more");
    assert_eq!(body["blocks"][0]["type"], "header");
    assert_eq!(body["blocks"][0]["text"]["text"], "[warning] <!channel> & more");
    for block in body["blocks"].as_array().into_iter().flatten() {
        assert_eq!(block["text"]["type"], "plain_text");
    }
    let body = slack(&long());
    assert_eq!(length(&body["blocks"][0]["text"]["text"]), 150);
    assert_eq!(length(&body["blocks"][1]["text"]["text"]), 3000);
}

#[test]
fn teams_is_sent_one_adaptive_card() {
    let body = teams(&notice());
    assert_eq!(body["type"], "message");
    let attachment = &body["attachments"][0];
    assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
    let card = &attachment["content"];
    assert_eq!((&card["type"], &card["version"]), (&json!("AdaptiveCard"), &json!("1.4")));
    assert_eq!(card["body"][0]["text"], notice().title);
    assert_eq!(card["body"][0]["color"], "Warning");
    let lines = card["body"].as_array().map_or(0, Vec::len);
    assert_eq!(lines, 1 + notice().body().lines().count());
}

#[test]
fn discord_mentions_nobody_and_stays_within_its_limits() {
    let body = discord(&long());
    assert_eq!(body["allowed_mentions"], json!({ "parse": [] }));
    assert_eq!(length(&body["embeds"][0]["title"]), 256);
    assert_eq!(length(&body["embeds"][0]["description"]), 4096);
}

#[test]
fn pagerduty_resolves_what_it_triggered() {
    let begun = pagerduty(&notice(), "key");
    assert_eq!((&begun["routing_key"], &begun["event_action"]), (&json!("key"), &json!("trigger")));
    assert_eq!(begun["payload"]["severity"], "warning");
    assert_eq!(begun["payload"]["source"], "web");
    let ended = pagerduty(&Notice { id: "other".to_owned(), phase: Phase::Ended, ..notice() }, "key");
    assert_eq!(ended["event_action"], "resolve");
    assert_eq!(ended["dedup_key"], begun["dedup_key"]);
    assert_eq!(ended.get("payload"), None);
    assert_eq!(length(&pagerduty(&long(), "key")["payload"]["summary"]), 1024);
}

#[test]
fn pagerduty_keeps_what_merely_happened_apart() {
    let happened = |id: &str| Notice {
        id: id.to_owned(),
        phase: Phase::Happened,
        condition: Condition::EveryScale,
        ..notice()
    };
    let key = |id| pagerduty(&happened(id), "key")["dedup_key"].clone();
    assert_ne!(key("one"), key("two"));
}
