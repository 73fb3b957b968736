//! Lists: read to the end by each service's own rule.

use cloud::{Directory, Listed, autoscale, compute, load_balancers, octavia};
use url::Url;

use crate::fake::{Fake, Request, later, ok};

fn query(request: &Request, key: &str) -> Option<String> {
    let url = Url::parse("http://x/").unwrap().join(&request.path).unwrap();
    url.query_pairs().find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
}

fn ids<T: Listed>(list: &[T]) -> Vec<&str> {
    list.iter().map(Listed::id).collect()
}

#[tokio::test]
async fn load_balancers_by_an_inclusive_marker() {
    let fake = Fake::start(|request, _| {
        let marker: u64 = query(request, "marker").map_or(1, |marker| marker.parse().unwrap());
        // Another balancer appeared meanwhile, so that one comes twice.
        let first = if marker > 1 { marker - 1 } else { marker };
        let page = (first..=250).take(100);
        let entries: Vec<_> =
            page.map(|id| format!(r#"{{"id":{id},"name":"lb{id}","status":"ACTIVE"}}"#)).collect();
        ok(format!(r#"{{"loadBalancers":[{}]}}"#, entries.join(",")))
    })
    .await;
    let list = load_balancers::list(&fake.open(), later()).await.unwrap();
    let expected: Vec<_> = (1..=250).map(|id: u64| id.to_string()).collect();
    assert_eq!(ids(&list), expected);
    assert_eq!(fake.seen().len(), 3);
    assert_eq!(query(&fake.seen()[1], "marker").as_deref(), Some("101"));
    assert_eq!(Directory::new(&list).find("lb200").unwrap().id, "200");
}

#[tokio::test]
async fn a_service_that_ignores_the_marker_is_not_asked_for_ever() {
    let fake = Fake::start(|_, _| {
        let entries: Vec<_> = (1..=100).map(|id| format!(r#"{{"id":{id},"name":"n"}}"#)).collect();
        ok(format!(r#"{{"loadBalancers":[{}]}}"#, entries.join(",")))
    })
    .await;
    assert_eq!(load_balancers::list(&fake.open(), later()).await.unwrap().len(), 100);
    assert_eq!(fake.seen().len(), 2);
}

fn group(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","state":{{"name":"n{id}","activeCapacity":1,"desiredCapacity":1,"paused":false}}}}"#
    )
}

#[tokio::test]
async fn groups_by_the_link_to_the_next_page() {
    let fake = Fake::start(|request, _| {
        let (groups, next) = match query(request, "marker").as_deref() {
            None => ([group("a"), group("b")].join(","), Some("b")),
            Some("b") => (group("c"), Some("c")),
            _ => (String::new(), None),
        };
        let link = |marker| {
            format!(r#"{{"rel":"next","href":"https://as/v1.0/1/groups/?limit=2&marker={marker}"}}"#)
        };
        let links = next.map(link).unwrap_or_default();
        ok(format!(r#"{{"groups":[{groups}],"groups_links":[{links}]}}"#))
    })
    .await;
    let list = autoscale::groups(&fake.open(), later()).await.unwrap();
    assert_eq!(ids(&list), ["a", "b", "c"]);
    assert_eq!(fake.seen().len(), 3);
}

#[tokio::test]
async fn octavia_and_compute_by_the_last_id() {
    let fake = Fake::start(|request, _| {
        let last = query(request, "marker").is_some();
        let links = if last { "" } else { r#"{"rel":"next","href":"n"}"# };
        let (list, item) = match request.path.split('?').next().unwrap() {
            "/v2/lbaas/loadbalancers" => ("loadbalancers", r#"{"id":"a/b","name":"x"}"#),
            "/flavors/detail" => ("flavors", r#"{"id":"2","name":"512MB"}"#),
            other => panic!("{other}"),
        };
        let items = if last { "" } else { item };
        ok(format!(r#"{{"{list}":[{items}],"{list}_links":[{links}]}}"#))
    })
    .await;
    let session = fake.open();
    assert_eq!(ids(&octavia::list(&session, later()).await.unwrap()), ["a/b"]);
    assert_eq!(ids(&compute::flavors(&session, later()).await.unwrap()), ["2"]);
    let markers: Vec<_> = fake.seen().iter().filter_map(|request| query(request, "marker")).collect();
    assert_eq!(markers, ["a/b", "2"]);
}
