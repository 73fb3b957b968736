//! PURE: a share of a number, rounded away from zero as the original's decimal arithmetic did.
//!
//! The original took the *exact binary value* of the float that the user sent, so 0.1 % of 1000 is a hair
//! more than 1 and comes out as 2. Here a float is taken apart into mantissa and exponent, and
//! the rest is done in whole numbers, which has the same result without decimals.

use serde_json::Number;

/// `percent` of `current`, rounded away from zero; far-away results stop at the ends of the range.
pub fn share(current: i64, percent: &Number) -> i64 {
    if let Some(whole) = percent.as_i64() {
        return divide(i128::from(current) * i128::from(whole), 100);
    }
    let (mantissa, exponent) = take_apart(percent.as_f64().unwrap_or_default());
    let product = i128::from(current) * i128::from(mantissa);
    if exponent >= 0 {
        let shifted = u32::try_from(exponent).ok().filter(|by| *by < 60).map(|by| product << by);
        return divide(shifted.unwrap_or(product.signum() * i128::MAX), 100);
    }
    // Beyond this shift the divisor is larger than any product, and all that is left is the sign.
    match u32::try_from(-exponent).ok().filter(|by| *by < 120) {
        Some(by) => divide(product, 100_i128 << by),
        None => i64::try_from(product.signum()).unwrap_or_default(),
    }
}

/// A finite float is mantissa x 2^exponent, exactly (IEEE 754 binary64).
fn take_apart(float: f64) -> (i64, i32) {
    let bits = float.to_bits();
    let sign = if bits >> 63 == 0 { 1 } else { -1 };
    let fraction = (bits & ((1 << 52) - 1)).cast_signed();
    match i32::try_from((bits >> 52) & 0x7ff).unwrap_or_default() {
        0 => (sign * fraction, -1074),
        biased => (sign * (fraction | 1 << 52), biased - 1075),
    }
}

fn divide(dividend: i128, divisor: i128) -> i64 {
    let quotient = dividend / divisor;
    let away = if dividend % divisor == 0 { 0 } else { dividend.signum() };
    let rounded = quotient + away;
    i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(current: i64, percent: &str) -> i64 {
        share(current, &serde_json::from_str(percent).unwrap())
    }

    #[test]
    fn rounds_away_from_zero() {
        assert_eq!(of(3, "50"), 2);
        assert_eq!(of(4, "-60"), -3);
        assert_eq!(of(3, "0.1"), 1);
        assert_eq!(of(10, "10"), 1);
        assert_eq!(of(10, "10.0"), 1);
        assert_eq!(of(0, "50.5"), 0);
        assert_eq!(of(8, "-12.5"), -1);
    }

    #[test]
    fn counts_the_error_of_the_binary_float() {
        assert_eq!(of(1000, "0.1"), 2);
        assert_eq!(of(100, "1.1"), 2);
        assert_eq!(of(1000, "2.2"), 23);
    }

    #[test]
    fn the_extremes_stay_in_range() {
        assert_eq!(of(1000, "1e308"), i64::MAX);
        assert_eq!(of(1000, "-1e308"), i64::MIN);
        assert_eq!(of(1000, "1e-308"), 1);
        assert_eq!(of(1, "-5e-324"), -1);
        assert_eq!(of(1000, "9223372036854775807"), i64::MAX);
        assert_eq!(of(1000, "18446744073709551615"), i64::MAX);
    }

    proptest! {
        #[test]
        fn is_never_nearer_to_zero_than_the_true_value(current in 0_i64..1000, percent in -1e6_f64..1e6) {
            let got = share(current, &Number::from_f64(percent).unwrap());
            #[allow(clippy::cast_precision_loss)]
            let (rough, got_float) = (current as f64 * percent / 100.0, got as f64);
            prop_assert!(got_float.abs() >= rough.abs() * (1.0 - 1e-9));
            prop_assert!(got_float.abs() < rough.abs() * (1.0 + 1e-9) + 1.0);
        }

        #[test]
        fn a_whole_float_and_an_integer_are_the_same(current in 0_i64..1000, percent in -100_000_i32..100_000) {
            let float = Number::from_f64(f64::from(percent)).unwrap();
            prop_assert_eq!(share(current, &float), share(current, &Number::from(percent)));
        }
    }
}
