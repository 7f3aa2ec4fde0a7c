//! Waiting times, counted by how long they read: in seconds with two digits that count. Rounding keeps the order, so a median of the rounded is the rounded median,
//! and a few hundred counts stand for any number of conversations.

use std::collections::BTreeMap;

/// Whole seconds with two digits that count: 7, 42, 130, 5 400.
pub fn rounded_s(ms: i64) -> u64 {
    let seconds = u64::try_from(ms.max(0)).unwrap_or_default().saturating_add(500) / 1_000;
    let mut step = 1;
    while seconds / step >= 100 {
        step *= 10;
    }
    (seconds + step / 2) / step * step
}

/// The smallest of the values that at least `share` (0 to 1) of all do not exceed, by nearest rank; none of no value.
pub fn quantile(counts: &BTreeMap<u64, u64>, share: f64) -> Option<u64> {
    let all: u64 = counts.values().sum();
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank among conversations, far below 2^52"
    )]
    let rank = ((all as f64 * share).ceil() as u64).max(1);
    let mut so_far = 0;
    counts.iter().find_map(|(value, count)| {
        so_far += count;
        (so_far >= rank).then_some(*value)
    })
}
