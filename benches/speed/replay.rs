//! Four weeks of minutes through each strategy that runs live, in this process.

use std::time::Duration;

use anyhow::{Result, ensure};
use jiff::Timestamp;
use loadscale::model::{Limits, Moves, Rules, Strategy};
use loadscale::replay::live::Live;
use loadscale::replay::trace::Trace;
use loadscale::replay::{Setup, run};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::measure::{Cost, here, median};

const MINUTES: usize = 28 * 24 * 60;
const ROUNDS: usize = 15;

/// A fleet of two to twenty servers over the day, each of them three minutes in booting.
const SETUP: Setup = Setup { capacity: 50.0, fixed: 0.0, boot: 3, limits: Limits { min: 2, max: 100 } };

/// What each may take.
const GOALS: [(Strategy, Duration); 3] = [
    (Strategy::Threshold, Duration::from_millis(50)),
    (Strategy::TargetTracking, Duration::from_millis(50)),
    (Strategy::Predictive, Duration::from_secs(2)),
];

pub(crate) fn figure() -> Result<()> {
    let trace = day_waves();
    let mut costs = GOALS.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        for (which, (strategy, _)) in GOALS.into_iter().enumerate() {
            let (cost, moves) = here(|| replay(&trace, strategy))?;
            ensure!(moves > 0, "{} never moved: nothing was measured", strategy.name());
            costs[which].push(cost);
        }
    }
    for ((strategy, goal), costs) in GOALS.into_iter().zip(costs) {
        let Cost { wall, cpu } = median(&costs);
        let [wall, cpu] = [wall, cpu].map(|time| time.as_secs_f64() * 1e3);
        println!(
            "  {:<16} wall {wall:.1} ms, CPU {cpu:.1} ms (under {} ms)",
            strategy.name(),
            goal.as_millis()
        );
    }
    Ok(())
}

/// How many moves a strategy makes.
fn replay(trace: &Trace, strategy: Strategy) -> usize {
    let book = Rules { strategy, ..Rules::default() }.into();
    let mut live = Live::new(book, Moves::Exact, Duration::ZERO, &SETUP, trace);
    let course = run(trace, &SETUP, SETUP.start(trace), &mut live);
    course.change.iter().filter(|change| **change != 0).count()
}

/// A wave a day around 500 connections, with noise of a twentieth.
fn day_waves() -> Trace {
    let mut random = ChaCha8Rng::seed_from_u64(28);
    let load = (0..MINUTES).map(|minute| {
        let day = minute as f64 / 1440.0 * std::f64::consts::TAU;
        Some((500.0 - 400.0 * day.cos()) * random.random_range(0.95..1.05))
    });
    Trace {
        name: "four weeks".to_owned(),
        start: Timestamp::UNIX_EPOCH,
        tick: Duration::from_secs(60),
        load: load.collect(),
        looks_capped: false,
    }
}
