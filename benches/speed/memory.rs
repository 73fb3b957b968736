//! The memory that ten thousand groups take in one pass.

use anyhow::{Result, ensure};

use crate::cloud::Cloud;
use crate::measure::{largest_child, run};
use crate::program::loadscale;

const GROUPS: usize = 10_000;
const BALANCERS: usize = 50;
const GOAL_MIB: f64 = 64.0;

pub(crate) fn figure() -> Result<()> {
    let cloud = Cloud::start(GROUPS, BALANCERS)?;
    let state_dir = cloud.folder.path().join("state");
    for pass in ["first pass, nothing known", "next pass, all remembered"] {
        let (cost, output) = run(&mut loadscale(&cloud, &state_dir))?;
        let records = output.stdout.iter().filter(|byte| **byte == b'\n').count();
        ensure!(records == GROUPS, "{records} records of {GROUPS} groups");
        let mib = largest_child()? as f64 / f64::from(1 << 20);
        println!("  {pass}: {mib:.1} MiB (under {GOAL_MIB}) in {:.1} s", cost.wall.as_secs_f64());
    }
    Ok(())
}
