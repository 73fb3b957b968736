//! Real servers for the tests, each an instance of its own in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::PgConnection;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// No server is so long in coming up unless it never comes.
const PATIENCE: Duration = Duration::from_secs(60);
/// PostgreSQL refuses to be run by root; then this user runs it.
const NOBODY: &str = "nobody";

/// A Redis on a socket in its folder: no port can be taken by another.
pub(super) struct Redis {
    folder: TempDir,
    _process: Child,
}

impl Redis {
    pub(super) async fn start() -> Redis {
        let folder = folder();
        let mut command = Command::new("redis-server");
        command.args(["--port", "0", "--save", "", "--unixsocket"]).arg(socket(&folder)).arg("--dir");
        command.arg(folder.path()).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().expect("redis-server, which .ci/test installs");
        let says = process.stdout.take().unwrap();
        said(says, "ready to accept connections").await;
        Redis { folder, _process: process }
    }

    pub(super) fn url(&self) -> String {
        format!("redis+unix://{}", socket(&self.folder).display())
    }

    /// The answer to a command; none if there is none, or it is nil.
    pub(super) async fn ask(&self, words: &[&str]) -> Option<String> {
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.ok()?;
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query_async(&mut connection).await.ok()?
    }
}

/// Somewhere that any user may be given, with a short path, as that of a socket must be.
fn folder() -> TempDir {
    tempfile::tempdir_in("/tmp").unwrap()
}

fn socket(folder: &TempDir) -> PathBuf {
    folder.path().join("redis.sock")
}

/// A PostgreSQL on a socket in its folder.
pub(super) struct Postgres {
    folder: TempDir,
    process: Option<Child>,
}

impl Postgres {
    pub(super) async fn start() -> Postgres {
        let folder = folder();
        if is_root() {
            // The folder is the server's, and it gives away nothing.
            run(Command::new("chown").arg(NOBODY).arg(folder.path())).await;
        }
        let data = folder.path().join("data");
        let options = ["--auth=trust", "--username=beat", "--no-sync", "--encoding=UTF8", "--locale=C"];
        run(program("initdb").args(options).arg("--pgdata").arg(&data)).await;
        let mut postgres = Postgres { folder, process: None };
        postgres.start_again().await;
        postgres
    }

    pub(super) async fn start_again(&mut self) {
        let data = self.folder.path().join("data");
        let mut command = program("postgres");
        command.arg("-D").arg(data).arg("-k").arg(self.folder.path());
        command.args(["-c", "listen_addresses=", "-c", "fsync=off"]);
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.kill_on_drop(true).spawn().expect("postgres, which .ci/test installs");
        let says = process.stderr.take().unwrap();
        said(says, "ready to accept connections").await;
        self.process = Some(process);
    }

    /// Ends it, whoever is connected.
    pub(super) async fn stop(&mut self) {
        let data = self.folder.path().join("data");
        run(program("pg_ctl").args(["stop", "--mode=fast", "--pgdata"]).arg(data)).await;
        self.process.take().unwrap().wait().await.unwrap();
    }

    pub(super) fn url(&self) -> String {
        let folder = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://beat@localhost/postgres?host={folder}")
    }

    /// One value.
    pub(super) async fn ask(&self, query: &'static str) -> String {
        let mut connection = PgConnection::connect(&self.url()).await.unwrap();
        let count: i64 = sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap();
        count.to_string()
    }
}

/// Debian keeps PostgreSQL's programs out of the way, by version.
fn program(name: &str) -> Command {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let paths = versions.map(|version| version.unwrap().path().join("bin").join(name));
    let newest = paths.filter(|path| path.exists()).max();
    let path = newest.unwrap_or_else(|| PathBuf::from(name));
    if !is_root() {
        return Command::new(path);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", NOBODY, "--regid", "nogroup", "--clear-groups"]).arg(path);
    command
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(Path::new("/proc/self")).is_ok_and(|process| process.uid() == 0)
}

async fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).current_dir("/").output().await.expect("it can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Returns when a server has said these words; what it says afterwards is read and forgotten.
async fn said(says: impl AsyncRead + Send + Unpin + 'static, words: &str) {
    let mut lines = BufReader::new(says).lines();
    let heard = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains(words) {
                return;
            }
        }
        panic!("it ended without saying {words:?}");
    };
    timeout(PATIENCE, heard).await.expect("it comes up");
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
}
