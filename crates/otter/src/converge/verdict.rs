//! PURE: how a round went, what that means for the group, and when the next round is.

use jiff::Timestamp;

use super::Plan;
use crate::fault::Fault;
use crate::model::Group;
use crate::model::state::Status;
use crate::settings::Converge;

/// How a round went; the worst of what happened in it.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The group is as it should be.
    Done,
    /// Steps were taken whose effect is still to be seen, or something is waited for.
    Again,
    /// Something is waited for that should not take long.
    Limited(Vec<String>),
    /// Something will not mend itself.
    Failed(Vec<String>),
}

/// The verdict on a plan that was carried out with these faults.
pub fn judge(plan: &Plan, faults: &[Fault]) -> Verdict {
    let terminal = faults.iter().filter(|fault| !matches!(fault, Fault::Retryable(_))).map(Fault::to_string);
    let mut failures: Vec<String> = plan.failures.iter().cloned().chain(terminal).collect();
    failures.sort();
    failures.dedup();
    if !failures.is_empty() {
        return Verdict::Failed(failures);
    }
    if !plan.limited.is_empty() {
        return Verdict::Limited(plan.limited.clone());
    }
    if plan.steps.is_empty() && plan.waits.is_empty() && faults.is_empty() {
        return Verdict::Done;
    }
    Verdict::Again
}

/// Applies a verdict to the group. `seen` is what [`crate::model::state::Progress::wanted`] was
/// when the round began: if it has risen since, the group stays due. `soonest` is when there may
/// be something new to see.
pub fn apply(
    group: &mut Group,
    verdict: Verdict,
    seen: i64,
    now: Timestamp,
    (soonest, pace): (Timestamp, &Converge),
) {
    let progress = &mut group.progress;
    let (errors, next) = match verdict {
        Verdict::Done => {
            (progress.retries, progress.failures) = (0, 0);
            (Vec::new(), None)
        }
        Verdict::Again => {
            progress.retries = 0;
            (Vec::new(), Some(soonest))
        }
        Verdict::Limited(_) if progress.retries < pace.limited_retries => {
            progress.retries += 1;
            (Vec::new(), Some(soonest))
        }
        Verdict::Limited(reasons) => {
            let reasons = reasons.into_iter().map(|reason| format!("Timed out: {reason}")).collect();
            (reasons, Some(after_failure(progress, now, pace)))
        }
        Verdict::Failed(reasons) => (reasons, Some(after_failure(progress, now, pace))),
    };
    group.status = if errors.is_empty() { Status::Active } else { Status::Error };
    group.errors = errors;
    // A pause that came meanwhile has taken the group off the list, a trigger has put it on again.
    if group.progress.wanted == seen && group.progress.due.is_some() {
        group.progress.due = next;
    }
}

/// The pause after a failure doubles with each, up to the longest.
fn after_failure(progress: &mut crate::model::state::Progress, now: Timestamp, pace: &Converge) -> Timestamp {
    let doubled = pace.retry_first.saturating_mul(1 << progress.failures.min(20));
    progress.failures = progress.failures.saturating_add(1);
    progress.retries = 0;
    now.saturating_add(doubled.min(pace.retry_longest)).unwrap_or(Timestamp::MAX)
}
