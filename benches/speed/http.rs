//! HTTP/1.1 as little as it takes: the cheapest client there can be, to compare ours with.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use url::Url;

/// A request as it goes over the wire, and where to.
pub(crate) struct Request {
    pub(crate) origin: SocketAddr,
    bytes: Vec<u8>,
}

impl Request {
    /// Reads `url` without a token.
    pub(crate) fn get(url: &str) -> Result<Request> {
        let url: Url = url.parse()?;
        let path = &url[url::Position::BeforePath..];
        let origin = url.socket_addrs(|| None)?.first().copied().context("no address")?;
        Ok(Request { origin, bytes: format!("GET {path} HTTP/1.1\r\nhost: {origin}\r\n\r\n").into() })
    }

    /// Reads `path` at `origin` with a token.
    pub(crate) fn signed(origin: SocketAddr, path: &str, token: &str) -> Request {
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {origin}\r\naccept: application/json\r\nx-auth-token: {token}\r\n\r\n"
        );
        Request { origin, bytes: head.into() }
    }

    /// Posts `body` to `url`.
    pub(crate) fn post(url: &str, body: &Value) -> Result<Request> {
        let Request { origin, .. } = Request::get(url)?;
        let path = &url.parse::<Url>()?[url::Position::BeforePath..].to_owned();
        let body = body.to_string();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {origin}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        Ok(Request { origin, bytes: (head + &body).into() })
    }
}

/// An answer; all that is not 2xx is an error.
pub(crate) struct Answer {
    pub(crate) body: Vec<u8>,
}

/// A connection that is kept.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(origin: SocketAddr) -> Result<Connection> {
        let stream = TcpStream::connect(origin)?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::new() })
    }

    /// Sends a request and reads its answer whole.
    pub(crate) fn send(&mut self, request: &Request) -> Result<Answer> {
        self.stream.write_all(&request.bytes)?;
        self.buffer.clear();
        let head = loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            self.more()?;
        };
        let (success, length) = status_and_length(std::str::from_utf8(&self.buffer[..head])?)?;
        while self.buffer.len() < head + length {
            self.more()?;
        }
        let body = self.buffer[head..].to_vec();
        ensure!(success, "an answer is no success: {}", String::from_utf8_lossy(&self.buffer));
        Ok(Answer { body })
    }

    fn more(&mut self) -> Result<()> {
        let mut chunk = [0; 16 << 10];
        let read = self.stream.read(&mut chunk)?;
        ensure!(read > 0, "a connection was closed in the middle of an answer");
        self.buffer.extend_from_slice(&chunk[..read]);
        Ok(())
    }
}

/// Whether the status is 2xx, and how many bytes follow the head.
fn status_and_length(head: &str) -> Result<(bool, usize)> {
    let mut lines = head.lines();
    let success = lines.next().is_some_and(|line| line.starts_with("HTTP/1.1 2"));
    let mut headers = lines.filter_map(|line| line.split_once(':'));
    let length = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    Ok((success, length.map_or("0", |(_, length)| length).trim().parse()?))
}

/// Sends all requests, over as many connections a service as `concurrency` says, as fast as they are
/// answered; returns how long that took.
pub(crate) fn flood(requests: &[Request], concurrency: usize) -> Result<Duration> {
    let (next, failure, start) = (AtomicUsize::new(0), Mutex::new(None), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..concurrency {
            scope.spawn(|| {
                if let Err(error) = take_turns(requests, &next)
                    && let Ok(mut failure) = failure.lock()
                {
                    *failure = Some(error);
                }
            });
        }
    });
    let took = start.elapsed();
    failure.into_inner().ok().flatten().map_or(Ok(took), Err)
}

fn take_turns(requests: &[Request], next: &AtomicUsize) -> Result<()> {
    let mut connections: Vec<(SocketAddr, Connection)> = Vec::new();
    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
        let known = connections.iter().position(|(origin, _)| *origin == request.origin);
        let at = match known {
            Some(at) => at,
            None => {
                connections.push((request.origin, Connection::open(request.origin)?));
                connections.len() - 1
            }
        };
        connections[at].1.send(request)?;
    }
    Ok(())
}
