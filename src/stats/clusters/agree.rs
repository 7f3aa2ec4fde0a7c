//! How well a grouping agrees with the labels of people.

use crate::stats::number::count;
use std::collections::BTreeMap;

fn table(found: &[usize], labels: &[usize]) -> BTreeMap<(usize, usize), usize> {
    let mut table = BTreeMap::new();
    for pair in found.iter().zip(labels) {
        *table.entry((*pair.0, *pair.1)).or_insert(0) += 1;
    }
    table
}

/// The share of questions whose label is the most frequent one of their cluster, `0.0..=1.0`; 0 of none.
pub fn purity(found: &[usize], labels: &[usize]) -> f64 {
    let mut most: BTreeMap<usize, usize> = BTreeMap::new();
    for ((cluster, _), number) in table(found, labels) {
        let most = most.entry(cluster).or_insert(0);
        *most = number.max(*most);
    }
    let right: usize = most.values().sum();
    count(right) / count(found.len()).max(1.0)
}

/// Mutual information of clusters and labels over the mean of their entropies, `0.0..=1.0`; 0 where one of them tells nothing.
pub fn mutual_information(found: &[usize], labels: &[usize]) -> f64 {
    let all = count(found.len()).max(1.0);
    let shares = |of: &dyn Fn(&(usize, usize)) -> usize| {
        let mut shares: BTreeMap<usize, f64> = BTreeMap::new();
        for (pair, number) in table(found, labels) {
            *shares.entry(of(&pair)).or_insert(0.0) += count(number) / all;
        }
        shares
    };
    let (clusters, classes) = (shares(&|pair| pair.0), shares(&|pair| pair.1));
    let entropy = |shares: &BTreeMap<usize, f64>| -shares.values().map(|share| share * share.ln()).sum::<f64>();
    let mean = f64::midpoint(entropy(&clusters), entropy(&classes));
    let mut information = 0.0;
    for ((cluster, class), number) in table(found, labels) {
        let share = count(number) / all;
        let alone = clusters.get(&cluster).copied().unwrap_or(1.0) * classes.get(&class).copied().unwrap_or(1.0);
        information += share * (share / alone).ln();
    }
    if mean > 0.0 {
        (information / mean).clamp(0.0, 1.0)
    } else {
        0.0
    }
}
