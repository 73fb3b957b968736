//! A staircase of load: so many users for a while, then more, up to the last step.

use std::str::FromStr;
use std::time::Duration;

use anyhow::bail;

/// The numbers of users of a staircase, rising.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Staircase {
    steps: Vec<usize>,
}

impl FromStr for Staircase {
    type Err = String;

    /// Reads `FROM..TO:STEP`: 4..40:4 is 4, 8, 12 and so on up to 40.
    fn from_str(text: &str) -> Result<Self, String> {
        let wanted =
            || format!("a staircase is FROM..TO:STEP, all above zero and FROM below TO: not {text:?}");
        let (range, step) = text.split_once(':').ok_or_else(wanted)?;
        let (from, to) = range.split_once("..").ok_or_else(wanted)?;
        let number = |part: &str| part.trim().parse().ok().filter(|number| *number > 0).ok_or_else(wanted);
        let (from, to, step): (usize, usize, usize) = (number(from)?, number(to)?, number(step)?);
        if from < to { Ok(Self { steps: (from..=to).step_by(step).collect() }) } else { Err(wanted()) }
    }
}

impl Staircase {
    /// The staircase with `each` time on every step, as a test plan of Goose: users come at once.
    ///
    /// # Errors
    /// When a step does not last whole seconds, which are all that Goose knows.
    pub(crate) fn plan(&self, each: Duration) -> anyhow::Result<String> {
        if each.is_zero() || each.subsec_nanos() != 0 {
            bail!("a step of {each:?}: Goose knows whole seconds only");
        }
        let seconds = each.as_secs();
        let up: String = self.steps.iter().map(|users| format!("{users},0;{users},{seconds};")).collect();
        Ok(up + "0,0")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn users_come_at_once_and_stay_for_each_step() {
        let staircase: Staircase = "4..9:2".parse().unwrap();
        let plan = staircase.plan(Duration::from_secs(3)).unwrap();
        assert_eq!(plan, "4,0;4,3;6,0;6,3;8,0;8,3;0,0");
        assert!(staircase.plan(Duration::from_millis(1500)).is_err());
    }

    #[test]
    fn what_does_not_rise_is_no_staircase() {
        for wrong in ["", "4", "4..9", "9..4:1", "4..9:0", "0..9:1", "4..4:1", "a..b:c", "-1..3:1"] {
            assert!(wrong.parse::<Staircase>().is_err(), "{wrong}");
        }
    }
}
