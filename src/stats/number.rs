//! Counts as floating-point numbers, in one place.

/// A count as a number; exact below 2^53, which no count of rows reaches.
#[expect(clippy::cast_precision_loss, reason = "counts of rows stay far below 2^53")]
pub(crate) const fn count(n: usize) -> f64 {
    n as f64
}

/// A count as a number; exact below 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts of rows stay far below 2^53")]
pub(crate) const fn count_u64(n: u64) -> f64 {
    n as f64
}
