//! The program with real processes as servers and a real HAProxy before them.

use std::collections::BTreeSet;

use serde_json::json;
use sqlx::{Connection, SqliteConnection};

use crate::machine::{Haproxy, Held, Program, eventually};
use crate::support::{change, new_group};

/// A group behind backend `app` with policies +1 and -1.
fn group(program: &Program, min: u32, extra: serde_json::Value) -> (String, Vec<String>) {
    let mut body = new_group(min, 20);
    body["scalingPolicies"] = json!([change(1), change(-1)]);
    let args = body["launchConfiguration"]["args"].as_object_mut().unwrap();
    args.extend(extra.as_object().unwrap().clone());
    let (status, answer) = program.ask("POST", "t/groups", &body.to_string());
    assert_eq!(status, 201, "{answer}");
    let policies = answer["group"]["scalingPolicies"].as_array().unwrap();
    let policies = policies.iter().map(|policy| policy["id"].as_str().unwrap().to_owned()).collect();
    (answer["group"]["id"].as_str().unwrap().to_owned(), policies)
}

fn execute(program: &Program, group: &str, policy: &str) -> u16 {
    program.ask("POST", &format!("t/groups/{group}/policies/{policy}/execute"), "").0
}

#[test]
fn connections_through_haproxy_survive_a_scale_down_and_servers_that_die_are_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let haproxy = Haproxy::start(folder.path());
    let settings =
        format!("balancer = {{ kind = \"haproxy\", socket = {:?} }}", haproxy.socket.display().to_string());
    let program = Program::start(&settings);
    let balanced = json!({"loadBalancers": [{"loadBalancerId": "app", "port": 80}], "draining_timeout": 600});
    let mut pool = new_group(0, 1);
    pool["launchConfiguration"]["args"]["loadBalancers"] =
        json!([{"loadBalancerId": "x", "type": "RackConnectV3"}]);
    let (status, refused) = program.ask("POST", "t/groups", &pool.to_string());
    assert_eq!((status, &refused["error"]["type"]), (400, &json!("InvalidLaunchConfiguration")));
    assert!(refused["error"]["message"].as_str().unwrap().contains("RackConnectV3"), "{refused}");
    let (group, policies) = group(&program, 1, balanced);
    assert_eq!(execute(&program, &group, &policies[0]), 202);
    eventually("two servers are in service", || program.capacities(&group) == [2, 2]);

    // Two connections are held, one on each server; then one server has to go.
    let mut held: Vec<Held> = (0..2).map(|_| Held::open(haproxy.port).unwrap()).collect();
    let before: BTreeSet<String> = held.iter_mut().map(|held| held.ask().unwrap()).collect();
    assert_eq!(before.len(), 2, "the connections are spread");
    assert_eq!(execute(&program, &group, &policies[1]), 202);
    let goes_to = || Held::open(haproxy.port).and_then(|mut new| new.ask());
    let mut staying = String::new();
    eventually("new connections go to one server only", || {
        staying = goes_to().expect("a new connection is always served");
        (0..4).all(|_| goes_to().is_ok_and(|id| id == staying))
    });
    for held in &mut held {
        assert!(before.contains(&held.ask().expect("a held connection is not cut")));
    }
    // The last connection of the drained server ends, and with it the server.
    drop(held);
    eventually("the drained server is gone", || program.processes() == [staying.clone()]);

    // A server that dies is noticed and replaced.
    let process = rustix::process::Pid::from_raw(process_of(&program, &staying)).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
    eventually("another server has taken its place", || {
        let there = program.processes();
        there.len() == 1
            && there[0] != staying
            && program.capacities(&group) == [1, 1]
            && goes_to().is_ok_and(|id| id == there[0])
    });
    let (_, history) = program.ask("GET", &format!("t/groups/{group}/history"), "");
    assert_eq!(history["history"][0]["to"], 1);

    // The group goes, and everything with it.
    assert_eq!(program.ask("DELETE", &format!("t/groups/{group}?force=true"), "").0, 204);
    eventually("nothing is left", || program.processes().is_empty());
    eventually("no record is left", || std::fs::read_dir(program.servers()).unwrap().count() == 0);
}

fn process_of(program: &Program, server: &str) -> i32 {
    let marks =
        [format!("OTTER_SERVER_FOLDER={}", program.servers().display()), format!("OTTER_SERVER_ID={server}")];
    let mut found = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let environment = std::fs::read(entry.path().join("environ")).ok()?;
        let has = |mark: &String| environment.split(|byte| *byte == 0).any(|word| word == mark.as_bytes());
        marks.iter().all(has).then(|| entry.file_name().to_str()?.parse().ok()).flatten()
    });
    found.next().expect("the process of the server")
}

#[test]
fn a_service_that_was_stopped_takes_its_servers_up_again() {
    let mut program = Program::start("");
    let (group, _) = group(&program, 2, json!({}));
    eventually("two servers are in service", || program.capacities(&group) == [2, 2]);
    let before: BTreeSet<String> = program.processes().into_iter().collect();
    assert_eq!(program.stop(), 0, "{}", program.log());
    assert_eq!(program.processes().len(), 2, "servers outlive the service");
    program.run();
    assert_eq!(program.ask("POST", &format!("t/groups/{group}/converge"), "").0, 204);
    eventually("two servers are in service again", || program.capacities(&group) == [2, 2]);
    assert_eq!(program.processes().into_iter().collect::<BTreeSet<_>>(), before);
}

#[test]
fn the_operators_commands_show_and_move_groups() {
    let program = Program::start("");
    let (group, policies) = group(&program, 0, json!({}));
    assert_eq!(execute(&program, &group, &policies[0]), 202);
    assert_eq!(execute(&program, &group, "nothing"), 404);
    eventually("a server is in service", || program.capacities(&group) == [1, 1]);
    let (status, text) = program.command(&["groups"]);
    assert_eq!(status, 0, "{text}");
    assert!(
        text.lines().nth(1).is_some_and(|line| line.starts_with(&group) && line.ends_with("ACTIVE")),
        "{text}"
    );
    let (status, text) = program.command(&["history", &group]);
    assert!(status == 0 && text.contains(&policies[0]) && text.contains("created"), "{text}");
    let (status, text) = program.command(&["groups", "--deleting", "--admin-url", "http://127.0.0.1:1"]);
    assert!(status == 1 && text.contains("admin_listen"), "{text}");
    assert_eq!(program.command(&["converge", &group]).0, 0);
    let (status, text) = program.command(&["converge", "nowhere"]);
    assert!(status == 1 && text.contains("No such scaling group nowhere"), "{text}");
    let (status, text) = program.command(&["check"]);
    assert_eq!((status, text.matches(" ok ").count()), (0, 7), "{text}");
    assert_eq!(program.command(&["migrate", "--check"]).0, 0);
}

#[test]
fn wrong_settings_are_all_told_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("otter.toml"), "auth = 7\n\n[limits]\npages = 3\n").unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_otter"))
        .arg("serve")
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("otter.toml: line 1: auth = 7"), "{text}");
    assert!(text.contains("otter.toml: line 4: limits.pages = 3: unknown field"), "{text}");
}

/// Whether the table says so of a part.
fn says(text: &str, part: &str, word: &str, details: &str) -> bool {
    let mut lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.any(|line| line.starts_with(&format!("{part} {word} ")) && line.contains(details))
}

#[test]
fn check_tells_at_once_all_that_serve_would_refuse() {
    let mut program = Program::imagined();
    let (made, policies) = group(&program, 0, json!({}));
    let home = format!("t/groups/{made}/policies/{}/webhooks", policies[0]);
    assert_eq!(program.ask("POST", &home, "[{\"name\": \"w\"}]").0, 201);
    assert_eq!(program.stop(), 0);
    let (status, text) = program.command(&["check"]);
    assert!(status == 0 && says(&text, "key", "ok", "otter.db.key"), "{text}");

    let key = program.folder.path().join("otter.db.key");
    let kept = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let (status, text) = program.command(&["check", "--listen", "0.0.0.0:9000"]);
    assert_eq!(status, 1, "{text}");
    assert!(says(&text, "key", "FAILED", "otter.db.key is missing, with which 1 webhooks"), "{text}");
    assert!(says(&text, "listen", "FAILED", "open to others"), "{text}");
    assert!(text.contains("2 of 7 are not well"), "{text}");
    let (status, text) = program.command(&["serve"]);
    assert!(status == 1 && text.contains("otter.db.key is missing"), "{text}");

    std::fs::write(&key, kept).unwrap();
    open_to_others(&key);
    newer_schema(&program.folder.path().join("otter.db"));
    let (status, text) = program.command(&["check"]);
    assert_eq!(status, 1, "{text}");
    assert!(says(&text, "key", "FAILED", "chmod 600"), "{text}");
    assert!(says(&text, "database", "FAILED", "a newer otter has worked on it"), "{text}");
    for refused in [&["serve"][..], &["migrate"], &["migrate", "--check"]] {
        let (status, text) = program.command(refused);
        assert!(status == 1 && text.contains("a newer otter has worked on it"), "{refused:?}: {text}");
    }
}

fn open_to_others(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
}

/// Leaves the mark of a later version's step in a database.
fn newer_schema(path: &std::path::Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                     VALUES (9999, 'later', TRUE, x'00', 0)";
        sqlx::query(newer).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}
