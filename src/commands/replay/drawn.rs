//! What is drawn of a replay: courses, the curve of a sweep, and a page of all that.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::candidates::{Candidate, Swept};
use super::given::Given;
use crate::cli::Sweep;
use crate::replay::curve::{self, Curve, Point};
use crate::replay::report::Judged;
use crate::replay::score::Score;
use crate::replay::{Course, plot, report};

/// Everything that was judged.
pub(super) struct Drawn<'a> {
    pub(super) given: &'a Given,
    pub(super) sweep: Option<&'a Sweep>,
    pub(super) candidates: &'a [Candidate],
    pub(super) scores: &'a [Score],
    /// The courses that were kept.
    pub(super) courses: &'a [Option<Course>],
}

impl Drawn<'_> {
    /// Draws the curve of a sweep, else the course of what is judged first.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(super) fn plot(&self, file: &Path) -> Result<()> {
        let Given { trace, setup, .. } = self.given;
        let svg = match (self.curve(), self.candidates, self.scores) {
            (Some(curve), ..) => curve,
            (None, [first, rest @ ..], [score, ..]) => {
                if !rest.is_empty() {
                    let left = rest.len();
                    tracing::warn!(
                        "{} shows {} alone; --html shows the other {left} too",
                        file.display(),
                        first.label()
                    );
                }
                plot::svg(trace, setup, &first.course(self.given), &first.label(), score)
            }
            _ => return Ok(()),
        };
        write(file, svg)
    }

    /// Writes the report. Of a sweep, which can have thousands of courses, it draws the best one.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(super) fn page(&self, file: &Path) -> Result<()> {
        let Given { trace, setup, .. } = self.given;
        let points = (0..self.scores.len()).filter(|n| self.candidates[*n].swept.is_some());
        let best = points.min_by(|a, b| self.scores[*a].j.total_cmp(&self.scores[*b].j));
        let of = |n: usize| {
            self.courses[n]
                .clone()
                .or_else(|| (best == Some(n)).then(|| self.candidates[n].course(self.given)))
        };
        let judged = self.candidates.iter().zip(self.scores).enumerate();
        let judged = judged.map(|(n, (candidate, score))| Judged {
            name: candidate.label(),
            settings: candidate.settings(),
            score,
            course: of(n),
        });
        let judged: Vec<Judged<'_>> = judged.collect();
        write(file, report::html(trace, setup, &self.given.world(), &judged, self.curve().as_deref()))
    }

    /// The curve of a sweep; none if it was none.
    fn curve(&self) -> Option<String> {
        let mut curves: Vec<Curve> = Vec::new();
        for (candidate, score) in self.candidates.iter().zip(self.scores) {
            let Some(Swept { of, value, shown, .. }) = &candidate.swept else { continue };
            let point = Point { value: *value, shown: shown.clone(), score: score.clone() };
            match curves.last_mut() {
                Some(curve) if curve.name == *of => curve.points.push(point),
                _ => curves.push(Curve { name: of.clone(), points: vec![point] }),
            }
        }
        self.sweep.map(|sweep| curve::svg(&self.given.trace.name, sweep.knob.name, &curves))
    }
}

fn write(file: &Path, text: String) -> Result<()> {
    fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))
}
