//! The Universal Scalability Law: throughput X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1)).
//!
//! Neil J. Gunther, Guerrilla Capacity Planning, Springer 2007, chapter 4; with lambda as in Schwartz,
//! Practical Scalability Analysis with the Universal Scalability Law, 2015. N are connections of one server.
//! Least squares on the throughput by the method of Levenberg and Marquardt, with sigma and kappa never
//! below zero: what is neither is the best on a face of that corner, so each face is searched.

use super::levels::Level;

/// Rounds of a search; it settles in about ten.
const ROUNDS: usize = 60;
/// A search has settled when a round changes the squared error by no more than this share.
const SETTLED: f64 = 1e-9;

/// The law's three parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usl {
    /// Answers a second of a single connection.
    pub lambda: f64,
    /// Contention.
    pub sigma: f64,
    /// Coherency.
    pub kappa: f64,
}

/// Which of lambda, sigma and kappa are searched; the others stay zero. One for each face of the corner.
const FACES: [[bool; 3]; 4] =
    [[true, true, true], [true, true, false], [true, false, true], [true, false, false]];

/// The law that fits the throughput of `levels` best; nothing where that was not measured.
pub fn of(levels: &[Level]) -> Option<Usl> {
    let points: Option<Vec<(f64, f64)>> = levels
        .iter()
        .map(|level| level.throughput.map(|throughput| (level.connections, throughput)))
        .collect();
    fit(&points?)
}

/// The law that fits pairs of connections and throughput best; nothing if there is nothing to fit.
pub fn fit(points: &[(f64, f64)]) -> Option<Usl> {
    let points: Vec<(f64, f64)> = points.iter().copied().filter(|(n, x)| *n > 0.0 && *x > 0.0).collect();
    let lambda = points.iter().map(|(n, x)| x / n).fold(0.0, f64::max);
    let most = points.iter().map(|(n, _)| *n).fold(0.0, f64::max);
    if lambda <= 0.0 {
        return None;
    }
    // Half lost at the most connections there were: a law in the middle of what can be.
    let start = |face: [bool; 3]| {
        let share = |free: bool, by: f64| if free { 1.0 / by.max(1.0) } else { 0.0 };
        Usl { lambda, sigma: share(face[1], most), kappa: share(face[2], most * most) }
    };
    let found = FACES.map(|face| search(&points, start(face), face));
    found.into_iter().min_by(|a, b| a.error(&points).total_cmp(&b.error(&points)))
}

fn search(points: &[(f64, f64)], start: Usl, face: [bool; 3]) -> Usl {
    let (mut law, mut error, mut damping) = (start, start.error(points), 1e-3);
    for _ in 0..ROUNDS {
        let next = law.moved(law.step(points, face, damping));
        let gain = error - next.error(points);
        let settled = gain.abs() <= error * SETTLED;
        if gain > 0.0 {
            (law, error, damping) = (next, error - gain, damping / 3.0);
        } else {
            damping *= 4.0;
        }
        if settled {
            break;
        }
    }
    law
}

impl Usl {
    /// Answers a second with `n` connections.
    pub fn throughput(&self, n: f64) -> f64 {
        self.lambda * n / self.loss(n)
    }

    /// The connections at which throughput is greatest; none if it never falls.
    pub fn peak(&self) -> Option<f64> {
        (self.kappa > 0.0 && self.sigma < 1.0).then(|| ((1.0 - self.sigma) / self.kappa).sqrt())
    }

    /// How far `points` are off the law: the root of the mean squared error, over the mean throughput.
    pub fn misfit(&self, points: &[(f64, f64)]) -> f64 {
        let mean = points.iter().map(|(_, x)| x).sum::<f64>() / points.len() as f64;
        (self.error(points) / points.len() as f64).sqrt() / mean
    }

    fn loss(&self, n: f64) -> f64 {
        1.0 + self.sigma * (n - 1.0) + self.kappa * n * (n - 1.0)
    }

    fn error(&self, points: &[(f64, f64)]) -> f64 {
        points.iter().map(|(n, x)| (x - self.throughput(*n)).powi(2)).sum()
    }

    /// The throughput's slope by each parameter.
    fn slopes(&self, n: f64) -> [f64; 3] {
        let (loss, x) = (self.loss(n), self.throughput(n));
        [n / loss, -x * (n - 1.0) / loss, -x * n * (n - 1.0) / loss]
    }

    /// A damped step towards the least error, from the normal equations scaled by their diagonal.
    fn step(&self, points: &[(f64, f64)], face: [bool; 3], damping: f64) -> [f64; 3] {
        let (mut normal, mut right) = ([[0.0; 3]; 3], [0.0; 3]);
        for (n, x) in points {
            let slopes = self.slopes(*n);
            for (i, row) in normal.iter_mut().enumerate() {
                right[i] += slopes[i] * (x - self.throughput(*n));
                row.iter_mut().zip(slopes).for_each(|(cell, slope)| *cell += slopes[i] * slope);
            }
        }
        for (i, free) in face.into_iter().enumerate() {
            if free {
                normal[i][i] *= 1.0 + damping;
            } else {
                (normal[i], right[i]) = ([0.0; 3], 0.0);
                normal.iter_mut().for_each(|row| row[i] = 0.0);
            }
            normal[i][i] = if normal[i][i] > 0.0 { normal[i][i] } else { 1.0 };
        }
        solve(normal, right)
    }

    fn moved(&self, step: [f64; 3]) -> Usl {
        Usl {
            lambda: (self.lambda + step[0]).max(0.0),
            sigma: (self.sigma + step[1]).clamp(0.0, 1.0),
            kappa: (self.kappa + step[2]).max(0.0),
        }
    }
}

/// Solves a positive definite system by Cramer's rule, after scaling its diagonal to one; zero if it is
/// singular.
fn solve(a: [[f64; 3]; 3], b: [f64; 3]) -> [f64; 3] {
    let scale: [f64; 3] = std::array::from_fn(|i| a[i][i].sqrt());
    let a: [[f64; 3]; 3] = std::array::from_fn(|i| std::array::from_fn(|j| a[i][j] / (scale[i] * scale[j])));
    let b: [f64; 3] = std::array::from_fn(|i| b[i] / scale[i]);
    let whole = determinant(&a);
    if whole <= 0.0 {
        return [0.0; 3];
    }
    std::array::from_fn(|column| {
        let mut with = a;
        with.iter_mut().zip(b).for_each(|(row, value)| row[column] = value);
        determinant(&with) / whole / scale[column]
    })
}

fn determinant(a: &[[f64; 3]; 3]) -> f64 {
    let minor = |i: usize, j: usize| a[1][i] * a[2][j] - a[1][j] * a[2][i];
    a[0][0] * minor(1, 2) - a[0][1] * minor(0, 2) + a[0][2] * minor(0, 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn near(found: f64, wanted: f64) -> bool {
        (found - wanted).abs() <= 1e-6 * wanted.abs().max(1e-3)
    }

    #[test]
    fn a_law_is_found_again_in_its_own_throughput() {
        for law in [
            Usl { lambda: 995.65, sigma: 0.02671, kappa: 7.69e-4 },
            Usl { lambda: 20.0, sigma: 0.05, kappa: 0.0 },
            Usl { lambda: 20.0, sigma: 0.0, kappa: 1e-3 },
            Usl { lambda: 3.0, sigma: 0.0, kappa: 0.0 },
            Usl { lambda: 12.0, sigma: 0.9, kappa: 1e-5 },
        ] {
            let points: Vec<_> = (1..=12).map(|k| f64::from(k * 4)).map(|n| (n, law.throughput(n))).collect();
            let found = fit(&points).unwrap();
            let same = [(found.lambda, law.lambda), (found.sigma, law.sigma), (found.kappa, law.kappa)];
            assert!(same.into_iter().all(|(found, wanted)| near(found, wanted)), "{found:?} for {law:?}");
            assert!(found.misfit(&points) < 1e-6);
        }
    }

    #[test]
    fn better_than_linear_throughput_does_not_make_a_parameter_negative() {
        let points: Vec<_> = (1..=10).map(f64::from).map(|n| (n, n.powf(1.2))).collect();
        let found = fit(&points).unwrap();
        assert_eq!((found.sigma, found.kappa), (0.0, 0.0));
        assert_eq!(found.peak(), None);
    }

    #[test]
    fn no_other_law_nearby_fits_better() {
        // A server of four workers: straight up, then flat; no law fits it exactly.
        let points: Vec<_> = (1..=16).map(f64::from).map(|n| (n, 10.0 * n.min(4.0))).collect();
        let found = fit(&points).unwrap();
        let least = found.error(&points);
        for factor in [0.99, 1.01] {
            for other in [
                Usl { lambda: found.lambda * factor, ..found },
                Usl { sigma: (found.sigma * factor).max(1e-4), ..found },
                Usl { kappa: found.kappa * factor + 1e-5, ..found },
            ] {
                assert!(other.error(&points) > least, "{other:?} fits better than {found:?}");
            }
        }
    }

    #[test]
    fn throughput_is_greatest_at_the_peak() {
        let law = Usl { lambda: 10.0, sigma: 0.1, kappa: 0.001 };
        let peak = law.peak().unwrap();
        assert!((peak - 30.0).abs() < 1e-9);
        assert!([peak * 0.98, peak * 1.02].iter().all(|n| law.throughput(*n) < law.throughput(peak)));
    }

    #[test]
    fn nothing_to_fit_gives_no_law() {
        assert_eq!(fit(&[]), None);
        assert_eq!(fit(&[(1.0, 0.0)]), None);
    }
}
