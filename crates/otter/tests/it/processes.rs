//! Servers that are processes: started, looked at, taken up by a later run and ended, with all that they started.

use std::collections::BTreeMap;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use otter::launcher::{Fault, Launcher, Order, Process, ProcessSettings, Server, ServerStatus};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

use crate::machine::{Program, backend, eventually, free_row};
use crate::support::new_group;

/// A launcher in a folder of its own, which can be stopped and started again as with its service.
struct Machine {
    folder: tempfile::TempDir,
    settings: ProcessSettings,
    running: Option<(Runtime, Process)>,
}

impl Machine {
    /// With servers made by this command, in which `BACKEND` is the example server.
    fn start(command: &[&str], change: impl FnOnce(&mut ProcessSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let first_port = free_row(4);
        let backend = backend().display().to_string();
        let mut settings = ProcessSettings {
            command: command.iter().map(|word| word.replace("BACKEND", &backend)).collect(),
            first_port,
            last_port: first_port + 3,
            folder: folder.path().join("servers"),
            health_path: Some("/".to_owned()),
            health_interval: Duration::from_millis(50),
            stop_after: Duration::from_secs(60),
            ..ProcessSettings::default()
        };
        change(&mut settings);
        let mut machine = Self { folder, settings, running: None };
        machine.run();
        machine
    }

    fn run(&mut self) {
        let runtime = Runtime::new().unwrap();
        let launcher = runtime.block_on(Process::start(self.settings.clone())).unwrap();
        self.running = Some((runtime, launcher));
    }

    /// The processes live on.
    fn stop(&mut self) {
        self.running = None;
    }

    fn parts(&self) -> (&Runtime, &Process) {
        let (runtime, launcher) = self.running.as_ref().unwrap();
        (runtime, launcher)
    }

    fn create_named(&self, name: &str) -> Result<String, Fault> {
        let (runtime, launcher) = self.parts();
        let order = Order { name: name.to_owned(), server: Map::new(), metadata: BTreeMap::new() };
        runtime.block_on(launcher.create("t", &order))
    }

    /// Orders a server and waits until it is well.
    fn boot(&self) -> String {
        let id = self.create_named("a").unwrap();
        self.comes_to(&id, ServerStatus::Active);
        id
    }

    fn delete(&self, id: &str) {
        let (runtime, launcher) = self.parts();
        runtime.block_on(launcher.delete("t", id)).unwrap();
    }

    fn servers(&self) -> Vec<Server> {
        let (runtime, launcher) = self.parts();
        runtime.block_on(launcher.servers("t")).unwrap()
    }

    fn server(&self, id: &str) -> Server {
        self.servers().into_iter().find(|server| server.id == id).unwrap()
    }

    fn comes_to(&self, id: &str, status: ServerStatus) {
        eventually(&format!("the server is {status:?}"), || self.server(id).status == status);
    }

    /// Whether something takes connections at a server's port.
    fn listens(&self, port: u16) -> bool {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    }

    /// Deletes a server; nothing of it may be left, process and record.
    fn deletes_wholly(&self, id: &str) {
        let port = self.server(id).port.unwrap();
        self.delete(id);
        eventually("the server is gone", || self.servers().is_empty());
        assert!(!self.listens(port), "its processes have ended before it was forgotten");
        assert_eq!(self.files(), Vec::<String>::new());
    }

    fn files(&self) -> Vec<String> {
        let names = fs::read_dir(&self.settings.folder).unwrap().flatten().map(|entry| entry.file_name());
        names.filter_map(|name| name.into_string().ok()).collect()
    }

    fn path(&self, id: &str) -> PathBuf {
        self.settings.folder.join(format!("{id}.json"))
    }

    fn record(&self, id: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path(id)).unwrap()).unwrap()
    }

    /// Changes a key of a record, while nothing runs.
    fn rewrite(&self, id: &str, key: &str, value: Value) {
        let mut record = self.record(id);
        record[key] = value;
        fs::write(self.path(id), record.to_string()).unwrap();
    }

    /// The process that was started as a server.
    fn leader(&self, id: &str) -> Pid {
        let process = self.record(id)["processes"]["id"].as_i64().unwrap();
        Pid::from_raw(i32::try_from(process).unwrap()).unwrap()
    }

    /// Kills that process alone, and waits until it has ended.
    fn kill_leader(&self, id: &str) {
        let leader = self.leader(id);
        kill_process(leader, Signal::KILL).unwrap();
        let stat = format!("/proc/{}/stat", leader.as_raw_nonzero());
        // Nobody may have asked about it yet: then it is a zombie.
        let over = || fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "));
        eventually("the process has ended", over);
    }
}

impl Drop for Machine {
    /// Ends what a test that failed has left.
    fn drop(&mut self) {
        self.stop();
        for file in self.files() {
            if let Some(id) = file.strip_suffix(".json") {
                let _ = kill_process_group(self.leader(id), Signal::KILL);
            }
        }
    }
}

const SIMPLE: [&str; 1] = ["BACKEND"];
/// A process that starts another, which is the server, and waits for it.
const WRAPPED: [&str; 3] = ["sh", "-c", "BACKEND & wait"];

#[test]
fn a_server_that_was_well_long_ago_is_well_when_it_is_taken_up() {
    let mut machine = Machine::start(&SIMPLE, |_| {});
    let id = machine.boot();
    machine.stop();
    let long_ago = Timestamp::now() - SignedDuration::from_hours(2);
    machine.rewrite(&id, "created", json!(long_ago));
    machine.run();
    let server = machine.server(&id);
    assert_eq!(
        (server.status, server.created),
        (ServerStatus::Active, long_ago),
        "at once, not after a look"
    );
    machine.deletes_wholly(&id);
}

#[test]
fn a_server_that_is_taken_up_fails_after_three_looks_that_fail() {
    let unwell = tempfile::tempdir().unwrap();
    let unwell = unwell.path().join("unwell");
    let set = format!("UNWELL={}", unwell.display());
    let mut machine = Machine::start(&["env", &set, "BACKEND"], |_| {});
    let id = machine.boot();
    machine.stop();
    fs::create_dir_all(&unwell).unwrap();
    machine.run();
    machine.comes_to(&id, ServerStatus::Error);
    let fault = machine.server(&id).fault.unwrap();
    assert!(fault.contains("3 looks in a row"), "{fault}");
    machine.deletes_wholly(&id);
}

#[test]
fn a_server_that_writes_over_its_environment_is_taken_up_and_ended() {
    let hidden = ["env", "-u", "OTTER_SERVER_ID", "-u", "OTTER_SERVER_FOLDER", "BACKEND"];
    let mut machine = Machine::start(&hidden, |_| {});
    let id = machine.boot();
    machine.stop();
    machine.run();
    assert_eq!(machine.server(&id).status, ServerStatus::Active);
    machine.deletes_wholly(&id);
    // The same without a restart between.
    machine.deletes_wholly(&machine.boot());
}

#[test]
fn a_start_that_was_not_written_down_is_found() {
    let mut machine = Machine::start(&SIMPLE, |_| {});
    let id = machine.boot();
    machine.stop();
    let processes = machine.record(&id)["processes"].clone();
    machine.rewrite(&id, "processes", Value::Null);
    machine.run();
    assert_eq!(machine.server(&id).status, ServerStatus::Active);
    assert_eq!(machine.record(&id)["processes"], processes, "it is written down now");
    machine.deletes_wholly(&id);
}

#[test]
fn what_a_server_started_ends_with_it_although_the_server_ended_first() {
    let machine = Machine::start(&WRAPPED, |_| {});
    let id = machine.boot();
    let port = machine.server(&id).port.unwrap();
    machine.kill_leader(&id);
    machine.comes_to(&id, ServerStatus::Error);
    let fault = machine.server(&id).fault.unwrap();
    assert!(fault.contains("signal: 9"), "{fault}");
    assert!(machine.listens(port), "the other process lives");
    machine.deletes_wholly(&id);
}

#[test]
fn what_a_server_started_ends_with_it_although_the_server_ended_while_the_service_was_away() {
    let mut machine = Machine::start(&WRAPPED, |_| {});
    let id = machine.boot();
    let port = machine.server(&id).port.unwrap();
    machine.stop();
    machine.kill_leader(&id);
    machine.run();
    let server = machine.server(&id);
    assert_eq!(server.status, ServerStatus::Error);
    assert!(server.fault.unwrap().contains("while the service was away"));
    assert!(machine.listens(port), "the other process lives");
    machine.deletes_wholly(&id);
}

#[test]
fn processes_without_a_record_are_ended_and_a_start_does_not_wait_for_that() {
    // The child does not listen to SIGTERM, and its parent ends before it.
    let deaf = ["sh", "-c", "(trap '' TERM; exec BACKEND) & wait"];
    let mut machine = Machine::start(&deaf, |settings| settings.stop_after = Duration::from_millis(100));
    let id = machine.boot();
    let port = machine.server(&id).port.unwrap();
    machine.stop();
    machine.kill_leader(&id);
    fs::remove_file(machine.path(&id)).unwrap();
    machine.run();
    assert!(machine.servers().is_empty());
    eventually("the process has ended", || !machine.listens(port));
}

#[test]
fn a_server_that_does_not_listen_to_sigterm_is_killed() {
    for deaf in ["trap '' TERM; exec BACKEND", "(trap '' TERM; exec BACKEND) & wait"] {
        let quick = |settings: &mut ProcessSettings| settings.stop_after = Duration::from_millis(100);
        let machine = Machine::start(&["sh", "-c", deaf], quick);
        machine.deletes_wholly(&machine.boot());
    }
}

#[test]
fn a_server_that_ends_right_away_says_why() {
    let machine = Machine::start(&["sh", "-c", "echo starting; echo no module named app; exit 3"], |_| {});
    let id = machine.create_named("a").unwrap();
    machine.comes_to(&id, ServerStatus::Error);
    let fault = machine.server(&id).fault.unwrap();
    assert_eq!(fault, "the process ended with exit status: 3: no module named app");
    machine.deletes_wholly(&id);
}

#[test]
fn a_program_that_is_not_there_is_told_and_leaves_nothing() {
    let machine = Machine::start(&["/nowhere/to/be/found"], |_| {});
    let fault = machine.create_named("a").unwrap_err();
    assert!(matches!(&fault, Fault::Terminal(told) if told.contains("/nowhere/to/be/found")), "{fault:?}");
    assert!(machine.servers().is_empty() && machine.files().is_empty());
}

#[test]
fn a_port_is_one_servers_alone_and_no_strangers() {
    let machine = Machine::start(&SIMPLE, |settings| settings.last_port = settings.first_port + 1);
    let first = machine.settings.first_port;
    let stranger = TcpListener::bind(("127.0.0.1", first)).unwrap();
    let id = machine.create_named("a").unwrap();
    assert_eq!(machine.server(&id).port, Some(first + 1));
    let fault = machine.create_named("b").unwrap_err();
    assert!(matches!(&fault, Fault::Retryable(told) if told.contains("all ports")), "{fault:?}");
    drop(stranger);
    let other = machine.create_named("b").unwrap();
    assert_eq!(machine.server(&other).port, Some(first));
    for id in [&id, &other] {
        machine.delete(id);
    }
    eventually("both are gone", || machine.servers().is_empty());
}

#[test]
fn a_name_in_the_command_is_no_command() {
    let machine = Machine::start(&["sh", "-c", "echo {name}; exec BACKEND"], |_| {});
    let trap = machine.folder.path().join("trapped");
    let id = machine.create_named(&format!("x; touch {}; echo -as01234567", trap.display())).unwrap();
    machine.comes_to(&id, ServerStatus::Active);
    let output = fs::read_to_string(machine.settings.folder.join(format!("{id}.log"))).unwrap();
    assert!(output.starts_with("x--touch-") && output.ends_with("-as01234567\n"), "{output}");
    assert!(!trap.exists());
    machine.deletes_wholly(&id);
}

#[test]
fn the_output_of_a_server_does_not_grow_without_bound() {
    let wordy = ["sh", "-c", "head -c 5000 /dev/zero | tr '\\0' x; exec BACKEND"];
    let machine = Machine::start(&wordy, |settings| settings.output_bytes = 1000);
    let id = machine.boot();
    let length = |name: String| fs::metadata(machine.settings.folder.join(name)).map_or(0, |file| file.len());
    // However much of it had come when it was looked at, more than it may be was put aside.
    eventually("the output is put aside", || length(format!("{id}.log.1")) > 1000);
    eventually("it begins anew", || length(format!("{id}.log")) <= 1000);
    machine.deletes_wholly(&id);
}

#[test]
fn a_second_service_in_the_same_folder_is_turned_away_and_touches_nothing() {
    let program = Program::start("");
    let body = new_group(1, 2).to_string();
    let group = program.ask("POST", "t/groups", &body).1["group"]["id"].as_str().unwrap().to_owned();
    eventually("a server is in service", || program.capacities(&group) == [1, 1]);
    let before = program.processes();
    let (status, told) =
        program.command(&["serve", "--listen", "127.0.0.1:0", "--database", "sqlite:another.db"]);
    assert_eq!(status, 1, "{told}");
    assert!(told.contains("launcher.folder") && told.contains("another otter"), "{told}");
    assert_eq!(program.processes(), before);
    assert_eq!(program.capacities(&group), [1, 1]);
}
