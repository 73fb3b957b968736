//! The program against a real balancer: that of the sandbox.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on is to fail")]

use std::path::Path;
use std::process::Output;

use sandbox::{BackendPlan, LoadBalancerPlan, Plan, Sandbox};
use serde_json::Value;
use tokio::process::Command;

async fn cloud(connections: usize) -> (Sandbox, String) {
    let sandbox = Sandbox::start(Plan {
        load_balancers: vec![LoadBalancerPlan { fixed_servers: 2, ..LoadBalancerPlan::default() }],
        groups: Vec::new(),
        backend: BackendPlan { connections, ..BackendPlan::default() },
        ..Plan::default()
    })
    .await
    .unwrap();
    let address = sandbox.load_balancer("load_balancer").unwrap().address().unwrap();
    (sandbox, format!("http://{address}"))
}

async fn loadtest(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_loadtest")).args(arguments).current_dir(folder).output().await.unwrap()
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn users_hold_a_connection_each_and_their_requests_are_served() {
    let (sandbox, host) = cloud(1000).await;
    let folder = tempfile::tempdir().unwrap();
    let file =
        format!("host = \"{host}\"\nusers = 12\nramp = \"1s\"\nrun_time = \"2s\"\nthink_time = \"50ms\"\n");
    std::fs::write(folder.path().join("load.toml"), file).unwrap();
    let arguments = ["--file", "load.toml", "--path", "/a", "--path", "/b", "--report-file", "report.json"];
    let output = loadtest(folder.path(), &arguments).await;
    assert!(output.status.success(), "{}", told(&output));

    let report: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("report.json")).unwrap()).unwrap();
    let requests = report["raw_metrics"]["requests"].as_object().unwrap();
    let served: Vec<(u64, u64)> = requests
        .values()
        .map(|it| (it["success_count"].as_u64().unwrap(), it["fail_count"].as_u64().unwrap()))
        .collect();
    assert_eq!(served.len(), 2, "{requests:?}");
    assert!(served.iter().all(|(success, fail)| *success > 12 && *fail == 0), "{served:?}");
    let stats = sandbox.load_balancer("load_balancer").unwrap().stats();
    assert_eq!(stats.max_conn, 12, "one connection for each user");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_fails_says_so_by_its_exit_status() {
    let (sandbox, host) = cloud(0).await;
    let folder = tempfile::tempdir().unwrap();
    let shape = ["--users", "2", "--increase-rate", "10", "--run-time", "2", "--think-time", "50ms"];
    let output = loadtest(folder.path(), &[&["--host", host.as_str()][..], &shape].concat()).await;
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(sandbox.load_balancer("load_balancer").unwrap().refused() > 0);
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&[&str], &str); 3] = [
        (&["--host", "http://127.0.0.1:1", "--path", "about"], "path \"about\" does not start with /"),
        (&["--host", "http://127.0.0.1:1", "--think-time", "soon"], "\"soon\" is no time"),
        (&["--file", "none.toml"], "none.toml"),
    ];
    for (arguments, why) in cases {
        let output = loadtest(folder.path(), arguments).await;
        assert_eq!(output.status.code(), Some(2), "{}", told(&output));
        assert!(told(&output).contains(why), "{}", told(&output));
    }
}
