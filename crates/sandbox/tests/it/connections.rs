//! What the balancer really carries.

use sandbox::{BackendPlan, LoadBalancerPlan, NodeStatus, Plan};

use crate::client::Fixture;

async fn fixed(servers: usize, connections: usize) -> Fixture {
    let balancer = LoadBalancerPlan { fixed_servers: servers, ..LoadBalancerPlan::default() };
    Fixture::start(Plan {
        load_balancers: vec![balancer],
        groups: Vec::new(),
        backend: BackendPlan { connections, ..BackendPlan::default() },
        ..Plan::default()
    })
    .await
}

#[tokio::test]
async fn current_connections_are_those_that_are_open() {
    let fixture = fixed(2, 100).await;
    let balancer = fixture.sandbox.load_balancer("load_balancer").unwrap();
    let traffic = fixture.sandbox.traffic("load_balancer").unwrap();
    let stats = format!("{}/loadbalancers/{}/stats", fixture.sandbox.load_balancer_url(), balancer.id());
    for target in [30, 120, 7, 0] {
        let held = traffic.set(target).await;
        assert_eq!((held.open, held.refused, held.lost), (target, 0, 0));
        assert_eq!(fixture.ok(&stats).await["currentConn"], target);
    }
    assert_eq!(fixture.ok(&stats).await["maxConn"], 120);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_fleet_boots_whatever_thread_is_first() {
    let fixture = fixed(40, 10).await;
    let held = fixture.sandbox.traffic("load_balancer").unwrap().set(400).await;
    assert_eq!((held.open, held.refused), (400, 0));
}

#[tokio::test]
async fn connections_are_spread_and_what_no_server_takes_is_refused_and_counted() {
    let fixture = fixed(2, 10).await;
    let balancer = fixture.sandbox.load_balancer("load_balancer").unwrap();
    let traffic = fixture.sandbox.traffic("load_balancer").unwrap();
    let held = traffic.set(20).await;
    assert_eq!(held.open, 20);
    let spread: Vec<u64> = balancer.nodes().iter().map(|node| node.connections()).collect();
    assert_eq!(spread, [10, 10]);
    let held = traffic.set(25).await;
    assert_eq!((held.open, held.refused), (20, 5));
    for node in balancer.nodes() {
        assert!(balancer.set_node_status(node.id, NodeStatus::Offline));
    }
    assert_eq!(traffic.set(21).await.refused, 1);
    assert_eq!(balancer.refused(), 6);
    assert_eq!(balancer.connections(), 20, "what is open stays open");
}

#[tokio::test]
async fn a_killed_server_takes_its_connections_with_it() {
    let fixture = fixed(1, 100).await;
    let balancer = fixture.sandbox.load_balancer("load_balancer").unwrap();
    let traffic = fixture.sandbox.traffic("load_balancer").unwrap();
    assert_eq!(traffic.set(5).await.open, 5);
    let server = fixture.sandbox.compute().servers()[0].id.clone();
    assert!(fixture.sandbox.compute().kill(&server));
    balancer.carries(0).await;
    traffic.set(0).await;
    let held = traffic.set(1).await;
    assert_eq!((held.open, held.refused), (0, 1));
}

#[tokio::test]
async fn http_is_served_through_the_balancer() {
    let fixture = fixed(1, 100).await;
    let address = fixture.sandbox.load_balancer("load_balancer").unwrap().address().unwrap();
    for _ in 0..3 {
        let answer = fixture.http.get(format!("http://{address}/any/path")).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.text().await.unwrap(), "served by the sandbox\n");
    }
}
