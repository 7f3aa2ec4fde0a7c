//! The usual way to cluster, told the true number of clusters: what is compared with.

use super::group::sum;
use super::narrowed;
use crate::stats::number::count;
use crate::stats::random::SplitMix64;
use crate::stats::vector::dot;

/// Rounds at most; it has settled long before.
const ROUNDS: usize = 60;

/// k-means++ and Lloyd's rounds, the best of so many starts by its sum of squares. A cluster for each vector.
pub fn k_means(vectors: &[&[f32]], clusters: usize, starts: u64, seed: u64) -> Vec<usize> {
    let mut best: Option<(f64, Vec<usize>)> = None;
    for start in 0..starts.max(1) {
        let mut random = SplitMix64::new(seed.wrapping_add(start));
        let (squares, found) = once(vectors, clusters.clamp(1, vectors.len().max(1)), &mut random);
        if best.as_ref().is_none_or(|(least, _)| squares < *least) {
            best = Some((squares, found));
        }
    }
    best.map(|(_, found)| found).unwrap_or_default()
}

fn distance(vector: &[f32], mean: &[f32], square: f64) -> f64 {
    f64::from(dot(vector, vector)) + square - 2.0 * f64::from(dot(vector, mean))
}

fn once(vectors: &[&[f32]], clusters: usize, random: &mut SplitMix64) -> (f64, Vec<usize>) {
    let mut means: Vec<Vec<f32>> = Vec::new();
    let mut far = vec![f64::INFINITY; vectors.len()];
    while means.len() < clusters {
        let total: f64 = far.iter().filter(|far| far.is_finite()).sum();
        let chosen = if means.is_empty() || total <= 0.0 {
            random.below(vectors.len())
        } else {
            let mut left = random.unit() * total;
            let passed = far.iter().position(|far| {
                left -= far;
                left < 0.0
            });
            passed.unwrap_or_else(|| vectors.len().saturating_sub(1))
        };
        let Some(mean) = vectors.get(chosen) else { break };
        let square = f64::from(dot(mean, mean));
        for (far, vector) in far.iter_mut().zip(vectors) {
            *far = far.min(distance(vector, mean, square).max(0.0));
        }
        means.push(mean.to_vec());
    }
    let mut found = vec![0; vectors.len()];
    let mut squares = 0.0;
    for _ in 0..ROUNDS {
        let lengths: Vec<f64> = means.iter().map(|mean| f64::from(dot(mean, mean))).collect();
        let mut any = false;
        squares = 0.0;
        for (vector, found) in vectors.iter().zip(&mut found) {
            let nearest = { means.iter().zip(&lengths).enumerate() }
                .map(|(at, (mean, square))| (distance(vector, mean, *square), at))
                .fold(
                    (f64::INFINITY, *found),
                    |best, next| if next.0 < best.0 { next } else { best },
                );
            any |= nearest.1 != *found;
            *found = nearest.1;
            squares += nearest.0.max(0.0);
        }
        if !any {
            break;
        }
        for (at, mean) in means.iter_mut().enumerate() {
            let members: Vec<&[f32]> = { vectors.iter().zip(&found) }
                .filter(|(_, found)| **found == at)
                .map(|(vector, _)| *vector)
                .collect();
            if !members.is_empty() {
                let size = count(members.len());
                *mean = { sum(members).into_iter() }
                    .map(|value| narrowed(f64::from(value) / size))
                    .collect();
            }
        }
    }
    (squares, found)
}
