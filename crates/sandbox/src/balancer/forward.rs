//! The balancer's data path: real connections in, real connections out, each counted while it is open.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::load_balancer::Hold;
use super::{LoadBalancer, Network};

/// The buffer of each direction of a connection; thousands are to be held at a time.
const BUFFER: usize = 2048;

/// Carries whatever connects to `listener`, until dropped; then every connection is closed.
pub(crate) async fn carry_all(listener: TcpListener, balancer: Arc<LoadBalancer>, network: Arc<Network>) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                connections.spawn(carry(client, Arc::clone(&balancer), Arc::clone(&network)));
            }
            Err(error) => {
                // Out of file descriptors, most likely; the next accept may find one.
                tracing::warn!(%error, balancer = balancer.name(), "cannot accept a connection");
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Carries one connection to a node of the balancer's choice, or resets it if there is none.
async fn carry(mut client: TcpStream, balancer: Arc<LoadBalancer>, network: Arc<Network>) {
    let Some((hold, mut server)) = hand_over(&balancer, &network).await else {
        balancer.count_refused();
        return reset(&client);
    };
    if let Err(error) = client.set_nodelay(true).and_then(|()| server.set_nodelay(true)) {
        tracing::debug!(%error, "a connection is gone already");
    }
    let mut answered = false;
    tokio::select! {
        ended = exchange(&mut client, &mut server, &mut answered) => {
            if let Err(error) = ended {
                tracing::debug!(%error, answered, "a connection broke");
                if !answered {
                    balancer.count_refused();
                }
                reset(&client);
            }
        }
        () = hold.cut.cancelled() => reset(&client),
    }
    // Whoever sees the connection end may count on its being out of the count.
    drop(hold);
    drop(client);
}

async fn hand_over(balancer: &Arc<LoadBalancer>, network: &Network) -> Option<(Hold, TcpStream)> {
    let hold = balancer.choose()?;
    let socket = network.socket(hold.address)?;
    let server = TcpStream::connect(socket).await.ok()?;
    Some((hold, server))
}

/// Copies both ways until the server has said all it will, and tells whether it has said anything.
async fn exchange(client: &mut TcpStream, server: &mut TcpStream, answered: &mut bool) -> io::Result<()> {
    let (from_client, mut to_client) = client.split();
    let (from_server, mut to_server) = server.split();
    let up = async {
        pump(from_client, &mut to_server, &mut false).await?;
        to_server.shutdown().await
    };
    let down = pump(from_server, &mut to_client, answered);
    tokio::pin!(up, down);
    tokio::select! {
        ended = &mut down => ended,
        ended = &mut up => match ended {
            Ok(()) => down.await,
            Err(error) => Err(error),
        },
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    to: &mut (impl AsyncWrite + Unpin),
    moved: &mut bool,
) -> io::Result<()> {
    let mut buffer = [0; BUFFER];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        *moved = true;
        to.write_all(&buffer[..count]).await?;
    }
}

/// Makes a connection end in a reset instead of an orderly close.
pub(crate) fn reset(stream: &TcpStream) {
    if let Err(error) = stream.set_zero_linger() {
        tracing::debug!(%error, "a connection is gone already");
    }
}
