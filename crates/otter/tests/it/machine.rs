//! Real things on this machine: processes as servers, HAProxy before them, and the program itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The example server, which cargo builds with the tests.
pub(crate) fn backend() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let path = here.ancestors().nth(2).unwrap().join("examples/backend");
    assert!(path.is_file(), "{} is missing; cargo test builds it", path.display());
    path
}

/// Where the ports of these tests begin: below those that the system hands out of itself (from 32768), so
/// that none is taken between being found and being used.
const FIRST_PORT: u16 = 10_000;
/// How many a process of tests has for itself, and how many such processes have ports of their own.
const PORTS: u16 = 1000;
const PROCESSES: u32 = 20;

/// A port that nobody has, and that no other test is given.
pub(crate) fn free_port() -> u16 {
    free_row(1)
}

/// The first of a row of such ports, for servers.
pub(crate) fn free_row(length: u16) -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let block = u16::try_from(std::process::id() % PROCESSES).unwrap();
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    loop {
        let given = GIVEN.fetch_add(length, Ordering::Relaxed);
        assert!(given + length <= PORTS, "no row of {length} free ports is left");
        let first = FIRST_PORT + block * PORTS + given;
        if (first..first + length).all(free) {
            return first;
        }
    }
}

/// Waits until a thing that happens in another process has happened: there is nothing to await there.
pub(crate) fn eventually(what: &str, mut happened: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(60);
    while !happened() {
        assert!(Instant::now() < patience, "this did not happen within a minute: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A process that is killed when the test ends.
pub(crate) struct Owned(pub(crate) Child);

impl Owned {
    /// Always true: what has ended by itself fails the test.
    pub(crate) fn lives(&mut self) -> bool {
        let ended = self.0.try_wait().unwrap();
        assert!(ended.is_none(), "a process ended by itself: {ended:?}");
        true
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A HAProxy with an empty backend `app`.
pub(crate) struct Haproxy {
    process: Option<Owned>,
    config: PathBuf,
    pub(crate) socket: PathBuf,
    pub(crate) port: u16,
}

impl Haproxy {
    pub(crate) fn start(folder: &Path) -> Self {
        let (socket, config, port) = (folder.join("haproxy.sock"), folder.join("haproxy.cfg"), free_port());
        let text = format!(
            "global\n  stats socket {} level admin\ndefaults\n  mode tcp\n  timeout connect 1s\n  \
             timeout client 60s\n  timeout server 60s\nlisten app\n  bind 127.0.0.1:{port}\n  balance leastconn\n",
            socket.display()
        );
        std::fs::write(&config, text).unwrap();
        let mut haproxy = Self { process: None, config, socket, port };
        haproxy.run();
        haproxy
    }

    pub(crate) fn run(&mut self) {
        let mut command = Command::new("haproxy");
        let process = command.arg("-db").arg("-f").arg(&self.config).stderr(Stdio::null()).spawn();
        let mut process = Owned(process.expect("haproxy is needed here: apt-get install haproxy"));
        // The port comes first, the socket a moment later.
        let listens = || {
            TcpStream::connect(("127.0.0.1", self.port)).is_ok() && UnixStream::connect(&self.socket).is_ok()
        };
        eventually("HAProxy listens", || process.lives() && listens());
        self.process = Some(process);
    }

    /// SIGKILL; it forgets its nodes.
    pub(crate) fn stop(&mut self) {
        self.process = None;
    }

    /// Has it do something behind the service's back.
    pub(crate) fn ask(&self, command: &str) -> String {
        let mut socket = UnixStream::connect(&self.socket).unwrap();
        socket.write_all(format!("{command}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    }
}

/// A connection that is kept open.
pub(crate) struct Held(BufReader<TcpStream>);

impl Held {
    pub(crate) fn open(port: u16) -> std::io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Asks over it; the answer is the id of the server.
    pub(crate) fn ask(&mut self) -> std::io::Result<String> {
        self.0.get_mut().write_all(b"GET / HTTP/1.1\r\nHost: app\r\n\r\n")?;
        let (mut length, mut line) = (0, String::new());
        loop {
            line.clear();
            if self.0.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(value) = line.strip_prefix("Content-Length: ") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok(String::from_utf8(body).unwrap())
    }
}

/// Asks a service over HTTP, as tenant `t`.
#[derive(Clone, Copy)]
pub(crate) struct Caller(u16);

impl Caller {
    /// A request, if the service can be reached: the status and the body. The path begins after the
    /// version.
    pub(crate) fn try_ask(self, method: &str, path: &str, body: &str) -> std::io::Result<(u16, Value)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.0))?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        write!(
            stream,
            "{method} /v1.0/{path} HTTP/1.1\r\nHost: otter\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or(std::io::ErrorKind::InvalidData)?;
        Ok((status, serde_json::from_str(body).unwrap_or_default()))
    }
}

/// The settings of a launcher whose servers are started with this command.
fn processes(command: &Path) -> String {
    let first = free_row(40);
    format!(
        "[launcher]\nkind = \"process\"\ncommand = [{:?}]\nfirst_port = {first}\nlast_port = {}\n\
         health_path = \"/\"\nstop_after = \"2s\"\nhealth_interval = \"200ms\"\n",
        command.display().to_string(),
        first + 39,
    )
}

/// The program `otter serve` in a folder of its own.
pub(crate) struct Program {
    pub(crate) folder: tempfile::TempDir,
    port: u16,
    /// What systemd hands over to it, if anything.
    pub(crate) credentials: Option<PathBuf>,
    process: Option<Owned>,
}

impl Program {
    /// With processes as servers, and these settings beside what every test needs.
    pub(crate) fn start(settings: &str) -> Self {
        Self::with(settings, &processes(&backend()))
    }

    /// With servers that this command starts, and long pauses after a failure.
    pub(crate) fn patient(command: &Path) -> Self {
        let pauses = "retry_first = \"1h\"\n";
        Self::with("", &format!("{pauses}{}", processes(command)))
    }

    /// With imagined servers.
    pub(crate) fn imagined() -> Self {
        Self::with("", "[launcher]\nkind = \"simulated\"\nboot_delay = \"1s\"\n")
    }

    fn with(settings: &str, launcher: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let text = format!(
            "auth = \"none\"\nlisten = \"127.0.0.1:{port}\"\n{settings}\n[limits]\nrates = false\n\
             [converge]\ninterval = \"1s\"\n{launcher}"
        );
        std::fs::write(folder.path().join("otter.toml"), text).unwrap();
        let mut program = Self { folder, port, credentials: None, process: None };
        program.run();
        program
    }

    /// Who asks it.
    pub(crate) fn caller(&self) -> Caller {
        Caller(self.port)
    }

    pub(crate) fn run(&mut self) {
        let log = std::fs::File::options().create(true).append(true).open(self.folder.path().join("log"));
        let process = Command::new(env!("CARGO_BIN_EXE_otter"))
            .arg("serve")
            .current_dir(self.folder.path())
            .env("RUST_LOG", "info")
            .envs(self.credentials.iter().map(|folder| ("CREDENTIALS_DIRECTORY", folder)))
            .stderr(log.unwrap())
            .spawn()
            .unwrap();
        let mut process = Owned(process);
        let port = self.port;
        eventually("otter listens", || process.lives() && TcpStream::connect(("127.0.0.1", port)).is_ok());
        self.process = Some(process);
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    /// SIGTERM; returns the exit status.
    pub(crate) fn stop(&mut self) -> i32 {
        let mut process = self.process.take().unwrap();
        let id = rustix::process::Pid::from_raw(i32::try_from(process.0.id()).unwrap()).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        process.0.wait().unwrap().code().unwrap_or(-1)
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Runs another of its commands against it.
    pub(crate) fn command(&self, arguments: &[&str]) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_otter"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env("OTTER_URL", format!("http://127.0.0.1:{}", self.port))
            .env("OTTER_TENANT", "t")
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap_or(-1), String::from_utf8(text).unwrap())
    }

    /// A request that is answered: the status and the body.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        self.caller().try_ask(method, path, body).unwrap()
    }

    /// active, desired
    pub(crate) fn capacities(&self, group: &str) -> [i64; 2] {
        let state = self.ask("GET", &format!("t/groups/{group}/state"), "").1;
        ["activeCapacity", "desiredCapacity"].map(|key| state["group"][key].as_i64().unwrap())
    }

    /// Ids of the servers whose processes live.
    pub(crate) fn processes(&self) -> Vec<String> {
        let mark = format!("OTTER_SERVER_FOLDER={}", self.servers().display());
        let mut ids = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let Ok(environment) = std::fs::read(entry.path().join("environ")) else { continue };
            let environment = String::from_utf8_lossy(&environment).into_owned();
            let mut variables = environment.split('\0');
            if variables.clone().any(|variable| variable == mark) {
                ids.extend(
                    variables
                        .find_map(|variable| variable.strip_prefix("OTTER_SERVER_ID="))
                        .map(str::to_owned),
                );
            }
        }
        ids
    }

    /// The folder of its servers' records.
    pub(crate) fn servers(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("otter-servers")
    }
}

impl Drop for Program {
    /// Ends the servers, too, which outlive the service on purpose.
    fn drop(&mut self) {
        self.kill();
        let mark = format!("OTTER_SERVER_FOLDER={}", self.servers().display());
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let ours = std::fs::read(entry.path().join("environ")).is_ok_and(|environment| {
                environment.split(|byte| *byte == 0).any(|word| word == mark.as_bytes())
            });
            let process = entry.file_name().to_str().and_then(|name| name.parse().ok());
            if let Some(process) = process.filter(|_| ours).and_then(rustix::process::Pid::from_raw) {
                let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
            }
        }
    }
}
