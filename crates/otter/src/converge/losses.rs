//! PURE: what failed and has to be replaced, and whether its replacements have to wait.

use super::{Past, Plan};

/// A server or stack that failed and has to be replaced.
pub(super) struct Loss<'g> {
    pub(super) id: &'g str,
    /// Which one failed and why, in words for a person.
    pub(super) reason: String,
}

impl Plan {
    /// Tells what was lost, and whether replacements have to wait. The first time they do not. When something
    /// fails after that without ever having been in service, another like it will hardly do better; what has
    /// served and failed since says nothing of what is ordered now, however many rounds it takes to see it off.
    pub(super) fn tell_losses(&mut self, losses: &[Loss<'_>], past: &Past) -> bool {
        let never_served = losses.iter().filter(|loss| past.failing && !past.served.contains(loss.id));
        let before = self.failures.len();
        self.failures.extend(never_served.map(|loss| loss.reason.clone()));
        self.lost.extend(losses.iter().map(|loss| loss.reason.clone()));
        self.failures.len() > before
    }
}
