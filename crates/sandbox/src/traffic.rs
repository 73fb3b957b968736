//! Traffic: real connections through a balancer, opened and held up to a number.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::stream::{self, StreamExt};
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use crate::compute::GREETING;

/// Connections opened or closed at the same time.
const AT_ONCE: usize = 64;
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: sandbox\r\n\r\n";

/// Holds connections to one balancer. Each has had an answer from a server before it counts as open.
#[derive(Debug)]
pub struct Traffic {
    to: SocketAddr,
    held: Mutex<VecDeque<TcpStream>>,
    refused: AtomicU64,
    lost: AtomicU64,
}

/// What became of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Connections that are open now.
    pub open: usize,
    /// Connections refused or reset while they were opened, this time.
    pub refused: u64,
    /// Connections that had been open and were found cut by the other side, this time.
    pub lost: u64,
}

impl Traffic {
    /// No connections yet, to a balancer that listens at `to`.
    pub fn new(to: SocketAddr) -> Self {
        Self { to, held: Mutex::default(), refused: AtomicU64::default(), lost: AtomicU64::default() }
    }

    /// Opens or closes connections until `target` are held. Returns when each is open, refused, or closed
    /// and out of the balancer's count. What is refused is not tried again before the next call.
    pub async fn set(&self, target: usize) -> Held {
        let mut held = self.held.lock().await;
        let before = held.len();
        held.retain(is_open);
        let lost = (before - held.len()) as u64;
        let surplus: Vec<TcpStream> = {
            let surplus = held.len().saturating_sub(target);
            held.drain(..surplus).collect()
        };
        stream::iter(surplus).for_each_concurrent(AT_ONCE, close).await;
        let missing = target.saturating_sub(held.len());
        let opened: Vec<TcpStream> = stream::iter(0..missing)
            .map(|_| open(self.to))
            .buffer_unordered(AT_ONCE)
            .filter_map(async |opened| opened.ok())
            .collect()
            .await;
        let refused = (missing - opened.len()) as u64;
        held.extend(opened);
        self.refused.fetch_add(refused, Ordering::Relaxed);
        self.lost.fetch_add(lost, Ordering::Relaxed);
        Held { open: held.len(), refused, lost }
    }

    /// Connections refused since the start.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Connections cut by the other side since the start, as far as it was noticed.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

/// Connects, asks, and reads the whole answer.
async fn open(to: SocketAddr) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    stream.write_all(REQUEST).await?;
    let mut answer = Vec::with_capacity(256);
    while !answer.ends_with(GREETING.as_bytes()) {
        if stream.read_buf(&mut answer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(stream)
}

/// Says goodbye and waits for the other side to do so.
async fn close(mut stream: TcpStream) {
    let closed = async {
        stream.shutdown().await?;
        stream.read_to_end(&mut Vec::new()).await
    };
    if let Err(error) = closed.await {
        tracing::debug!(%error, "a connection was cut before it was closed");
    }
}

/// Whether the other side has kept a connection on which nothing more is to come.
fn is_open(stream: &TcpStream) -> bool {
    matches!(stream.try_read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}
