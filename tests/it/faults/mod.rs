//! Every request of a pass times everything that can go wrong with it.
//!
//! `table` says what must come of each, `kind` what can go wrong, `play` plays one cell on a cloud of its
//! own: the pass with the fault, then two without it.

mod kind;
mod play;
mod table;

use futures::stream::{self, StreamExt};

use crate::secrets::LOGS;
use crate::soak;
use play::play;
use table::{Cell, cells};

/// Cells played at the same time; most of them wait.
const AT_ONCE: usize = 16;
/// In an ordinary run one of so many cells is played that wait for their deadline.
const SAMPLE: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_in_every_request_ends_as_the_table_says() {
    let plays = if soak::is_full() { with_every_log(&cells()) } else { with_any_log(&sample(cells())) };
    let wrong: Vec<String> = stream::iter(plays)
        .map(|(cell, logs)| play(cell, logs))
        .buffer_unordered(AT_ONCE)
        .filter_map(async |played| played.err())
        .collect()
        .await;
    assert!(wrong.is_empty(), "{} cells are not as the table says:\n{}", wrong.len(), wrong.join("\n"));
}

/// All that are quick, and some of those that wait.
fn sample(cells: Vec<Cell>) -> Vec<Cell> {
    let (waiting, quick): (Vec<Cell>, Vec<Cell>) = cells.into_iter().partition(Cell::waits);
    let count = waiting.len().div_ceil(SAMPLE);
    soak::count("faults that a pass waits for", count, waiting.len());
    waiting.into_iter().step_by(SAMPLE).chain(quick).collect()
}

type Play = (Cell, &'static [&'static str]);

/// Each cell with another kind of log.
fn with_any_log(cells: &[Cell]) -> Vec<Play> {
    cells.iter().copied().zip(LOGS.into_iter().cycle()).collect()
}

/// Each cell with each kind of log.
fn with_every_log(cells: &[Cell]) -> Vec<Play> {
    cells.iter().flat_map(|cell| LOGS.map(|logs| (*cell, logs))).collect()
}
