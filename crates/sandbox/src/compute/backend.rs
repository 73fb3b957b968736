//! The little web server that a booted server runs: it answers with a known limit and holds what is open.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use crate::balancer::reset;
use crate::plan::BackendPlan;

/// What it answers to every request.
pub(crate) const GREETING: &str = "served by the sandbox\n";

/// A running backend. Dropped, it cuts its connections and listens no more.
#[derive(Debug)]
pub(crate) struct Backend {
    address: SocketAddr,
    _serving: AbortOnDropHandle<()>,
}

impl Backend {
    /// Starts one on a free loopback port.
    pub(crate) async fn start(plan: &BackendPlan) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(serve(listener, plan.clone()));
        Ok(Self { address, _serving: AbortOnDropHandle::new(serving) })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn serve(listener: TcpListener, plan: BackendPlan) {
    let workers = Arc::new(Workers::new(&plan));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) if connections.len() >= plan.connections => reset(&stream),
            Ok((stream, _)) => {
                connections.spawn(converse(stream, Arc::clone(&workers)));
            }
            Err(error) => {
                tracing::warn!(%error, "a backend cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

async fn converse(stream: TcpStream, workers: Arc<Workers>) {
    let answer = service_fn(|_request| {
        let workers = Arc::clone(&workers);
        async move {
            workers.work().await;
            Ok::<_, Infallible>(Response::new(Body::from(GREETING)))
        }
    });
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await {
        tracing::debug!(%error, "a connection to a backend broke");
    }
}

/// The workers of a backend. Requests queue for the one that is free first.
struct Workers {
    queue: Mutex<Queue>,
    plan: BackendPlan,
}

struct Queue {
    /// When each worker is free again. A worker goes on where its last piece of work was due to end,
    /// not where the timer woke it, so the limit is exactly workers / service time.
    free: BinaryHeap<Reverse<Instant>>,
    /// Requests taken so far.
    taken: u32,
}

impl Workers {
    fn new(plan: &BackendPlan) -> Self {
        let free = vec![Reverse(Instant::now()); plan.workers.max(1)].into();
        Self { queue: Mutex::new(Queue { free, taken: 0 }), plan: plan.clone() }
    }

    async fn work(&self) {
        if !self.plan.service_time.is_zero() {
            sleep_until(self.take(Instant::now())).await;
        }
    }

    /// Gives a request that came `now` to a worker and tells when it will be done.
    fn take(&self, now: Instant) -> Instant {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let start = queue.free.pop().map_or(now, |Reverse(free)| free.max(now));
        queue.taken = queue.taken.wrapping_add(1);
        let done = start + self.plan.effort(queue.taken);
        queue.free.push(Reverse(done));
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_queue_for_the_worker_that_is_free_first() {
        let service_time = Duration::from_millis(10);
        let plan = BackendPlan { workers: 2, service_time, ..BackendPlan::default() };
        let workers = Workers::new(&plan);
        let now = Instant::now();
        let waits: Vec<u128> = (0..5).map(|_| (workers.take(now) - now).as_millis()).collect();
        assert_eq!(waits, [10, 10, 20, 20, 30]);
    }
    #[test]
    fn jitter_is_around_the_service_time_and_leaves_the_limit() {
        let (service_time, jitter) = (Duration::from_millis(10), Duration::from_millis(4));
        let plan = BackendPlan { workers: 1, service_time, jitter, ..BackendPlan::default() };
        let workers = Workers::new(&plan);
        let now = Instant::now();
        let done: Vec<Instant> = (0..1000).map(|_| workers.take(now)).collect();
        let took = done.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(took.clone().all(|took| took >= service_time - jitter && took <= service_time + jitter));
        assert!(took.clone().max() > took.min());
        let limit = 1000.0 / (done[999] - now).as_secs_f64();
        assert!((limit - 100.0).abs() < 0.5, "{limit} requests a second");
    }
}
