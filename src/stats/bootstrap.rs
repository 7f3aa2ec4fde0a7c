//! Uncertainty by resampling whole clusters, because rows of one cluster (a business, a conversation) resemble each other.

use super::quantile::quantile;
use super::random::SplitMix64;

/// Resamples that make the 5 % quantile steady to about a hundredth of its spread.
pub const RESAMPLES: usize = 4_000;

/// The one-sided lower 95 % bound of `statistic` by the percentile bootstrap over `clusters` clusters.
///
/// `statistic` gets the clusters of one resample (indices below `clusters`, with repeats) and returns its value, or
/// `None` where it does not exist there (such resamples are left out). A *paired* comparison is a statistic that takes
/// the difference of two measures over the same resample. The same `seed` gives the same bound on every machine.
///
/// Returns `None` without clusters, or when the statistic never existed.
pub fn lower95<F>(clusters: usize, seed: u64, mut statistic: F) -> Option<f64>
where
    F: FnMut(&[usize]) -> Option<f64>,
{
    if clusters == 0 {
        return None;
    }
    let mut random = SplitMix64::new(seed);
    let mut sample = vec![0; clusters];
    let mut values = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        sample.fill_with(|| random.below(clusters));
        values.extend(statistic(&sample));
    }
    quantile(&values, 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_statistic_has_itself_as_its_bound() {
        assert_eq!(lower95(7, 1, |_| Some(0.25)), Some(0.25));
    }

    #[test]
    fn the_bound_of_a_mean_matches_the_normal_approximation() {
        // 100 clusters, half 0 and half 1: the mean is 0.5 with standard error 0.05, so the bound is near 0.5 - 1.645 * 0.05.
        let mean = |sample: &[usize]| {
            let ones: f64 = sample.iter().map(|c| if c % 2 == 0 { 1.0 } else { 0.0 }).sum();
            Some(ones / 100.0)
        };
        let bound = lower95(100, 42, mean);
        assert!(bound.is_some_and(|b| (b - 0.418).abs() < 0.011), "{bound:?}");
    }

    #[test]
    fn the_same_seed_gives_the_same_bound_and_another_seed_another() {
        #[expect(clippy::cast_precision_loss, reason = "small indices")]
        let spread = |sample: &[usize]| Some(sample.iter().map(|&c| (c * c) as f64).sum::<f64>());
        assert_eq!(lower95(50, 9, spread), lower95(50, 9, spread));
        assert_ne!(lower95(50, 9, spread), lower95(50, 10, spread));
    }

    #[test]
    fn without_clusters_or_values_there_is_no_bound() {
        assert_eq!(lower95(0, 1, |_| Some(1.0)), None);
        assert_eq!(lower95(3, 1, |_| None), None);
    }
}
