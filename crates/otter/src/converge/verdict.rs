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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::converge::Step;
    use crate::model::state::Progress;
    use crate::model::{GroupConfig, GroupKey};

    fn now() -> Timestamp {
        "2030-01-01T12:00:00Z".parse().unwrap()
    }

    fn group() -> Group {
        let (tenant, group) = ("t".to_owned(), "g".to_owned());
        let (name, metadata) = ("g".to_owned(), std::collections::BTreeMap::new());
        let config = GroupConfig { name, cooldown: 0, min_entities: 1, max_entities: 9, metadata };
        Group {
            progress: Progress { wanted: 5, due: Some(now()), ..Progress::default() },
            ..Group::new(GroupKey { tenant, group }, config)
        }
    }

    fn applied(group: &mut Group, verdict: Verdict) -> Option<i64> {
        apply(group, verdict, 5, now(), (now() + Duration::from_secs(10), &Converge::default()));
        group.progress.due.map(|due| due.as_second() - now().as_second())
    }

    #[test]
    fn the_worst_that_happened_is_the_verdict() {
        let mut plan = Plan::default();
        assert_eq!(judge(&plan, &[]), Verdict::Done);
        let passing = Fault::Retryable("later".to_owned());
        assert_eq!(judge(&plan, std::slice::from_ref(&passing)), Verdict::Again);
        plan.steps.push(Step::Create);
        assert_eq!(judge(&plan, &[]), Verdict::Again);
        plan.limited.push("busy".to_owned());
        assert_eq!(judge(&plan, std::slice::from_ref(&passing)), Verdict::Limited(vec!["busy".to_owned()]));
        // Reasons are sorted and told once; what is gone when it is to be changed is terminal.
        let faults = [
            Fault::Terminal("b".to_owned()),
            passing,
            Fault::Gone("a".to_owned()),
            Fault::Terminal("b".to_owned()),
        ];
        let reasons = vec!["a does not exist".to_owned(), "b".to_owned()];
        assert_eq!(judge(&plan, &faults), Verdict::Failed(reasons));
    }

    #[test]
    fn pauses_after_failures_double_up_to_an_hour_and_begin_anew_after_a_success() {
        let mut group = group();
        let failed = || Verdict::Failed(vec!["no".to_owned()]);
        let pauses: Vec<_> = (0..8).map(|_| applied(&mut group, failed()).unwrap()).collect();
        assert_eq!(pauses, [60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!((group.status, group.errors.len()), (Status::Error, 1));
        assert_eq!(applied(&mut group, Verdict::Again), Some(10));
        assert_eq!((group.status, group.errors.len()), (Status::Active, 0));
        assert_eq!(applied(&mut group, Verdict::Done), None);
        group.progress.due = Some(now());
        assert_eq!(applied(&mut group, failed()), Some(60));
    }

    #[test]
    fn limited_patience_ends_in_error_after_ten_rounds_in_a_row() {
        let mut group = group();
        for _ in 0..10 {
            assert_eq!(applied(&mut group, Verdict::Limited(vec!["busy".to_owned()])), Some(10));
            assert_eq!(group.status, Status::Active);
        }
        assert_eq!(applied(&mut group, Verdict::Limited(vec!["busy".to_owned()])), Some(60));
        assert_eq!(group.errors, ["Timed out: busy"]);
    }

    #[test]
    fn what_came_meanwhile_is_kept() {
        let mut triggered = group();
        triggered.progress.wanted = 6;
        assert_eq!(applied(&mut triggered, Verdict::Done), Some(0), "a trigger");
        let mut paused = group();
        paused.progress.due = None;
        assert_eq!(applied(&mut paused, Verdict::Again), None, "a pause");
    }
}
