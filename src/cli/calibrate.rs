//! What can be typed after `calibrate`.

use std::path::PathBuf;

use clap::Args;

use crate::calibrate::objective::Objective;

/// What one server carries well, from the samples of a load test or from the journals of live groups.
///
/// Fits the Universal Scalability Law to throughput, finds the connections at which the objective breaks, and
/// prints the line for [capacity]. Samples that cannot tell give no number, but the reason and exit status 1.
#[derive(Debug, Clone, Args)]
pub struct CalibrateArgs {
    /// The samples: CSV as `loadtest --staircase` writes it.
    #[arg(value_name = "SAMPLES.csv", required_unless_present = "heartbeat")]
    pub samples: Option<PathBuf>,
    /// Instead of samples: settings of one group that watches the servers of --group by heartbeats. What their
    /// journals tell is a suggestion.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["samples", "servers"])]
    pub heartbeat: Option<PathBuf>,
    /// What "well" means: "p95 < 250ms", or "apdex(0.25s) >= 0.9".
    #[arg(long, value_name = "OBJECTIVE")]
    pub slo: Objective,
    /// The flavor of the servers [default: that of the group, else every flavor that is not named].
    #[arg(long, value_name = "FLAVOR")]
    pub flavor: Option<String>,
    /// The servers that shared the load.
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub servers: u32,
    /// Draw throughput, law and objective, as SVG.
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
}
