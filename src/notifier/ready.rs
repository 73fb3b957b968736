//! Bodies for services that people use: Slack, Teams, Discord and PagerDuty, each as its documentation asks for.

use serde_json::{Value, json};

use super::{Notice, Phase};
use crate::model::{Outcome, Severity};

/// A message for a Slack incoming webhook: Block Kit with plain texts, whose limits are 150 and 3000 characters.
/// `text` is what notifications show, and the only part in which `&`, `<` and `>` mean something.
pub(super) fn slack(notice: &Notice) -> Value {
    let title = format!("{} {}", mark(notice), notice.title);
    let plain = |text: &str, most| json!({ "type": "plain_text", "text": cut(text, most) });
    json!({
        "text": title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
        "blocks": [
            { "type": "header", "text": plain(&title, 150) },
            { "type": "section", "text": plain(&notice.body(), 3000) },
        ],
    })
}

/// A message for a Teams workflow "When a Teams webhook request is received": one Adaptive Card, version 1.4.
pub(super) fn teams(notice: &Notice) -> Value {
    let colour = match (notice.phase, notice.level) {
        (Phase::Ended, _) => "Good",
        (_, Severity::Error) => "Attention",
        (_, Severity::Warning) => "Warning",
        (_, Severity::Info) => "Default",
    };
    let line = |text: &str| json!({ "type": "TextBlock", "text": text, "wrap": true, "spacing": "Small" });
    let title = json!({
        "type": "TextBlock", "text": notice.title, "wrap": true, "weight": "Bolder", "size": "Medium", "color": colour,
    });
    let body = notice.body();
    let lines: Vec<Value> = std::iter::once(title).chain(body.lines().map(line)).collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": { "width": "Full" },
                "body": lines,
            },
        }],
    })
}

/// A message for a Discord webhook: one embed, whose limits are 256 and 4096 characters; nobody is mentioned by
/// what happens to stand in it.
pub(super) fn discord(notice: &Notice) -> Value {
    let colour = match (notice.phase, notice.level) {
        (Phase::Ended, _) => 0x2e_a0_43,
        (_, Severity::Error) => 0xd1_24_2f,
        (_, Severity::Warning) => 0xd2_99_22,
        (_, Severity::Info) => 0x57_60_6a,
    };
    json!({
        "username": "loadscale",
        "allowed_mentions": { "parse": [] },
        "embeds": [{
            "title": cut(&notice.title, 256),
            "description": cut(&notice.body(), 4096),
            "color": colour,
            "timestamp": notice.time.to_string(),
        }],
    })
}

/// An event for PagerDuty's Events API v2: a condition's end resolves what its beginning triggered. What merely
/// happened is an incident of its own.
pub(super) fn pagerduty(notice: &Notice, routing_key: &str) -> Value {
    let dedup_key = match notice.phase {
        Phase::Happened => &notice.id,
        _ => &notice.key,
    };
    let mut event = json!({
        "routing_key": routing_key,
        "event_action": if notice.phase == Phase::Ended { "resolve" } else { "trigger" },
        "dedup_key": cut(dedup_key, 255),
    });
    if notice.phase != Phase::Ended {
        event["client"] = "loadscale".into();
        event["payload"] = json!({
            "summary": cut(&notice.title, 1024),
            "source": notice.group,
            "severity": severity(notice),
            "timestamp": notice.time.to_string(),
            "group": notice.group,
            "class": notice.condition,
            "custom_details": { "text": notice.body(), "record": notice.record },
        });
    }
    event
}

/// PagerDuty knows one more than we do: a move that may or may not have been made is not the worst.
fn severity(notice: &Notice) -> &'static str {
    match notice.level {
        Severity::Error if notice.record.outcome == Some(Outcome::Unknown) => "warning",
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

fn mark(notice: &Notice) -> &'static str {
    match (notice.phase, notice.level) {
        (Phase::Ended, _) => "[ok]",
        (_, Severity::Error) => "[error]",
        (_, Severity::Warning) => "[warning]",
        (_, Severity::Info) => "[info]",
    }
}

/// At most so many characters, the last one telling that there was more.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests;
