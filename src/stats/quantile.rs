//! Quantiles of measured values.

use super::number::count;

/// The `q`-quantile (`q` clamped to `0.0..=1.0`) with linear interpolation between neighbours, as most statistics
/// packages compute it by default. The order of `values` does not matter.
///
/// Returns `None` for no values or when one is not a number.
pub fn quantile(values: &[f64], q: f64) -> Option<f64> {
    quantiles(values, &[q])?.first().copied()
}

/// Several quantiles at once, in the order of `qs`; see [`quantile`].
pub fn quantiles(values: &[f64], qs: &[f64]) -> Option<Vec<f64>> {
    if values.is_empty() || qs.iter().any(|q| q.is_nan()) || values.iter().any(|v| v.is_nan()) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    qs.iter().map(|q| interpolated(&sorted, *q)).collect()
}

fn interpolated(sorted: &[f64], q: f64) -> Option<f64> {
    let at = q.clamp(0.0, 1.0) * count(sorted.len().checked_sub(1)?);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 <= at <= len - 1"
    )]
    let below = at.floor() as usize;
    let low = *sorted.get(below)?;
    let high = sorted.get(below + 1).copied().unwrap_or(low);
    Some(low + (high - low) * at.fract())
}

/// The median.
pub fn p50(values: &[f64]) -> Option<f64> {
    quantile(values, 0.50)
}

/// The value that 95 % stay below.
pub fn p95(values: &[f64]) -> Option<f64> {
    quantile(values, 0.95)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(actual: Option<f64>, expected: f64) -> bool {
        actual.is_some_and(|a| (a - expected).abs() < 1e-12)
    }

    #[test]
    fn it_interpolates_between_neighbours() {
        assert!(is(p50(&[4.0, 1.0, 3.0, 2.0]), 2.5));
        assert!(is(p50(&[5.0, 1.0, 3.0]), 3.0));
        // Position 0.95 * 4 = 3.8 between 40 and 50.
        assert!(is(p95(&[10.0, 20.0, 30.0, 40.0, 50.0]), 48.0));
    }

    #[test]
    fn the_ends_are_the_smallest_and_the_largest() {
        assert!(is(quantile(&[7.0, 9.0, 8.0], -1.0), 7.0));
        assert!(is(quantile(&[7.0, 9.0, 8.0], 2.0), 9.0));
        assert!(is(p95(&[6.0]), 6.0));
    }

    #[test]
    fn nothing_measured_has_no_quantile() {
        assert_eq!(p50(&[]), None);
        assert_eq!(p50(&[f64::NAN]), None);
        assert_eq!(quantile(&[1.0], f64::NAN), None);
    }
}
