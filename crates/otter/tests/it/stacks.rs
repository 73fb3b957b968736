//! Groups whose unit of capacity is a stack.

use std::sync::Arc;
use std::time::Duration;

use otter::launcher::{Failures, Process, ProcessSettings, StackState as S};
use serde_json::{Value, json};

use crate::support::{BOOT, Service, change, new_group, settings};

fn of_stacks(min: u32, max: u32) -> Value {
    let mut body = new_group(min, max);
    body["launchConfiguration"] = json!({"type": "launch_stack", "args": {"stack": {
        "template": {"heat_template_version": "2015-04-30", "resources": {}},
        "parameters": {"flavor": "general1-2"}, "timeout_mins": 30}}});
    body
}

/// The ids of all stacks.
fn ids(service: &Service) -> Vec<String> {
    service.launcher.all_stacks().into_iter().map(|stack| stack.id).collect()
}

/// How they are, in order.
fn states(service: &Service) -> Vec<S> {
    let mut states: Vec<S> = service.launcher.all_stacks().into_iter().map(|stack| stack.state).collect();
    states.sort_by_key(|state| format!("{state:?}"));
    states
}

#[tokio::test]
async fn a_group_of_stacks_is_built_checked_scaled_and_deleted() {
    let service = Service::start().await;
    let mut body = of_stacks(2, 5);
    body["scalingPolicies"] = json!([change(1), change(-1)]);
    let launch = body["launchConfiguration"].clone();
    let (group, policies) = service.created(body).await;
    let shown = service.get(&format!("/groups/{group}/launch")).await;
    assert_eq!(shown["launchConfiguration"], launch);
    service.app.settled().await;
    assert_eq!((states(&service), service.capacities(&group).await), (vec![S::Creating; 2], [0, 2, 2]));

    // Created, checked, and brought to the launch configuration by an update for which nothing waits.
    service.booted().await;
    assert_eq!((states(&service), service.capacities(&group).await), (vec![S::Updating; 2], [2, 0, 2]));
    service.booted().await;
    assert_eq!(states(&service), [S::Complete; 2]);
    let state = service.state(&group).await;
    let first = &service.launcher.all_stacks()[0];
    assert_eq!(first.tags, [format!("autoscale_{group}")]);
    let shown = json!({"id": first.id, "links": [{"href": first.links[0].href, "rel": "self"}]});
    assert!(state["active"].as_array().unwrap().contains(&shown), "{state:#}");
    assert!(service.launcher.all().is_empty(), "no server was made");

    service.execute(&group, &policies[0]).await;
    service.booted().await;
    assert_eq!(service.capacities(&group).await, [3, 0, 3]);
    service.execute(&group, &policies[1]).await;
    service.booted().await;
    assert_eq!((ids(&service).len(), service.capacities(&group).await), (2, [2, 0, 2]));
    assert_eq!(service.ask("DELETE", &format!("/groups/{group}?force=true"), None).await.status, 204);
    service.app.settled().await;
    assert!(ids(&service).is_empty());
    assert_eq!(service.ask("GET", &format!("/groups/{group}"), None).await.status, 404);
}

#[tokio::test]
async fn stacks_that_fail_are_replaced_and_those_found_wanting_are_mended() {
    let service = Service::start().await;
    service.launcher.fail(Failures { broken: 1, ..Failures::default() });
    let (group, _) = service.created(of_stacks(2, 5)).await;
    service.app.settled().await;
    let ordered = ids(&service);
    for _ in 0..3 {
        service.booted().await;
    }
    let built = ids(&service);
    assert_eq!((states(&service), service.capacities(&group).await), (vec![S::Complete; 2], [2, 0, 2]));
    assert_eq!(built.iter().filter(|id| ordered.contains(id)).count(), 1, "one of the first was replaced");

    service.launcher.fail(Failures { ailing: 1, ..Failures::default() });
    service.ask("POST", &format!("/groups/{group}/converge"), None).await;
    service.app.settled().await;
    assert_eq!(states(&service), [S::CheckComplete, S::Updating]);
    for _ in 0..2 {
        service.booted().await;
    }
    assert_eq!((states(&service), ids(&service)), (vec![S::Complete; 2], built), "mended where they stand");
}

#[tokio::test]
async fn a_stack_that_cannot_be_deleted_is_an_error_until_its_group_goes() {
    let service = Service::start().await;
    let mut body = of_stacks(0, 5);
    body["scalingPolicies"] = json!([change(1), change(-1)]);
    let (group, policies) = service.created(body).await;
    service.execute(&group, &policies[0]).await;
    service.pass(BOOT).await;
    service.booted().await;
    let stack = ids(&service)[0].clone();
    service.launcher.fail(Failures { undeletable: 1, ..Failures::default() });
    service.execute(&group, &policies[1]).await;
    service.app.settled().await;
    let state = service.state(&group).await;
    assert_eq!(state["status"], "ERROR");
    assert_eq!(state["errors"], json!([{"message": format!("stack {stack} cannot be deleted")}]));
    service.pass(Duration::from_secs(3600)).await;
    assert_eq!(ids(&service), [stack], "it is for a person to look at");

    service.ask("DELETE", &format!("/groups/{group}"), None).await;
    service.app.settled().await;
    assert!(ids(&service).is_empty(), "a group that goes keeps trying");
}

#[tokio::test]
async fn stacks_that_cannot_be_read_hinder_groups_of_stacks_and_no_others() {
    let service = Service::start().await;
    service.launcher.fail(Failures { unreadable_stacks: 1000, ..Failures::default() });
    let (of_servers, _) = service.created(new_group(1, 5)).await;
    let (group, _) = service.created(of_stacks(1, 5)).await;
    service.booted().await;
    assert_eq!(service.capacities(&of_servers).await, [1, 0, 1]);
    assert!(ids(&service).is_empty(), "what is there is not known");
    let change = service.get(&format!("/groups/{group}/history")).await;
    assert!(change.to_string().contains("does not tell its stacks"), "{change:#}");

    service.launcher.fail(Failures::default());
    for _ in 0..2 {
        service.booted().await;
    }
    assert_eq!(service.capacities(&group).await, [1, 0, 1]);
}

#[tokio::test]
async fn what_a_group_was_made_of_before_goes() {
    let service = Service::start().await;
    let (group, _) = service.created(new_group(1, 5)).await;
    service.booted().await;
    for (body, of_which) in [(of_stacks(1, 5), [0, 1]), (new_group(1, 5), [1, 0])] {
        let launch = body["launchConfiguration"].clone();
        let path = format!("/groups/{group}/launch");
        assert_eq!(service.ask("PUT", &path, Some(launch)).await.status, 204);
        assert_ne!(
            [service.launcher.all().len(), ids(&service).len()],
            of_which,
            "nothing is touched as yet"
        );
        service.ask("POST", &format!("/groups/{group}/converge"), None).await;
        service.booted().await;
        assert_eq!([service.launcher.all().len(), ids(&service).len()], of_which);
        assert_eq!(service.capacities(&group).await, [1, 0, 1]);
    }
}

#[tokio::test]
async fn stacks_are_refused_where_none_are_built() {
    let folder = tempfile::tempdir().unwrap();
    let process = ProcessSettings {
        command: vec!["true".to_owned()],
        folder: folder.path().to_owned(),
        ..ProcessSettings::default()
    };
    let process = Process::start(process).await.unwrap();
    let service = Service::driving(settings(), |_| Arc::new(process)).await;
    let (group, _) = service.created(new_group(0, 5)).await;
    let body = of_stacks(0, 5);
    for (method, path, body) in [
        ("POST", "/groups".to_owned(), body.clone()),
        ("PUT", format!("/groups/{group}/launch"), body["launchConfiguration"].clone()),
    ] {
        let answer = service.ask(method, &path, Some(body)).await;
        assert_eq!(answer.error(), (400, "InvalidLaunchConfiguration"), "{method} {path}");
        assert!(answer.text.contains("launch_stack is not offered"), "{}", answer.text);
    }
}
