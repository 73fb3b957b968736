//! A real HAProxy before the servers, that is restarted, shared and at times not there; and one that answers what
//! a test has it answer.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use otter::balancer::{Balancer, Condition, Fault, Haproxy as Balanced, HaproxySettings, NewNode, Node};
use serde_json::json;

use crate::machine::{Haproxy, Held, Owned, Program, backend, eventually, free_port};
use crate::support::{change, new_group};

fn balanced(socket: &Path) -> Balanced {
    Balanced::new(HaproxySettings { socket: socket.to_owned() })
}

/// The program with this HAProxy before its servers.
fn program(haproxy: &Haproxy) -> Program {
    Program::start(&format!(
        "balancer = {{ kind = \"haproxy\", socket = {:?} }}",
        haproxy.socket.display().to_string()
    ))
}

/// A group of so many servers behind backend `app`; returns its policy for one less, too.
fn group(program: &Program, servers: i64) -> (String, String) {
    let mut body = new_group(0, 9);
    body["scalingPolicies"] = json!([change(servers), change(-1)]);
    body["launchConfiguration"]["args"]["loadBalancers"] = json!([{"loadBalancerId": "app", "port": 80}]);
    let (status, answer) = program.ask("POST", "t/groups", &body.to_string());
    assert_eq!(status, 201, "{answer}");
    let group = answer["group"]["id"].as_str().unwrap().to_owned();
    let policy = |at: usize| answer["group"]["scalingPolicies"][at]["id"].as_str().unwrap().to_owned();
    execute(program, &group, &policy(0));
    eventually("the servers are in service", || program.capacities(&group) == [servers, servers]);
    (group, policy(1))
}

fn execute(program: &Program, group: &str, policy: &str) {
    let path = format!("t/groups/{group}/policies/{policy}/execute");
    assert_eq!(program.ask("POST", &path, "").0, 202);
}

/// The server that a new connection comes to.
fn served_by(haproxy: &Haproxy) -> Option<String> {
    Held::open(haproxy.port).and_then(|mut new| new.ask()).ok()
}

#[test]
fn a_restarted_haproxy_has_its_nodes_back_and_no_server_goes_before_its_node() {
    let folder = tempfile::tempdir().unwrap();
    let mut haproxy = Haproxy::start(folder.path());
    let program = program(&haproxy);
    let (group, one_less) = group(&program, 2);
    // A server is not taken away before its node is.
    haproxy.stop();
    execute(&program, &group, &one_less);
    eventually("the wish for one less is looked at", || program.log().contains("cannot be asked"));
    assert_eq!((program.processes().len(), program.capacities(&group)[1]), (2, 1));
    // It has forgotten its nodes, until a round or this gives them back.
    haproxy.run();
    assert_eq!(program.ask("POST", &format!("t/groups/{group}/converge"), "").0, 204);
    eventually("one server is left, and served", || {
        let there = program.processes();
        there.len() == 1 && served_by(&haproxy).as_ref() == there.first()
    });
}

#[test]
fn two_groups_share_a_backend_and_one_goes() {
    let folder = tempfile::tempdir().unwrap();
    let haproxy = Haproxy::start(folder.path());
    let program = program(&haproxy);
    let (going, _) = group(&program, 2);
    let before = program.processes();
    let (_staying, _) = group(&program, 1);
    let staying = program.processes().into_iter().find(|server| !before.contains(server)).unwrap();
    assert_eq!(program.ask("DELETE", &format!("t/groups/{going}?force=true"), "").0, 204);
    eventually("one group is gone", || program.processes() == [staying.clone()]);
    for _ in 0..4 {
        assert_eq!(served_by(&haproxy).as_ref(), Some(&staying));
    }
}

#[tokio::test]
async fn a_node_that_weighs_something_else_is_seen_and_mended() {
    let folder = tempfile::tempdir().unwrap();
    let haproxy = Haproxy::start(folder.path());
    let balancer = balanced(&haproxy.socket);
    let new = NewNode { address: "127.0.0.1".to_owned(), port: 9, condition: Condition::Enabled };
    balancer.add("t", "app", std::slice::from_ref(&new)).await.unwrap();
    let id = balancer.pool("t", "app").await.unwrap().nodes.remove(0).id;
    let node = || async { balancer.pool("t", "app").await.unwrap().nodes.remove(0) };
    let usual = Node {
        id: id.clone(),
        address: new.address,
        port: 9,
        condition: new.condition,
        online: true,
        ordinary: true,
        connections: Some(0),
    };
    assert_eq!(node().await, usual);
    haproxy.ask(&format!("set server app/{id} weight 0"));
    assert_eq!(node().await, Node { ordinary: false, ..usual.clone() });
    balancer.change("t", "app", &id, Condition::Enabled).await.unwrap();
    assert_eq!(node().await, usual);
    assert!(matches!(balancer.pool("t", "nothing").await, Err(Fault::Gone(_))));
    balancer.remove("t", "app", &[id.clone(), id]).await.unwrap();
    assert_eq!(balancer.pool("t", "app").await.unwrap().nodes, []);
}

#[tokio::test]
async fn a_drain_leaves_what_is_held_and_a_removal_cuts_it() {
    let folder = tempfile::tempdir().unwrap();
    let haproxy = Haproxy::start(folder.path());
    let port = free_port();
    let mut server = Command::new(backend()).env("PORT", port.to_string()).spawn().map(Owned).unwrap();
    eventually("the server listens", || server.lives() && TcpStream::connect(("127.0.0.1", port)).is_ok());
    let balancer = balanced(&haproxy.socket);
    let new = NewNode { address: "127.0.0.1".to_owned(), port, condition: Condition::Enabled };
    balancer.add("t", "app", &[new]).await.unwrap();
    let id = balancer.pool("t", "app").await.unwrap().nodes.remove(0).id;
    let mut held = Held::open(haproxy.port).unwrap();
    held.ask().unwrap();
    balancer.change("t", "app", &id, Condition::Draining).await.unwrap();
    held.ask().expect("what is held goes on");
    assert_eq!(served_by(&haproxy), None, "nothing new comes to it");
    let node = balancer.pool("t", "app").await.unwrap().nodes.remove(0);
    assert_eq!((node.condition, node.connections), (Condition::Draining, Some(1)));
    balancer.remove("t", "app", &[id]).await.unwrap();
    assert!(held.ask().is_err(), "the time is over");
    assert_eq!(balancer.pool("t", "app").await.unwrap().nodes, []);
}

/// A socket at which every command is answered by `answer`.
fn answering(folder: &Path, answer: fn(&str) -> &'static str) -> Balanced {
    let socket = folder.join("haproxy.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut command = String::new();
            BufReader::new(&stream).read_line(&mut command).unwrap();
            stream.write_all(answer(&command).as_bytes()).unwrap();
        }
    });
    balanced(&socket)
}

#[tokio::test]
async fn an_answer_that_breaks_off_tells_nothing() {
    for answer in [
        |_: &str| "",
        |_: &str| "# pxname,svname,scur,status,addr,uweight,\nweb,BACK",
        |_: &str| "# pxname,svname,scur,status,addr,uweight,\n",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let balancer = answering(folder.path(), answer);
        let pool = balancer.pool("t", "app").await;
        assert!(matches!(&pool, Err(Fault::Retryable(told)) if told.contains("breaks off")), "{pool:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let balancer = answering(folder.path(), |_| "");
    let new = NewNode { address: "127.0.0.1".to_owned(), port: 9, condition: Condition::Enabled };
    assert!(matches!(balancer.add("t", "app", &[new]).await, Err(Fault::Retryable(_))));
    assert!(matches!(balancer.change("t", "app", "a", Condition::Draining).await, Err(Fault::Retryable(_))));
    assert!(matches!(balancer.remove("t", "app", &["a".to_owned()]).await, Err(Fault::Retryable(_))));
}

#[tokio::test]
async fn a_node_that_haproxy_does_not_let_go_is_asked_for_again_later() {
    let folder = tempfile::tempdir().unwrap();
    let busy = |command: &str| match command.starts_with("del server") {
        true => "Server still has connections attached to it, cannot remove it.\n",
        false => "\n",
    };
    let removed = answering(folder.path(), busy).remove("t", "app", &["a".to_owned()]).await;
    assert!(matches!(&removed, Err(Fault::Retryable(told)) if told.contains("still has")), "{removed:?}");
    let folder = tempfile::tempdir().unwrap();
    let tied = |command: &str| match command.starts_with("del server") {
        true => {
            "This server cannot be removed at runtime due to other configuration elements pointing to it.\n"
        }
        false => "\n",
    };
    let removed = answering(folder.path(), tied).remove("t", "app", &["a".to_owned()]).await;
    assert!(matches!(&removed, Err(Fault::Terminal(told)) if told.contains("refuses to del")), "{removed:?}");
}

#[tokio::test]
async fn a_haproxy_that_is_not_there_tells_where_it_was_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("nothing.sock");
    let pool = balanced(&socket).pool("t", "app").await;
    let named = |told: &String| told.contains(&socket.display().to_string());
    assert!(matches!(&pool, Err(Fault::Retryable(told)) if named(told)), "{pool:?}");
}
