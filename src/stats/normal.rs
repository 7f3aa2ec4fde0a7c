//! The normal distribution: its probabilities, its quantiles, and numbers drawn from it.

use super::random::SplitMix64;
use std::f64::consts::{PI, TAU};

/// `Φ(x)`: the probability that a standard normal variable is at most `x`, by the Taylor series of Marsaglia ("Evaluating
/// the normal distribution", Journal of Statistical Software 11(4), 2004). Absolute error below 1e-15. NaN for NaN.
pub fn normal_probability(x: f64) -> f64 {
    if x.is_nan() {
        return f64::NAN;
    }
    // Beyond, the tail is below the last digit of 1.
    if x.abs() > 9.0 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let square = x * x;
    let (mut sum, mut before, mut term, mut odd) = (x, f64::NAN, x, 1.0);
    while sum.to_bits() != f64::to_bits(before) {
        odd += 2.0;
        term *= square / odd;
        before = sum;
        sum += term;
    }
    (0.5 + sum * (-0.5 * square).exp() / TAU.sqrt()).clamp(0.0, 1.0)
}

/// `Φ⁻¹(p)`: where a standard normal variable stays below with probability `p`; infinite at 0 and 1, NaN outside.
pub fn normal_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (-9.0_f64, 9.0_f64);
    // Sixty halvings of the bracket leave less than the last digit.
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if normal_probability(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// Standard normal numbers, two at a time (Box and Muller 1958).
#[derive(Debug, Clone, Default)]
pub struct Normals {
    spare: Option<f64>,
}

impl Normals {
    /// The next number.
    pub fn draw(&mut self, random: &mut SplitMix64) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        // `unit` may be 0 but never 1, so the logarithm is of a positive number.
        let radius = (-2.0 * (1.0 - random.unit()).ln()).sqrt();
        let (sin, cos) = (2.0 * PI * random.unit()).sin_cos();
        self.spare = Some(radius * sin);
        radius * cos
    }
}
