//! Executes a policy, once, and says what became of it.

use tokio::time::Instant;

use crate::fault::{Fault, Said};
use crate::paging::escaped;
use crate::service::Service;
use crate::session::{Session, Undone};

/// The status by which the service says that it has changed the desired capacity.
const ACCEPTED: u16 = 202;

/// Autoscale's own reasons to decline a policy, which are no failures.
const REFUSALS: [&str; 3] = ["CannotExecutePolicyError", "GroupPausedError", "TenantSuspendedError"];

/// What became of an execution.
#[derive(Debug, Clone, PartialEq)]
pub enum Executed {
    /// The desired capacity was changed.
    Done,
    /// The service declined by its own rules: a cooldown, no change, a paused group.
    Refused {
        /// The service's name for the rule.
        kind: String,
        /// The service's words.
        message: String,
    },
    /// Nothing was changed.
    Failed(Fault),
    /// It may have been changed; the group's desired capacity will tell.
    Unknown(Fault),
}

/// Executes a policy of a group.
pub async fn execute(session: &Session, group: &str, policy: &str, deadline: Instant) -> Executed {
    let path = format!("/groups/{}/policies/{}/execute", escaped(group), escaped(policy));
    match session.execute_once(Service::Autoscale, &path, ACCEPTED, deadline).await {
        Ok(()) => Executed::Done,
        Err(Undone::Unknown(fault)) => Executed::Unknown(fault),
        Err(Undone::Failed(fault)) => declined(fault),
    }
}

fn declined(fault: Fault) -> Executed {
    match fault {
        Fault::Forbidden { kind: Some(kind), said: Said(message), .. }
            if REFUSALS.contains(&kind.as_str()) =>
        {
            Executed::Refused { kind, message }
        }
        Fault::Forbidden { call, kind, said } => Executed::Failed(Fault::Forbidden {
            call,
            kind,
            said: Said(format!(
                "the user may not execute policies; it needs the role autoscale:admin, admin or \
                 identity:user-admin{said}"
            )),
        }),
        fault => Executed::Failed(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Call;

    fn forbidden(kind: &str) -> Executed {
        let call = Call { method: "POST", address: "http://as/x".into() };
        declined(Fault::Forbidden { call, kind: Some(kind.into()), said: Said("words".into()) })
    }

    #[test]
    fn the_services_own_rules_are_refusals() {
        for kind in REFUSALS {
            assert_eq!(forbidden(kind), Executed::Refused { kind: kind.into(), message: "words".into() });
        }
    }

    #[test]
    fn any_other_403_is_a_failure_that_names_the_role() {
        let Executed::Failed(fault) = forbidden("Forbidden") else { panic!("a failure") };
        assert!(fault.to_string().contains("autoscale:admin"), "{fault}");
        assert!(fault.to_string().contains("words"), "{fault}");
    }
}
