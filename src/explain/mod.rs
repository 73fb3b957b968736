//! A decision explained: what was seen, every question that was asked of it with its answer, and what would
//! have led to another move. Pure: all of it is asked of `decide` again.
//!
//! Reading order: [`Explanation`] here, `otherwise` (changed inputs, and what `decide` says to them).

use std::cell::RefCell;

use jiff::Timestamp;
use serde::Serialize;

mod otherwise;
#[cfg(test)]
mod tests;

pub use otherwise::Otherwise;

use crate::decide::asked::Passed;
use crate::decide::decide_telling;
use crate::journal::retrace::Moment;
use crate::model::{Observation, Reading, elapsed};
use crate::record::{Progress, Record};

/// Why a pass decided what it did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The record of the pass.
    pub record: Record,
    /// Whether the journal's past leads to the same memory and to the same decision again.
    pub reproduced: bool,
    /// How old everything was that the decision rested on.
    pub ages: Ages,
    /// What was asked, in order. The last one decided.
    pub chain: Vec<Answer>,
    /// What would have led to another move, each by itself.
    pub otherwise: Vec<Otherwise>,
}

/// Ages as of the pass, in seconds; none of what could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ages {
    /// The youngest that the reading can be.
    pub reading_at_least: Option<f64>,
    /// The oldest that it can be.
    pub reading_at_most: Option<f64>,
    /// Of the group's limits, cooldowns and policies. Its servers were counted in the pass itself.
    pub details: Option<f64>,
}

/// One question, and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// A stable word for the question.
    pub question: &'static str,
    /// The question as people ask it.
    pub asked: String,
    /// Whether the decision went on; the last answer of a move did, that of a hold did not.
    pub passed: bool,
    /// What was found.
    pub answer: String,
}

impl Explanation {
    /// Explains what was decided for `group` at `moment`, given how far its move has come.
    pub fn of(group: &str, moment: &Moment, progress: &Progress) -> Explanation {
        Explanation {
            record: Record::new(group, &moment.rules, &moment.pass, progress),
            reproduced: moment.is_reproduced(),
            ages: Ages::of(&moment.pass.seen),
            chain: chain(moment),
            otherwise: otherwise::all(moment),
        }
    }
}

impl Ages {
    fn of(seen: &Observation) -> Ages {
        let seconds = |since: Timestamp| elapsed(since, seen.at).as_secs_f64();
        let reading = |instant: fn(&Reading) -> Timestamp| seen.reading.as_ref().ok().map(instant);
        Ages {
            reading_at_least: reading(|reading| reading.taken.latest).map(seconds),
            reading_at_most: reading(|reading| reading.taken.earliest).map(seconds),
            details: seen.fleet.as_ref().ok().map(|fleet| seconds(fleet.details_at)),
        }
    }
}

/// The questions that `decide` asked on its way to the decision, which is the last answer.
fn chain(moment: &Moment) -> Vec<Answer> {
    let Moment { rules, memory, pass, .. } = moment;
    let passed: RefCell<Vec<Passed>> = RefCell::default();
    let memory = memory.after(rules, &pass.seen);
    let decision = decide_telling(rules, &memory, &pass.seen, &|answer| passed.borrow_mut().push(answer));
    let on_the_way = passed.into_inner().into_iter().map(|answer| Answer {
        question: answer.question().word(),
        asked: answer.question().to_string(),
        passed: true,
        answer: answer.to_string(),
    });
    let last = decision.verdict.question();
    let verdict = Answer {
        question: last.word(),
        asked: last.to_string(),
        passed: decision.verdict.change().is_some(),
        answer: decision.verdict.to_string(),
    };
    on_the_way.chain([verdict]).collect()
}
