//! What makes the scores of a trace look better than the service was.

use super::Setup;
use super::trace::Trace;

/// What to keep in mind, each as a sentence without a full stop.
pub fn caveats(trace: &Trace, setup: &Setup) -> Vec<String> {
    let mut told = Vec::new();
    if trace.looks_capped {
        told.push(
            "the load stays at its peak for long: if overload capped it, the true load was higher and every score \
             flatters"
                .to_owned(),
        );
    }
    let beyond = setup.beyond_max(trace);
    if beyond > 0.0 {
        told.push(format!(
            "{beyond:.1} % of the time the load needs more than {} servers, the most there may be: that is lost load, \
             but nobody can be short of what may not be, so every score flatters",
            setup.limits.max
        ));
    }
    told
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::model::Limits;

    #[test]
    fn a_fleet_that_may_not_grow_is_told_of() {
        let trace = Trace {
            name: "made".to_owned(),
            start: Timestamp::UNIX_EPOCH,
            tick: Duration::from_secs(60),
            load: vec![Some(10.0), None, Some(90.0), Some(20.0), Some(91.0)],
            looks_capped: false,
        };
        let setup = |max| Setup { capacity: 10.0, fixed: 0.0, boot: 1, limits: Limits { min: 1, max } };
        assert_eq!(caveats(&trace, &setup(10)), Vec::<String>::new());
        let told = caveats(&trace, &setup(9));
        assert!(
            told.len() == 1 && told[0].starts_with("25.0 % of the time the load needs more than 9"),
            "{told:?}"
        );
    }
}
