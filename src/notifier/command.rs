//! A program that is told: the notice as JSON on its standard input, one run for each.

use std::ffi::OsString;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::{Notice, Notifier, Undelivered};

/// Variables that may hold our own secrets, which are no business of the program's.
const OURS: [&str; 3] = ["LOADSCALE_", "OS_", "HEROKU_"];

/// What the program says on stderr is told up to here.
const HEARD: usize = 500;

/// How long the pipe is read on when the program is over.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// A program and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// By its path, or by a name that PATH has.
    pub program: String,
    /// One by one; no shell reads them.
    pub arguments: Vec<String>,
    /// It is killed if it takes longer.
    pub timeout: Duration,
}

#[async_trait]
impl Notifier for Command {
    async fn notify(&self, notice: &Notice) -> Result<(), Undelivered> {
        let json = serde_json::to_vec(notice)
            .map_err(|error| Undelivered::Refused(format!("it has no JSON form: {error}")))?;
        let failed = |error: io::Error| Undelivered::failed(format!("{:?}: {error}", self.program));
        let mut child = self.start().map_err(failed)?;
        let ended = timeout(self.timeout, talk(&mut child, json)).await;
        let Ok(ended) = ended else {
            let limit = self.timeout.as_secs_f64();
            // Dropping it kills it.
            return Err(Undelivered::failed(format!("{:?} was not done after {limit} s", self.program)));
        };
        let (status, said) = ended.map_err(failed)?;
        if status.success() {
            return Ok(());
        }
        let said = if said.is_empty() { String::new() } else { format!(", saying {said:?}") };
        Err(Undelivered::failed(format!("{:?} ended with {status}{said}", self.program)))
    }
}

impl Command {
    fn start(&self) -> io::Result<Child> {
        let mut command = tokio::process::Command::new(&self.program);
        command.args(&self.arguments).env_clear().envs(not_ours(std::env::vars_os()));
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true).spawn()
    }
}

/// The variables that a program may have.
fn not_ours(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> impl Iterator<Item = (OsString, OsString)> {
    let ours = |name: &OsString| OURS.iter().any(|prefix| name.to_string_lossy().starts_with(prefix));
    variables.filter(move |(name, _)| !ours(name))
}

/// Hands it the notice, hears what it says, and waits for its end, all at once: no full pipe holds anybody up.
async fn talk(child: &mut Child, json: Vec<u8>) -> io::Result<(std::process::ExitStatus, String)> {
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let (mut said, over) = (Vec::new(), Notify::new());
    let ended = async { (child.wait().await, over.notify_one()).0 };
    let (told, heard, status) = tokio::join!(tell(stdin, json), listen(stderr, &mut said, &over), ended);
    told.and(heard)?;
    Ok((status?, String::from_utf8_lossy(&said).trim().to_owned()))
}

/// A program that does not care for the notice may end without reading it.
async fn tell(stdin: Option<ChildStdin>, json: Vec<u8>) -> io::Result<()> {
    let Some(mut stdin) = stdin else { return Ok(()) };
    match stdin.write_all(&json).await {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Hears stderr to its end. What the program has left running may keep it open: when the program is over, only
/// what it has said already is waited for.
async fn listen(stderr: Option<ChildStderr>, said: &mut Vec<u8>, over: &Notify) -> io::Result<()> {
    let hearing = hear(stderr, said);
    tokio::pin!(hearing);
    tokio::select! {
        heard = &mut hearing => heard,
        () = over.notified() => timeout(LAST_WORDS, hearing).await.unwrap_or(Ok(())),
    }
}

/// Reads to the end, and keeps the beginning.
async fn hear(stderr: Option<ChildStderr>, said: &mut Vec<u8>) -> io::Result<()> {
    let Some(mut stderr) = stderr else { return Ok(()) };
    let mut chunk = [0; 4096];
    loop {
        let read = stderr.read(&mut chunk).await?;
        if read == 0 {
            return Ok(());
        }
        let kept = read.min(HEARD.saturating_sub(said.len()));
        said.extend_from_slice(&chunk[..kept]);
    }
}

#[cfg(test)]
mod tests;
