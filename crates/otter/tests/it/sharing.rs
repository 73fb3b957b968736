//! What many groups of one tenant need of the cloud is read once for all of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use otter::launcher::{Fault, Launcher, Server, Simulated};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::detour::{self, Detour, Through};
use crate::support::Service;

/// A launcher whose lists have to be let through, and which counts them.
struct Counted {
    allowed: Semaphore,
    lists: AtomicUsize,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

impl Counted {
    fn lists(&self) -> usize {
        self.lists.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Detour for Counted {
    async fn list(&self, there: &Simulated, tenant: &str) -> Result<Vec<Server>, Fault> {
        self.lists.fetch_add(1, Ordering::SeqCst);
        let at_once = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(at_once, Ordering::SeqCst);
        let _permit = self.allowed.acquire().await.unwrap();
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        there.servers(tenant).await
    }
}

/// A service whose launcher answers no list yet.
async fn service() -> (Service, Arc<Through<Counted>>) {
    let (allowed, zero) = (Semaphore::new(0), || AtomicUsize::new(0));
    detour::service(Counted { allowed, lists: zero(), at_once: zero(), most_at_once: zero() }).await
}

#[tokio::test]
async fn groups_that_become_due_during_a_reading_share_the_next_one() {
    let (service, launcher) = service().await;
    service.group(0, 5, json!([])).await;
    while launcher.lists() == 0 {
        tokio::task::yield_now().await;
    }
    for _ in 0..100 {
        service.group(0, 5, json!([])).await;
    }
    assert_eq!(launcher.lists(), 1, "a reading in hand keeps others waiting");
    launcher.allowed.add_permits(100);
    service.app.settled().await;
    // A look that began before the last groups came leaves them to one more reading.
    assert!(launcher.lists() <= 3, "{} readings", launcher.lists());
    assert_eq!(launcher.most_at_once.load(Ordering::SeqCst), 1);
}
