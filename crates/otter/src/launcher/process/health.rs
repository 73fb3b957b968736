//! Looking whether servers are well: often until they are, then now and again.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::records::Record;
use super::{ADDRESS, Fault, ServerStatus, Shared, lives, unwritten};

/// The pause between two looks at a server that boots.
const BOOTING: Duration = Duration::from_millis(100);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Looks in a row that have to fail before a server that was well counts as failed.
const FAILURES: u32 = 3;

/// Watches a server until it is deleted or has failed.
pub(super) fn watch(shared: &Arc<Shared>, id: &str) {
    let (shared, id) = (Arc::clone(shared), id.to_owned());
    tokio::spawn(async move {
        let mut failures = 0;
        while let Some((port, status)) = lively(&shared, &id) {
            let well = is_well(port, shared.settings.health_path.as_deref()).await;
            failures = if well { 0 } else { failures + 1 };
            match (status, well) {
                (ServerStatus::Build, true) => {
                    remember(&shared, &id).await;
                    become_known(&shared, &id, ServerStatus::Active, None);
                }
                (ServerStatus::Active, false) if failures >= FAILURES => {
                    let fault = format!("{FAILURES} looks in a row found port {port} unwell");
                    become_known(&shared, &id, ServerStatus::Error, Some(fault));
                }
                _ => {}
            }
            shorten(&shared, &id).await;
            let booting = status == ServerStatus::Build && !well;
            sleep(if booting { BOOTING } else { shared.settings.health_interval }).await;
        }
    });
}

/// The port and status of a server that is to be watched.
fn lively(shared: &Shared, id: &str) -> Option<(u16, ServerStatus)> {
    let servers = shared.servers();
    let running = servers.get(id).filter(|running| !running.record.deleting && lives(running.status))?;
    Some((running.record.port, running.status))
}

/// Writes down that a server was well, for later runs. One that could not be written serves all the same.
async fn remember(shared: &Arc<Shared>, id: &str) {
    let server = id.to_owned();
    let booted = |record: &Record| Some(Record { booted: true, ..record.clone() });
    match shared.on_disk(move |shared| shared.change(&server, booted)).await {
        // It was deleted meanwhile.
        Ok(_) | Err(Fault::Gone(_)) => {}
        Err(fault) => tracing::error!(server = id, %fault, "that a server is well is not written down"),
    }
}

/// Sees to it that a server's output does not grow without bound.
async fn shorten(shared: &Arc<Shared>, id: &str) {
    let server = id.to_owned();
    let longest = shared.settings.output_bytes;
    let shortened = move |shared: &Arc<Shared>| match shared.records.output(&server).turn_over(longest) {
        // It went with its server meanwhile.
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unwritten("output", &error)),
        _ => Ok(()),
    };
    if let Err(fault) = shared.on_disk(shortened).await {
        tracing::error!(server = id, %fault, "an output is not put aside");
    }
}

fn become_known(shared: &Shared, id: &str, status: ServerStatus, fault: Option<String>) {
    // One whose process has ended meanwhile stays as that has left it.
    if let Some(running) = shared.servers().get_mut(id).filter(|running| lives(running.status)) {
        tracing::info!(server = id, ?status, fault, "a server has changed");
        running.status = status;
        running.fault = fault;
    }
    shared.tell();
}

async fn is_well(port: u16, path: Option<&str>) -> bool {
    let look = async {
        let mut stream = TcpStream::connect((ADDRESS, port)).await?;
        match path {
            None => Ok(true),
            Some(path) => answers(&mut stream, path).await,
        }
    };
    timeout(PATIENCE, look).await.is_ok_and(|well: io::Result<bool>| well.unwrap_or(false))
}

/// Whether a GET is answered with a status of 2xx: the one line of the answer that is read.
async fn answers(stream: &mut TcpStream, path: &str) -> io::Result<bool> {
    const STATUS_LINE: usize = "HTTP/1.1 200".len();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {ADDRESS}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut line = [0; STATUS_LINE];
    stream.read_exact(&mut line).await?;
    Ok(line.starts_with(b"HTTP/1.") && line[STATUS_LINE - 3] == b'2')
}
