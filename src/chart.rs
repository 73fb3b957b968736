//! Round numbers along an axis, for every picture.

/// Multiples of 1, 2 or 5 times a power of ten from `from` to `to`, at most about `most` of them.
pub fn marks(from: f64, to: f64, most: f64) -> Vec<f64> {
    let rough = (to - from) / most;
    if !rough.is_finite() || rough <= 0.0 {
        return Vec::new();
    }
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough);
    let step = step.unwrap_or(10.0 * power);
    let first = (from / step).ceil();
    // Rounded again, since 3 x 0.2 is not 0.6.
    let digits = (1.0 - step.log10().floor()).clamp(0.0, 15.0) as usize;
    let round = |mark: f64| format!("{mark:.digits$}").parse().unwrap_or(mark);
    let slack = step * 1e-9;
    (0..).map(|k| (first + f64::from(k)) * step).take_while(|mark| *mark <= to + slack).map(round).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_reach_the_end() {
        assert_eq!(marks(0.0, 100.8, 7.0), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(marks(0.0, 1.0, 7.0), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        assert_eq!(marks(0.0, 2100.0, 7.0), [0.0, 500.0, 1000.0, 1500.0, 2000.0]);
        assert_eq!(marks(0.53, 0.97, 5.0), [0.6, 0.7, 0.8, 0.9]);
        assert_eq!(marks(0.0, 0.006, 4.0), [0.0, 0.002, 0.004, 0.006]);
        assert_eq!(marks(1.0, 1.0, 5.0), [0.0; 0]);
        assert_eq!(marks(0.0, f64::NAN, 5.0), [0.0; 0]);
    }
}
