//! Policies: create, change, execute, cool down.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Service, change};

#[tokio::test]
async fn an_execution_answers_with_an_empty_object_and_moves_desired_capacity() {
    let service = Service::start().await;
    let (group, policies) = service.group(1, 3, json!([change(1), change(-5), change(9)])).await;
    let answer = service.execute(&group, &policies[0]).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (202, "{}"));
    assert_eq!(service.state(&group).await["desiredCapacity"], 2);
    // What goes over a limit is cut to it; what changes nothing is refused.
    assert_eq!(service.execute(&group, &policies[2]).await.status, 202);
    assert_eq!(service.state(&group).await["desiredCapacity"], 3);
    assert_eq!(service.execute(&group, &policies[2]).await.error(), (403, "CannotExecutePolicyError"));
    assert_eq!(service.execute(&group, &policies[1]).await.status, 202);
    assert_eq!(service.state(&group).await["desiredCapacity"], 1);
    assert_eq!(service.execute(&group, "nothing").await.error(), (404, "NoSuchPolicyError"));
    assert_eq!(service.execute("nowhere", &policies[0]).await.error(), (404, "NoSuchScalingGroupError"));
}

#[tokio::test]
async fn shares_and_exact_numbers_are_reckoned_as_the_original_did() {
    let service = Service::start().await;
    let percent = |n: f64| json!({"name": "p", "cooldown": 0, "type": "webhook", "changePercent": n});
    let exactly = |n: u32| json!({"name": "p", "cooldown": 0, "type": "webhook", "desiredCapacity": n});
    let (group, policies) = service
        .group(0, 1000, json!([exactly(3), percent(50.0), percent(-60.0), exactly(1000), percent(-0.1)]))
        .await;
    for (policy, desired) in [(0, 3), (1, 5), (2, 2), (3, 1000), (4, 998)] {
        assert_eq!(service.execute(&group, &policies[policy]).await.status, 202);
        assert_eq!(service.state(&group).await["desiredCapacity"], desired);
    }
}

#[tokio::test]
async fn cooldowns_hold_to_the_second_and_only_after_a_success() {
    let service = Service::start().await;
    let mut slow = change(1);
    slow["cooldown"] = json!(60.5);
    let (group, policies) = service.group(0, 10, json!([slow, change(1), change(-99)])).await;
    let config = |cooldown: u32| json!({"name": "w", "cooldown": cooldown, "minEntities": 0, "maxEntities": 10, "metadata": {}});
    let path = format!("/groups/{group}/config");
    service.ask("PUT", &path, Some(config(10))).await;
    // A refusal touches nothing.
    assert_eq!(service.execute(&group, &policies[2]).await.error(), (403, "CannotExecutePolicyError"));
    assert_eq!(service.execute(&group, &policies[0]).await.status, 202);
    assert_eq!(service.execute(&group, &policies[1]).await.error(), (403, "CannotExecutePolicyError"));
    service.pass(Duration::from_millis(9_999)).await;
    assert_eq!(service.execute(&group, &policies[1]).await.error(), (403, "CannotExecutePolicyError"));
    service.pass(Duration::from_millis(1)).await;
    assert_eq!(service.execute(&group, &policies[1]).await.status, 202);
    // The limits in force are the present ones.
    assert_eq!(service.execute(&group, &policies[1]).await.error(), (403, "CannotExecutePolicyError"));
    service.ask("PUT", &path, Some(config(0))).await;
    assert_eq!(service.execute(&group, &policies[1]).await.status, 202);
    assert_eq!(service.execute(&group, &policies[0]).await.error(), (403, "CannotExecutePolicyError"));
    service.pass(Duration::from_millis(50_500)).await;
    assert_eq!(service.execute(&group, &policies[0]).await.status, 202);
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_hold_executions_up() {
    let service = Service::start().await;
    let mut slow = change(1);
    slow["cooldown"] = json!(60);
    let (group, policies) = service.group(0, 10, json!([change(1), slow])).await;
    for policy in &policies {
        assert_eq!(service.execute(&group, policy).await.status, 202);
    }
    service.clock.set_back(Duration::from_millis(5));
    assert_eq!(service.execute(&group, &policies[0]).await.status, 202, "it has no cooldown");
    assert_eq!(service.execute(&group, &policies[1]).await.error(), (403, "CannotExecutePolicyError"));
    service.clock.set_back(Duration::from_secs(3600));
    for policy in &policies {
        assert_eq!(service.execute(&group, policy).await.status, 202);
    }
}

#[tokio::test]
async fn policies_are_added_listed_changed_and_removed() {
    let service = Service::start().await;
    let (group, _) = service.group(0, 5, json!([])).await;
    let home = format!("/groups/{group}/policies");
    let answer = service.ask("POST", &home, Some(json!([change(1), change(2)]))).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.body.as_object().unwrap().len(), 1, "no links of a list");
    assert_eq!(answer.headers["location"], format!("http://otter.test/v1.0/123456{home}/").as_str());
    let id = answer.body["policies"][0]["id"].as_str().unwrap();
    let path = format!("{home}/{id}");
    let shown = service.get(&path).await["policy"].clone();
    assert_eq!(shown["change"], 1);
    assert_eq!(
        service.ask("PUT", &path, Some(shown)).await.error(),
        (400, "ValidationError"),
        "id and links"
    );
    assert_eq!(service.ask("PUT", &path, Some(change(7))).await.status, 204);
    assert_eq!(service.get(&path).await["policy"]["change"], 7);
    let scheduled =
        json!({"name": "s", "cooldown": 0, "type": "schedule", "change": 1, "args": {"cron": "* * * * *"}});
    assert_eq!(service.ask("PUT", &path, Some(scheduled)).await.error(), (400, "ValidationError"));
    assert_eq!(service.get(&home).await["policies"].as_array().unwrap().len(), 2);
    assert_eq!(service.ask("DELETE", &path, None).await.status, 204);
    assert_eq!(service.ask("DELETE", &path, None).await.error(), (404, "NoSuchPolicyError"));
    assert_eq!(service.ask("GET", &path, None).await.error(), (404, "NoSuchPolicyError"));
}

#[tokio::test]
async fn a_policy_that_cannot_be_meant_is_refused() {
    let service = Service::start().await;
    let (group, _) = service.group(0, 5, json!([])).await;
    let home = format!("/groups/{group}/policies");
    let base = |extra: Value| {
        let mut policy = json!({"name": "x", "cooldown": 0, "type": "webhook"});
        policy.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        policy
    };
    for extra in [
        json!({}),
        json!({"change": 0}),
        json!({"change": 1.0}),
        json!({"change": "1"}),
        json!({"change": 1, "changePercent": 1}),
        json!({"changePercent": 0.0}),
        json!({"desiredCapacity": -1}),
        json!({"change": 1, "args": {"cron": "* * * * *"}}),
        json!({"change": 1, "type": "schedule"}),
        json!({"change": 1, "type": "schedule", "args": {"cron": "* * * * * *"}}),
        json!({"change": 1, "type": "schedule", "args": {"cron": "0 0 31 2 *"}}),
        json!({"change": 1, "type": "schedule", "args": {"at": "2029-12-31T23:59:59Z"}}),
        json!({"change": 1, "type": "schedule", "args": {"at": "2031-01-01T00:00:00Z", "cron": "* * * * *"}}),
        json!({"change": 1, "type": "cloud_monitoring", "args": {"check": {}, "alarm_criteria": {}}}),
        json!({"change": 1, "cooldown": 86_401}),
        json!({"change": 1, "cooldown": -0.5}),
        json!({"change": 1, "name": ""}),
        json!({"change": 1, "id": "x"}),
    ] {
        let answer = service.ask("POST", &home, Some(json!([base(extra.clone())]))).await;
        assert_eq!(answer.error(), (400, "ValidationError"), "{extra}");
    }
    for body in [json!([]), json!({}), json!(vec![change(1); 101])] {
        assert_eq!(service.ask("POST", &home, Some(body)).await.error(), (400, "ValidationError"));
    }
    assert_eq!(service.get(&home).await["policies"], json!([]));
    let largest = json!([change(i64::MAX)]);
    assert_eq!(service.ask("POST", &home, Some(largest)).await.status, 201);
    let ninety_nine = json!(vec![change(1); 100]);
    assert_eq!(service.ask("POST", &home, Some(ninety_nine)).await.error(), (422, "PoliciesOverLimitError"));
}
