//! PURE: how a round went, what that means for the group, and when the next round is.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Plan, StackStep, Step};
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
    /// Servers or stacks failed and are being replaced.
    Replaced(Vec<String>),
    /// Something did not work that may work in a while.
    Retry(Vec<String>),
    /// Something is waited for that should not take long.
    Limited(Vec<String>),
    /// Something will not mend itself.
    Failed(Vec<String>),
}

/// The verdict on a plan that was carried out with these faults.
pub fn judge(plan: &Plan, faults: &[Fault]) -> Verdict {
    let (passing, terminal): (Vec<_>, Vec<_>) =
        faults.iter().partition(|fault| matches!(fault, Fault::Retryable(_)));
    let failures = told(plan.failures.iter().cloned().chain(terminal.into_iter().map(Fault::to_string)));
    if !failures.is_empty() {
        return Verdict::Failed(failures);
    }
    if !plan.lost.is_empty() {
        return Verdict::Replaced(told(plan.lost.iter().cloned()));
    }
    if !passing.is_empty() {
        return Verdict::Retry(told(passing.into_iter().map(Fault::to_string)));
    }
    let last = |step: &Step| matches!(step, Step::Stack(StackStep::Finish { .. }));
    if !plan.steps.iter().all(last) || !plan.waits.is_empty() {
        return Verdict::Again;
    }
    if !plan.limited.is_empty() {
        return Verdict::Limited(plan.limited.clone());
    }
    Verdict::Done
}

/// Reasons in order, each once.
fn told(reasons: impl Iterator<Item = String>) -> Vec<String> {
    reasons.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Applies a verdict to the group. `seen` is what [`crate::model::state::Progress::wanted`] was
/// when the round began: if it has risen since, the group stays due. `soonest` is when there may
/// be something new to see.
pub fn apply(
    group: &mut Group,
    verdict: Verdict,
    seen: i64,
    now: Timestamp,
    (soonest, rules): (Timestamp, &Converge),
) {
    let progress = &mut group.progress;
    let well = || Some((Status::Active, Vec::new()));
    // In a run of failures, a round that goes well so far does not end it: being done does.
    let so_far_well = if progress.failures == 0 { well() } else { None };
    let (standing, next) = match verdict {
        Verdict::Done => {
            (progress.retries, progress.failures) = (0, 0);
            (well(), None)
        }
        Verdict::Again => {
            progress.retries = 0;
            (so_far_well, Some(soonest))
        }
        Verdict::Replaced(reasons) => {
            (progress.retries, progress.failures) = (0, progress.failures.max(1));
            (hindered(group, reasons), Some(soonest))
        }
        // Of a run of such rounds the first reason is told; the others may differ in a number.
        Verdict::Retry(_) if !group.errors.is_empty() => (None, Some(soonest)),
        Verdict::Retry(reasons) => (hindered(group, reasons), Some(soonest)),
        Verdict::Limited(_) if progress.retries < rules.limited_retries => {
            progress.retries += 1;
            (so_far_well, Some(soonest))
        }
        Verdict::Limited(reasons) => {
            let reasons = reasons.into_iter().map(|reason| format!("Timed out: {reason}")).collect();
            (Some((Status::Error, reasons)), Some(after_failure(progress, now, rules)))
        }
        Verdict::Failed(reasons) => {
            (Some((Status::Error, reasons)), Some(after_failure(progress, now, rules)))
        }
    };
    if let Some((status, errors)) = standing {
        (group.status, group.errors) = (status, errors);
    }
    // A pause that came meanwhile has taken the group off the list, a trigger has put it on again.
    if group.progress.wanted == seen && group.progress.due.is_some() {
        group.progress.due = next;
    }
}

/// A group that works, with what is in its way. One that fails goes on to say why.
fn hindered(group: &Group, reasons: Vec<String>) -> Option<(Status, Vec<String>)> {
    (group.status == Status::Active).then_some((Status::Active, reasons))
}

/// The pause after a failure doubles with each, up to the longest.
fn after_failure(
    progress: &mut crate::model::state::Progress,
    now: Timestamp,
    rules: &Converge,
) -> Timestamp {
    let doubled = rules.retry_first.saturating_mul(1 << progress.failures.min(20));
    progress.failures = progress.failures.saturating_add(1);
    progress.retries = 0;
    now.saturating_add(doubled.min(rules.retry_longest)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::*;
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
        plan.limited.push("busy".to_owned());
        assert_eq!(judge(&plan, &[]), Verdict::Limited(vec!["busy".to_owned()]));
        // As long as something else goes on, patience is not counted.
        plan.steps.push(Step::Create);
        assert_eq!(judge(&plan, &[]), Verdict::Again);
        let later = || vec!["later".to_owned()];
        assert_eq!(judge(&plan, std::slice::from_ref(&passing)), Verdict::Retry(later()));
        plan.lost.push("died".to_owned());
        assert_eq!(judge(&plan, std::slice::from_ref(&passing)), Verdict::Replaced(vec!["died".to_owned()]));
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
        let later = || Verdict::Retry(vec!["later".to_owned()]);
        for verdict in [Verdict::Again, later(), Verdict::Limited(vec!["busy".to_owned()])] {
            assert_eq!(applied(&mut group, verdict.clone()), Some(10));
            let standing = (group.status, group.errors.as_slice());
            assert_eq!(standing, (Status::Error, &["no".to_owned()][..]), "{verdict:?}");
        }
        assert_eq!(applied(&mut group, Verdict::Done), None);
        assert_eq!((group.status, group.errors.len()), (Status::Active, 0));
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
        assert_eq!(applied(&mut group, Verdict::Limited(vec!["busy".to_owned()])), Some(10));
        assert_eq!(group.status, Status::Error, "nothing shows that it works");
    }

    #[test]
    fn what_hinders_a_group_that_works_is_kept_until_it_is_over() {
        let mut group = group();
        let later = |reason: &str| Verdict::Retry(vec![reason.to_owned()]);
        assert_eq!(applied(&mut group, later("request 1 failed")), Some(10));
        assert_eq!(applied(&mut group, later("request 2 failed")), Some(10));
        assert_eq!(
            (group.status, group.errors.as_slice()),
            (Status::Active, &["request 1 failed".to_owned()][..])
        );
        applied(&mut group, Verdict::Again);
        assert!(group.errors.is_empty());

        // A server that failed is the first of a run of failures.
        let died = || Verdict::Replaced(vec!["died".to_owned()]);
        assert_eq!(applied(&mut group, died()), Some(10));
        assert_eq!(applied(&mut group, Verdict::Again), Some(10));
        assert_eq!((group.status, group.errors.len(), group.progress.failures), (Status::Active, 1, 1));
        assert_eq!(applied(&mut group, Verdict::Failed(vec!["died".to_owned()])), Some(120));
        assert_eq!(applied(&mut group, Verdict::Done), None);
        assert_eq!((group.status, group.errors.len(), group.progress.failures), (Status::Active, 0, 0));
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
