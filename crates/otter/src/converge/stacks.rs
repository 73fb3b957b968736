//! PURE: how a group gets from the stacks it has to the stacks it should have; one unit of capacity is one stack.
//!
//! What failed is deleted and replaced, what a check found wanting is updated, what has not been checked is
//! checked; once all have been, a last update brings them to the launch configuration. Nothing waits for that
//! one: it would have to be checked again, and so on for ever.

use std::cmp::Reverse;

use super::losses::Loss;
use super::{Plan, Seen, Step, Wanted};
use crate::launcher::{Stack, StackState};
use crate::model::state::ActiveServer;
use crate::settings::Converge;

/// One thing to be done with stacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StackStep {
    /// Order one.
    Create,
    /// Delete one.
    Delete {
        /// Which.
        stack: String,
    },
    /// Have one checked.
    Check {
        /// Which.
        stack: String,
    },
    /// Mend what a check has found.
    Mend {
        /// Which.
        stack: String,
    },
    /// Bring a good one to the launch configuration: the last step, for which nothing waits.
    Finish {
        /// Which.
        stack: String,
    },
}

impl Step {
    /// Whether it only looks after what is good as it is.
    pub fn is_care(&self) -> bool {
        matches!(self, Self::Stack(StackStep::Check { .. } | StackStep::Finish { .. }))
    }
}

/// Adds to a plan what brings a group from the stacks it has to those that are wanted.
pub(super) fn plan_stacks(wanted: &Wanted, seen: &Seen<'_>, rules: &Converge, plan: &mut Plan) {
    let stacks = &seen.stacks;
    let in_state = |state| stacks.iter().filter(move |stack| stack.state == state);
    let mut kept: Vec<&Stack> = stacks.iter().filter(|stack| worth(stack.state).is_some()).copied().collect();
    kept.sort_by_key(|stack| (worth(stack.state), Reverse(stack.created), &stack.id));
    let surplus = kept.split_off(wanted.desired.min(kept.len()));
    plan.active.extend(kept.iter().filter(|stack| serves(stack.state)).map(|stack| active(stack)));
    let stuck: Vec<&Stack> = in_state(StackState::DeleteFailed).copied().collect();
    if !stuck.is_empty() {
        plan.failures.extend(stuck.iter().map(|stack| format!("stack {} cannot be deleted", stack.id)));
        // A group that is to go keeps trying; in another this is for a person to look at first.
        let again = stuck.iter().filter(|_| wanted.deleting);
        plan.steps.extend(again.map(|stack| delete(stack)));
        return;
    }
    let missing = wanted.desired - kept.len();
    let hopeless = missing > 0 && plan.tell_losses(&losses(stacks), &seen.past);
    let before = plan.steps.len();
    plan.steps.extend(in_state(StackState::Failed).chain(&surplus).map(|stack| delete(stack)));
    let created = if hopeless { 0 } else { missing.min(rules.creates_per_round) };
    plan.steps.extend(std::iter::repeat_n(Step::Stack(StackStep::Create), created));
    let wanting = kept.iter().filter(|stack| stack.state == StackState::CheckFailed);
    plan.steps.extend(wanting.map(|stack| Step::Stack(StackStep::Mend { stack: stack.id.clone() })));
    let doings = [
        (StackState::Creating, "created"),
        (StackState::Updating, "updated"),
        (StackState::Deleting, "deleted"),
    ];
    for (state, doing) in doings {
        let count = in_state(state).count();
        if count > 0 {
            plan.waits.push(format!("{count} stacks are being {doing}"));
        }
    }
    let calm = plan.steps.len() == before && kept.len() == stacks.len();
    if calm && kept.iter().all(|stack| is_good(stack.state)) {
        plan.steps.extend(look_after(&kept));
    }
}

/// The stacks that failed.
fn losses<'g>(stacks: &[&'g Stack]) -> Vec<Loss<'g>> {
    let failed = stacks.iter().filter(|stack| stack.state == StackState::Failed);
    failed.map(|stack| Loss { id: &stack.id, reason: format!("stack {} failed", stack.id) }).collect()
}

/// What good stacks need: a check, and when all have had it, the last update.
fn look_after(good: &[&Stack]) -> Vec<Step> {
    let unchecked: Vec<&&Stack> = good.iter().filter(|stack| stack.state == StackState::Complete).collect();
    let of = |stack: &Stack, step: fn(String) -> StackStep| Step::Stack(step(stack.id.clone()));
    if unchecked.is_empty() {
        return good.iter().map(|stack| of(stack, |stack| StackStep::Finish { stack })).collect();
    }
    unchecked.into_iter().map(|stack| of(stack, |stack| StackStep::Check { stack })).collect()
}

/// The lower, the longer it is kept; `None` for those that do not count.
fn worth(state: StackState) -> Option<u8> {
    match state {
        StackState::Complete | StackState::CheckComplete => Some(0),
        StackState::Updating => Some(1),
        StackState::Creating => Some(2),
        StackState::CheckFailed => Some(3),
        StackState::Failed | StackState::Deleting | StackState::DeleteFailed => None,
    }
}

fn is_good(state: StackState) -> bool {
    matches!(state, StackState::Complete | StackState::CheckComplete)
}

fn serves(state: StackState) -> bool {
    is_good(state) || state == StackState::Updating
}

fn delete(stack: &Stack) -> Step {
    Step::Stack(StackStep::Delete { stack: stack.id.clone() })
}

fn active(stack: &Stack) -> ActiveServer {
    ActiveServer { id: stack.id.clone(), links: stack.links.clone() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::StackState as S;
    use super::*;
    use crate::converge::{Past, Verdict, judge, plan};

    /// The plan for stacks in these states, named 0, 1, 2 ... in order of age, the oldest first.
    fn planned(desired: usize, deleting: bool, states: &[S]) -> Plan {
        planned_after(&Past::default(), desired, deleting, states)
    }

    /// The same for a group with a past.
    fn planned_after(past: &Past, desired: usize, deleting: bool, states: &[S]) -> Plan {
        let stack = |(at, state): (usize, &S)| Stack {
            id: at.to_string(),
            state: *state,
            created: format!("2030-01-01T12:00:{at:02}Z").parse().unwrap(),
            tags: Vec::new(),
            links: Vec::new(),
        };
        let stacks: Vec<Stack> = states.iter().enumerate().map(stack).collect();
        let wanted = Wanted { desired, of_stacks: true, deleting, draining: None };
        let seen = Seen { stacks: stacks.iter().collect(), past: past.clone(), ..Seen::default() };
        let rules = Converge { creates_per_round: 10, ..Converge::default() };
        plan(&wanted, &seen, "2030-01-01T13:00:00Z".parse().unwrap(), &rules)
    }

    /// The steps in short: `create`, `delete 1` ...
    fn told(plan: &Plan) -> Vec<String> {
        let step = |step: &Step| match step {
            Step::Stack(StackStep::Create) => "create".to_owned(),
            Step::Stack(StackStep::Delete { stack }) => format!("delete {stack}"),
            Step::Stack(StackStep::Check { stack }) => format!("check {stack}"),
            Step::Stack(StackStep::Mend { stack }) => format!("mend {stack}"),
            Step::Stack(StackStep::Finish { stack }) => format!("finish {stack}"),
            other => panic!("{other:?}"),
        };
        plan.steps.iter().map(step).collect()
    }

    #[test]
    fn each_state_of_the_stacks_has_its_steps() {
        let cases: [(usize, &[S], &[&str], usize); 13] = [
            (0, &[], &[], 0),
            (2, &[], &["create", "create"], 0),
            (1, &[S::Creating], &[], 0),
            (1, &[S::Updating], &[], 1),
            (2, &[S::Complete, S::Complete], &["check 1", "check 0"], 2),
            (2, &[S::Complete, S::CheckComplete], &["check 0"], 2),
            (2, &[S::CheckComplete, S::CheckComplete], &["finish 1", "finish 0"], 2),
            (2, &[S::CheckComplete, S::CheckFailed], &["mend 1"], 1),
            (2, &[S::Complete, S::Creating], &[], 1),
            (2, &[S::Complete, S::Failed], &["delete 1", "create"], 1),
            (1, &[S::Complete, S::CheckComplete, S::Creating], &["delete 0", "delete 2"], 1),
            (2, &[S::Complete, S::Deleting], &["create"], 1),
            (1, &[S::Complete, S::Deleting], &[], 1),
        ];
        for (desired, states, steps, active) in cases {
            let plan = planned(desired, false, states);
            assert_eq!(
                (told(&plan), plan.active.len()),
                (steps.iter().map(ToString::to_string).collect(), active),
                "{desired} of {states:?}"
            );
        }
        assert_eq!(planned(99, false, &[]).steps.len(), 10, "as many as a round orders");
    }

    #[test]
    fn a_group_is_done_with_the_last_update_and_not_before() {
        let verdict = |states: &[S]| judge(&planned(1, false, states), &[]);
        assert_eq!(verdict(&[S::CheckComplete]), Verdict::Done);
        for state in [S::Complete, S::CheckFailed, S::Creating, S::Updating] {
            assert_eq!(verdict(&[state]), Verdict::Again, "{state:?}");
        }
        assert_eq!(verdict(&[S::Failed]), Verdict::Replaced(vec!["stack 0 failed".to_owned()]));
        assert_eq!(judge(&planned(0, true, &[S::Deleting]), &[]), Verdict::Again);
    }

    #[test]
    fn what_fails_again_and_again_is_an_error_and_replaced_after_a_pause() {
        let first = planned(1, false, &[S::Failed]);
        assert_eq!(told(&first), ["delete 0", "create"]);
        let failing = Past { failing: true, ..Past::default() };
        let again = planned_after(&failing, 1, false, &[S::Failed]);
        assert_eq!(told(&again), ["delete 0"]);
        assert_eq!(judge(&again, &[]), Verdict::Failed(vec!["stack 0 failed".to_owned()]));
        assert_eq!(told(&planned_after(&failing, 1, false, &[])), ["create"], "after the pause");
        let served = Past { served: ["0".to_owned()].into(), ..failing.clone() };
        let died = planned_after(&served, 1, false, &[S::Failed]);
        assert_eq!((told(&died).len(), died.failures.len()), (2, 0), "it was well once");
        let surplus = planned_after(&failing, 1, false, &[S::Complete, S::Failed]);
        assert_eq!((told(&surplus).len(), surplus.failures.len()), (1, 0), "nothing has to be replaced");
    }

    #[test]
    fn a_stack_that_cannot_be_deleted_is_an_error_and_all_else_waits() {
        let plan = planned(2, false, &[S::Complete, S::DeleteFailed]);
        assert_eq!((told(&plan).len(), plan.active.len()), (0, 1));
        assert_eq!(judge(&plan, &[]), Verdict::Failed(vec!["stack 1 cannot be deleted".to_owned()]));
        assert_eq!(
            told(&planned(0, true, &[S::DeleteFailed])),
            ["delete 0"],
            "a group that is to go keeps trying"
        );
    }
}
