//! The same warm pass with four weeks of minutes behind it and with next to nothing.

use std::fs;

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};
use loadscale::journal::jsonl::Jsonl;
use loadscale::journal::{Entry, Guard, Journal, State, digest};

use crate::cloud::Cloud;
use crate::measure::{compare, side_by_side};
use crate::program::Station;

const ROUNDS: usize = 40;
const PASSES: i64 = 28 * 24 * 60;

/// What noise may leave of "does not change it".
const GOAL: f64 = 1.05;

pub(crate) fn figure() -> Result<()> {
    let cloud = Cloud::start(2, 2)?;
    let (mut long, mut short) = (Station::new(&cloud, 1), Station::new(&cloud, 2));
    long.pass()?;
    short.pass()?;
    let bytes = lengthen(&long)?;
    println!("  {PASSES} passes, {:.1} MB after thinning", bytes as f64 / 1e6);
    let (with, without) = side_by_side(ROUNDS, || long.pass(), || short.pass())?;
    compare("wall, four weeks to none", (with.wall, without.wall), GOAL);
    compare("CPU, four weeks to none", (with.cpu, without.cpu), GOAL);
    Ok(())
}

/// Writes the station's journal anew as if its last pass had been made every minute for four weeks, and
/// returns how large it became.
fn lengthen(station: &Station<'_>) -> Result<u64> {
    let root = station.state_dir().join("groups");
    let folder = fs::read_dir(&root)?.next().context("no journal")??;
    let key = folder.file_name().into_string().ok().context("a journal's name is not text")?;
    let journal = Jsonl::new(root);
    tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
        let last = journal.peek(&key).await?;
        fs::remove_dir_all(folder.path())?;
        relive(&mut *journal.lock(&key).await?, &last).await
    })?;
    let sizes = fs::read_dir(folder.path())?.map(|entry| Ok(entry?.metadata()?.len()));
    sizes.sum()
}

async fn relive(guard: &mut dyn Guard, last: &State) -> Result<()> {
    let now = Timestamp::now();
    let at = |minutes| now - SignedDuration::from_mins(minutes);
    let mut pass = last.last.clone().context("the journal has no pass")?;
    let mut state = State::default();
    let rules = Entry::Rules { at: at(PASSES), rules: Box::new(last.rules.clone()) };
    guard.append(std::slice::from_ref(&rules)).await?;
    state.fold(&rules);
    for minutes in (1..=PASSES).rev() {
        pass.seen.at = at(minutes);
        let lived = Entry::Pass { pass: pass.clone(), memory: digest(&state.memory) };
        guard.append(std::slice::from_ref(&lived)).await?;
        state.fold(&lived);
    }
    Ok(guard.checkpoint(&state).await?)
}
