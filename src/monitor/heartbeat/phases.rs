//! What comes before a request: the time for the name and the time for the connection, measured apart.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::time::Instant;
use tower::{Layer, Service};

/// Stands in a client's way to names and connections, and adds up how long they take.
#[derive(Debug, Clone, Default)]
pub(super) struct Phases(Arc<Mutex<Sums>>);

/// None where there was nothing to do: an address instead of a name, a connection that was open.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    dns: Option<Duration>,
    /// All that the connector did, names included.
    connector: Option<Duration>,
}

impl Phases {
    /// Begins anew.
    pub(super) fn clear(&self) {
        self.with(|sums| *sums = Sums::default());
    }

    /// For names.
    pub(super) fn dns(&self) -> Option<Duration> {
        self.with(|sums| sums.dns)
    }

    /// For connections, TLS included.
    pub(super) fn connect(&self) -> Option<Duration> {
        let Sums { dns, connector } = self.with(|sums| *sums);
        connector.map(|all| all.saturating_sub(dns.unwrap_or_default()))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Sums) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn add(sum: &mut Option<Duration>, start: Instant) {
    *sum = Some(sum.unwrap_or_default() + start.elapsed());
}

impl Resolve for Phases {
    fn resolve(&self, name: Name) -> Resolving {
        let phases = self.clone();
        Box::pin(async move {
            let start = Instant::now();
            // The port is the client's to fill in.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            phases.with(|sums| add(&mut sums.dns, start));
            let addresses: Addrs = Box::new(found?.collect::<Vec<_>>().into_iter());
            Ok(addresses)
        })
    }
}

impl<S> Layer<S> for Phases {
    type Service = Timed<S>;

    fn layer(&self, connector: S) -> Timed<S> {
        Timed { connector, phases: self.clone() }
    }
}

/// A connector that is timed.
#[derive(Debug, Clone)]
pub(super) struct Timed<S> {
    connector: S,
    phases: Phases,
}

impl<S, To> Service<To> for Timed<S>
where
    S: Service<To>,
    S::Future: Send + 'static,
    S::Response: 'static,
    S::Error: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, to: To) -> Self::Future {
        let (phases, start) = (self.phases.clone(), Instant::now());
        let connecting = self.connector.call(to);
        Box::pin(async move {
            let connected = connecting.await;
            phases.with(|sums| add(&mut sums.connector, start));
            connected
        })
    }
}
