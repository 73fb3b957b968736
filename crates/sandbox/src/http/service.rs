//! One service on a loopback port of its own, which can be taken down and put up again.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use super::Gate;

/// Connections that wait to be accepted before the system refuses more.
const BACKLOG: u32 = 1024;

/// A port that is taken but not served yet, so that the catalog can name it.
pub(crate) struct Port {
    address: SocketAddr,
    listener: TcpListener,
}

impl Port {
    /// Takes a free loopback port.
    pub(crate) fn take() -> io::Result<Self> {
        let listener = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?.listen(BACKLOG)?;
        Ok(Self { address: listener.local_addr()?, listener })
    }

    /// Where it will be served.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves it until the service is dropped.
    pub(crate) fn serve(self, gate: Gate) -> Service {
        let gate = Arc::new(gate);
        let state = State::Up(serve(self.listener, Arc::clone(&gate)));
        Service { address: self.address, gate, state: Mutex::new(state) }
    }
}

/// A service that listens on a port of its own.
pub struct Service {
    address: SocketAddr,
    gate: Arc<Gate>,
    state: Mutex<State>,
}

enum State {
    Up(AbortOnDropHandle<()>),
    /// Bound without listening: connections are refused, and nobody else gets the port meanwhile.
    Down(TcpSocket),
    /// Between two states; seen only if listening again failed.
    Lost,
}

impl Service {
    /// Its URL without a path.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Cuts all its connections and refuses new ones, as if the machine's port were closed.
    ///
    /// # Errors
    /// When the port cannot be kept.
    pub async fn down(&self) -> io::Result<()> {
        let mut state = self.state.lock().await;
        // Bound before the listener is closed: in between somebody else could be given the port.
        let kept = bind(self.address)?;
        if let State::Up(serving) = std::mem::replace(&mut *state, State::Down(kept)) {
            serving.abort();
            // Ends with a cancellation, after which the listener is closed.
            let _cancelled = serving.await;
        }
        Ok(())
    }

    /// Listens again after [`Service::down`].
    ///
    /// # Errors
    /// When the port is no longer to be had.
    pub async fn up(&self) -> io::Result<()> {
        let mut state = self.state.lock().await;
        let socket = match std::mem::replace(&mut *state, State::Lost) {
            State::Up(serving) => {
                *state = State::Up(serving);
                return Ok(());
            }
            State::Down(socket) => socket,
            State::Lost => bind(self.address)?,
        };
        *state = State::Up(serve(socket.listen(BACKLOG)?, Arc::clone(&self.gate)));
        Ok(())
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    // Two sockets of this process may hold the port; when the system chooses one, it is still a free one.
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn serve(listener: TcpListener, gate: Arc<Gate>) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        // Dropped with this task, and with it every connection.
        let mut connections = JoinSet::new();
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, Arc::clone(&gate)));
                }
                Err(error) => {
                    // Out of file descriptors, most likely; the next accept may find one.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
            }
            while connections.try_join_next().is_some() {}
        }
    }))
}

/// Answers the requests of one connection. One that the gate cuts is reset, not closed in order.
async fn converse(stream: TcpStream, gate: Arc<Gate>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection is gone already");
        return;
    }
    let answer = service_fn(|request| {
        let gate = Arc::clone(&gate);
        async move { gate.pass(request).await }
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
    if (&mut connection).await.is_err() {
        let stream = connection.into_parts().io.into_inner();
        if let Err(error) = stream.set_zero_linger() {
            tracing::debug!(%error, "a connection is gone already");
        }
    }
}
