//! A fleet whose servers take time to boot.

use std::collections::VecDeque;

use super::Setup;
use crate::model::Limits;

/// Servers in service, and those that are not yet.
#[derive(Debug)]
pub(super) struct Fleet {
    ready: u32,
    boot: usize,
    limits: Limits,
    /// Those asked for, oldest first.
    batches: VecDeque<Batch>,
}

#[derive(Debug)]
struct Batch {
    /// The first tick in which they serve.
    serves_from: usize,
    servers: u32,
}

impl Fleet {
    pub(super) fn new(ready: u32, setup: &Setup) -> Fleet {
        Fleet { ready, boot: setup.boot, limits: setup.limits, batches: VecDeque::new() }
    }

    pub(super) fn ready(&self) -> u32 {
        self.ready
    }

    pub(super) fn booting(&self) -> u32 {
        self.batches.iter().map(|batch| batch.servers).sum()
    }

    /// Begins `tick`: who has booted serves.
    pub(super) fn begin(&mut self, tick: usize) {
        while self.batches.front().is_some_and(|batch| batch.serves_from <= tick) {
            self.ready += self.batches.pop_front().map_or(0, |batch| batch.servers);
        }
    }

    /// Moves to `wanted` servers, within the limits, at the end of `tick`; returns the change made.
    pub(super) fn move_to(&mut self, wanted: u32, tick: usize) -> i64 {
        let wanted = wanted.min(self.limits.max).max(self.limits.min);
        let total = self.ready + self.booting();
        if wanted > total {
            let serves_from = tick + 1 + self.boot;
            self.batches.push_back(Batch { serves_from, servers: wanted - total });
        } else {
            self.remove(total - wanted);
        }
        i64::from(wanted) - i64::from(total)
    }

    /// The youngest that still boot go first.
    fn remove(&mut self, mut servers: u32) {
        while let Some(mut youngest) = self.batches.pop_back() {
            let gone = youngest.servers.min(servers);
            youngest.servers -= gone;
            servers -= gone;
            if youngest.servers > 0 {
                self.batches.push_back(youngest);
                return;
            }
        }
        self.ready -= servers;
    }
}
