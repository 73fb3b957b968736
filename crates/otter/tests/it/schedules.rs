//! Policies that the time sets off. The clock begins at 2030-01-01T00:00:00Z.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::Service;

const MINUTE: Duration = Duration::from_secs(60);

fn scheduled(change: i64, args: Value) -> Value {
    json!({"name": "s", "cooldown": 0, "type": "schedule", "change": change, "args": args})
}

#[tokio::test]
async fn an_instant_comes_once_and_a_cron_again_and_again() {
    let service = Service::start().await;
    let policies = json!([
        scheduled(1, json!({"at": "2030-01-01T00:00:30Z"})),
        scheduled(10, json!({"cron": "*/5 * * * *"})),
    ]);
    let (group, _) = service.group(0, 1000, policies).await;
    service.pass(Duration::from_secs(29)).await;
    assert_eq!(service.state(&group).await["desiredCapacity"], 0);
    service.pass(Duration::from_secs(1)).await;
    assert_eq!(service.state(&group).await["desiredCapacity"], 1);
    service.pass(Duration::from_secs(270)).await;
    assert_eq!(service.state(&group).await["desiredCapacity"], 11);
    service.pass(5 * MINUTE).await;
    assert_eq!(service.state(&group).await["desiredCapacity"], 21);
}

#[tokio::test]
async fn missed_times_are_run_once_and_late_and_say_so() {
    let service = Service::start().await;
    let (group, _) = service.group(0, 1000, json!([scheduled(1, json!({"cron": "*/5 * * * *"}))])).await;
    service.pass(60 * MINUTE).await;
    assert_eq!(service.state(&group).await["desiredCapacity"], 1);
    let line = service.get(&format!("/groups/{group}/history")).await["history"][0].clone();
    assert_eq!(line["cause"]["kind"], "schedule");
    assert_eq!(
        (&line["cause"]["due"], &line["at"]),
        (&json!("2030-01-01T00:05:00Z"), &json!("2030-01-01T01:00:00Z"))
    );
}

#[tokio::test]
async fn all_that_is_due_at_one_instant_is_run() {
    let service = Service::start().await;
    let at = json!({"at": "2030-01-01T00:01:00Z"});
    let policies = json!([scheduled(1, at.clone()), scheduled(2, at.clone()), scheduled(3, at)]);
    let (group, _) = service.group(0, 1000, policies).await;
    service.pass(MINUTE).await;
    assert_eq!(service.state(&group).await["desiredCapacity"], 6);
}

#[tokio::test]
async fn a_schedule_obeys_cooldowns_and_pauses_and_goes_on_after_them() {
    let service = Service::start().await;
    let mut slow = scheduled(1, json!({"cron": "* * * * *"}));
    slow["cooldown"] = json!(90);
    let (group, policies) = service.group(0, 1000, json!([slow])).await;
    for desired in [1, 1, 2] {
        service.pass(MINUTE).await;
        assert_eq!(service.state(&group).await["desiredCapacity"], desired);
    }
    service.ask("POST", &format!("/groups/{group}/pause"), None).await;
    service.pass(5 * MINUTE).await;
    assert_eq!(service.state(&group).await["desiredCapacity"], 2);
    service.ask("POST", &format!("/groups/{group}/resume"), None).await;
    service.pass(MINUTE).await;
    assert_eq!(service.state(&group).await["desiredCapacity"], 3);
    // A policy that is changed keeps no time of the old one; one that is removed has none.
    let path = format!("/groups/{group}/policies/{}", policies[0]);
    let changed = scheduled(100, json!({"at": "2030-01-01T06:00:00Z"}));
    assert_eq!(service.ask("PUT", &path, Some(changed)).await.status, 204);
    service.pass(60 * MINUTE).await;
    assert_eq!(service.state(&group).await["desiredCapacity"], 3);
    service.ask("DELETE", &path, None).await;
    service.pass(600 * MINUTE).await;
    assert_eq!(service.state(&group).await["desiredCapacity"], 3);
}
