//! What was asked: every request with its answer's status, to be read and waited for by tests.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::Method;
use serde::Serialize;
use tokio::sync::watch;

use super::Ask;

/// Entries kept; the oldest go first. Counts go on.
const KEPT: usize = 20_000;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its place in the order of arrival, from 0.
    pub number: u64,
    /// Its method.
    pub method: String,
    /// Its path and query; what is secret in a path is left out.
    pub path: String,
    /// What it asks for.
    pub ask: Ask,
    /// The status sent; `None` while it is not answered, and for one that never was.
    pub status: Option<u16>,
}

/// The log of all services.
#[derive(Debug)]
pub struct RequestLog {
    kept: Mutex<Kept>,
    counts: [AtomicU64; Ask::COUNT],
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Kept {
    first: u64,
    entries: VecDeque<Entry>,
}

impl Default for RequestLog {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            counts: [const { AtomicU64::new(0) }; Ask::COUNT],
            changed: watch::Sender::new(()),
        }
    }
}

impl RequestLog {
    /// The latest requests, oldest first, at most 20,000.
    pub fn entries(&self) -> Vec<Entry> {
        self.kept().entries.iter().cloned().collect()
    }

    /// Those from the `number`th on.
    pub fn since(&self, number: u64) -> Vec<Entry> {
        let kept = self.kept();
        let skipped = usize::try_from(number.saturating_sub(kept.first)).unwrap_or(usize::MAX);
        kept.entries.iter().skip(skipped).cloned().collect()
    }

    /// How many requests of a kind have arrived.
    pub fn count(&self, ask: Ask) -> u64 {
        self.counts[ask as usize].load(Ordering::Relaxed)
    }

    /// How many requests have arrived.
    pub fn total(&self) -> u64 {
        let kept = self.kept();
        kept.first + kept.entries.len() as u64
    }

    /// Returns once at least `count` requests of a kind have arrived since the sandbox started.
    pub async fn arrived(&self, ask: Ask, count: u64) {
        self.until(|| self.count(ask) >= count).await;
    }

    /// Returns once some kept entry, answered or not, is as wanted.
    pub async fn seen(&self, wanted: impl Fn(&Entry) -> bool) {
        self.until(|| self.kept().entries.iter().any(&wanted)).await;
    }

    async fn until(&self, fulfilled: impl Fn() -> bool) {
        let mut changed = self.changed.subscribe();
        while !fulfilled() {
            // The sender lives as long as `self`, so this cannot fail.
            let _changed = changed.changed().await;
        }
    }

    pub(crate) fn note(&self, ask: Ask, method: &Method, path: String) -> u64 {
        let mut kept = self.kept();
        if kept.entries.len() == KEPT {
            kept.entries.pop_front();
            kept.first += 1;
        }
        let number = kept.first + kept.entries.len() as u64;
        kept.entries.push_back(Entry { number, method: method.to_string(), path, ask, status: None });
        drop(kept);
        self.counts[ask as usize].fetch_add(1, Ordering::Relaxed);
        self.changed.send_replace(());
        number
    }

    pub(crate) fn answered(&self, number: u64, status: u16) {
        let mut kept = self.kept();
        let place = number.checked_sub(kept.first).and_then(|place| usize::try_from(place).ok());
        if let Some(entry) = place.and_then(|place| kept.entries.get_mut(place)) {
            entry.status = Some(status);
        }
        drop(kept);
        self.changed.send_replace(());
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
