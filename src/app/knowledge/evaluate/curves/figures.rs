//! The held-out questions of a row, and what can be said of them.

use super::{Embedded, real, truth};
use crate::stats::bootstrap::lower95;
use std::collections::BTreeMap;

/// What a held-out question yields: shares of the draws with a right entry first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    pub(super) cosine: f64,
    pub(super) untuned: f64,
    pub(super) tuned: f64,
}

/// Held-out questions by group: the unit of resampling.
pub(super) struct Figures(Vec<Vec<Measured>>);

impl Figures {
    pub(super) fn new(embedded: &Embedded, tuned: &BTreeMap<usize, f64>) -> Self {
        let mut groups: BTreeMap<usize, Vec<Measured>> = BTreeMap::new();
        for (at, tuned) in tuned {
            if let Some(asked) = embedded.asked.get(*at) {
                groups.entry(asked.group).or_default().push(Measured {
                    cosine: truth(asked.by_cosine),
                    untuned: truth(asked.is_right(asked.shown())),
                    tuned: *tuned,
                });
            }
        }
        Self(groups.into_values().collect())
    }

    /// Shares with a right entry first: by cosine, untuned and tuned.
    pub(super) fn means(&self) -> Option<(f64, f64, f64)> {
        let mean = |value: fn(&Measured) -> f64| {
            let values: Vec<f64> = self.0.iter().flatten().map(value).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / real(values.len()))
        };
        Some((mean(|m| m.cosine)?, mean(|m| m.untuned)?, mean(|m| m.tuned)?))
    }

    /// One-sided lower 95 % bound of a mean, by resampling groups.
    pub(super) fn lower95(&self, seed: u64, value: fn(&Measured) -> f64) -> Option<f64> {
        let sums = self
            .0
            .iter()
            .map(|group| (group.iter().map(value).sum::<f64>(), real(group.len())));
        let sums: Vec<(f64, f64)> = sums.collect();
        lower95(sums.len(), seed, |sample| {
            let drawn = sample.iter().filter_map(|at| sums.get(*at));
            let (sum, count) = drawn.fold((0.0, 0.0), |(sum, count), (s, n)| (sum + s, count + n));
            (count > 0.0).then(|| sum / count)
        })
    }
}
