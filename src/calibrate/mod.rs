//! Calibration: what one server carries well, from the samples of a load test or from live history. Pure:
//! no files, no clock, and the same answer for the same samples.
//!
//! Reading order: `samples` (what was measured), `objective` (what "well" means), [`levels`] (samples of
//! the same load together, and whether they can be trusted), [`knee`] (where the objective breaks), [`usl`]
//! (the law of the throughput), [`bootstrap`] (how sure both are), [`refusal`] (why there is no answer),
//! [`history`] (the same from live groups), [`plot`] (the picture).

pub mod bootstrap;
pub mod history;
pub mod knee;
pub mod levels;
pub mod objective;
pub mod plot;
pub mod refusal;
pub mod samples;
#[cfg(test)]
mod tests;
pub mod usl;

use serde::Serialize;

use levels::Level;
use objective::Objective;
use refusal::Refusal;
use samples::Samples;
use usl::Usl;

/// What one server carries well.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// The connections of one server at which the objective breaks.
    pub connections: Estimate,
    /// The law of one server's throughput; none where throughput was not measured.
    pub law: Option<Law>,
    /// What it rests on, by rising connections.
    pub levels: Vec<Level>,
}

/// A number and the interval that holds it with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end; infinite, and `null` in JSON, where there is none.
    pub high: f64,
}

/// The Universal Scalability Law of one server, fitted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Law {
    /// Answers a second of a single connection.
    pub lambda: Estimate,
    /// Contention: the share of the work that waits for its turn.
    pub sigma: Estimate,
    /// Coherency: what each pair of connections costs beyond that.
    pub kappa: Estimate,
    /// The connections at which throughput is greatest; none if it never falls.
    pub peak: Option<Estimate>,
    /// How far the throughput is off the law: the root of the mean squared error, over the mean throughput.
    pub misfit: f64,
}

impl Law {
    /// Answers a second with `n` connections.
    pub fn throughput(&self, n: f64) -> f64 {
        Usl { lambda: self.lambda.value, sigma: self.sigma.value, kappa: self.kappa.value }.throughput(n)
    }
}

impl Calibration {
    /// What to write under `[capacity]`: the connections, rounded down to three digits.
    pub fn capacity(&self) -> f64 {
        let value = self.connections.value;
        let digits = 10f64.powi(2 - value.log10().floor() as i32);
        (value * digits).floor() / digits
    }
}

/// Finds what one of the `servers` that shared the load of `samples` carries well.
///
/// # Errors
/// Why the samples give no number.
pub fn calibrate(samples: &Samples, objective: &Objective, servers: u32) -> Result<Calibration, Refusal> {
    let levels = levels::of_samples(samples, objective, f64::from(servers));
    levels::enough(&levels)?;
    let used = knee::usable(&levels, objective)?;
    let resampled = bootstrap::Resampled::of(used);
    let connections = resampled.knee(knee::of(used, objective)?)?;
    Ok(Calibration { connections, law: resampled.law(usl::of(used)), levels: used.to_vec() })
}
